/** States of nodes and of certificate signing requests in Chinese, by kubectl's words, which stay beside them. */
import type { Cluster } from '../api.ts';

type State = Cluster['nodes'][number]['status'] | Cluster['requests'][number]['condition'];

export const statesInChinese: Readonly<Record<State, string>> = {
	Ready: '就绪',
	NotReady: '未就绪',
	Unknown: '未知',
	Pending: '待处理',
	Approved: '已批准',
	'Approved,Issued': '已签发',
	Denied: '已拒绝',
	Failed: '失败',
};
