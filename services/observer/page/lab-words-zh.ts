import type { LabTexts } from './lab-words.ts';

export const labTextsInChinese: LabTexts = {
	done: '已结束',
	doneOf: (done, all) => `${done} / ${all}`,
	sinceStart: 'observer 启动以来的加入。',
	needs: (joins) => `至少 ${joins} 次加入`,
	noMatch: '没有符合筛选条件的行。',
	noNodes: '集群中没有节点。',
	noCsrs: '尚无证书签名请求（CSR）。节点加入时创建。',
	noTokens: '没有启动引导令牌，节点无法加入。创建令牌：',
	noLeases: '尚无租约（Lease）。节点在加入的最后创建租约。',
	noEvents: '尚无事件。API 服务器只保留 1 小时内的事件。',
	noServices: 'observer 不检查服务的健康状况：未设置 KUBEJOIN_SERVICES。',
	dataFrom: (ago) => `API 服务器没有响应，表中数据为 ${ago}之前的状态。`,
};
