/** The sentences of `npm start` and of a reset, in both languages. Paths, names and commands are the same in both. */
import type { Language } from '../../lib/language.ts';
import type { ServiceName } from './services.ts';

export interface StartWords {
	readonly starting: string;
	/** @param isKnown  the cluster of an earlier start continues */
	readonly keys: (isKnown: boolean) => string;
	readonly tasks: Readonly<Record<ServiceName, string>>;
	readonly inRedis: string;
	readonly up: (seconds: string, page: string) => string;
	readonly crashed: (name: string, how: string) => string;
	readonly joinedBefore: (kept: number, all: number) => string;
	/** @param isRest  other nodes are listed above it */
	readonly nodeCount: (count: number, ready: number, isRest: boolean) => string;
	readonly stopping: string;
	readonly stopped: (state: string) => string;
	readonly setPaths: string;
	readonly joinAnother: string;
	readonly threeThings: string;
	readonly listRequests: string;
	readonly wrongHash: string;
	readonly deleteToken: string;
	readonly logs: string;
	/** @param startOver  the command */
	readonly howToStop: (start: string, startOver: string) => string;
	readonly noCluster: (state: string) => string;
	readonly nothingDeleted: string;
	/** `more`: the number of kept files that the list leaves out. */
	readonly deleted: (state: string, kept: readonly string[], more: number) => string;
	readonly question: (state: string, nodes: number) => string;
}

const english: StartWords = {
	starting: 'Starting kubejoin: real certificates, TLS and gRPC; simulated Kubernetes',
	keys: (isKnown) => (isKnown ? 'checks keys and certificates' : 'creates keys and certificates'),
	tasks: {
		observer: 'shows joins on a page',
		'ca-service': 'holds the CA key and signs',
		'token-store': 'stores tokens',
		'apiserver-sim': 'serves the Kubernetes API',
		'controller-manager-sim': 'approves and signs requests',
	},
	inRedis: 'stores tokens in Redis',
	up: (seconds, page) => `Up in ${seconds} s. Watch joins on the page: ${page}`,
	crashed: (name, how) => `${name} ${how}; it is started again`,
	joinedBefore: (kept, all) => `${kept} of ${all} nodes have joined before and use their certificates.`,
	nodeCount(count, ready, isRest) {
		const nodes = count === 1 ? 'node' : 'nodes';
		return isRest ? `and ${count} other ${nodes}, ${ready} of them Ready` : `${count} ${nodes}, ${ready} of them Ready`;
	},
	stopping: 'Stopping',
	stopped: (state) => `Stopped. The cluster is kept in ${state}.`,
	setPaths: 'The cluster is up. In another terminal, set PATH and KUBECONFIG:',
	joinAnother: 'Join another node; the page shows it:',
	threeThings: 'Three things to try:',
	listRequests: 'List certificate requests, their requesters and their conditions:',
	wrongHash: 'Join with a wrong CA hash. The node refuses, and does not send its token:',
	deleteToken: 'Delete the token, then join with it:',
	logs: 'Logs of all programs:',
	howToStop: (start, startOver) => `Ctrl-C stops the cluster and ${start} continues it. To start over: ${startOver}`,
	noCluster: (state) => `There is no cluster in ${state}.`,
	nothingDeleted: 'Nothing was deleted.',
	deleted: (state, kept, more) => {
		const list = kept.join(', ') + (more === 0 ? '' : ` and ${more} more`);
		return `Deleted the cluster in ${state}.${list === '' ? '' : ` Other files were kept: ${list}.`}`;
	},
	question: (state, nodes) =>
		`Delete the cluster in ${state}: its CA, its tokens, the files of ${nodes} ${nodes === 1 ? 'node' : 'nodes'} ` +
		'and all logs? [y/N] ',
};

const chinese: StartWords = {
	starting: '启动 kubejoin：证书、TLS 和 gRPC 是真实的，Kubernetes 是模拟的',
	keys: (isKnown) => (isKnown ? '检查密钥和证书' : '生成密钥和证书'),
	tasks: {
		observer: '在页面上显示加入过程',
		'ca-service': '持有 CA 私钥，签发证书',
		'token-store': '存储令牌',
		'apiserver-sim': '提供 Kubernetes API',
		'controller-manager-sim': '批准证书签名请求，并提交签名',
	},
	inRedis: '在 Redis 中存储令牌',
	up: (seconds, page) => `启动完成，用时 ${seconds} 秒。在页面上观察加入过程：${page}`,
	crashed: (name, how) => `${name} ${how}；正在重新启动`,
	joinedBefore: (kept, all) => `${all} 个节点中有 ${kept} 个以前已加入，继续使用原有证书。`,
	nodeCount: (count, ready, isRest) => `${isRest ? '另有 ' : ''}${count} 个节点，其中 ${ready} 个 Ready`,
	stopping: '正在停止',
	stopped: (state) => `已停止。集群保留在 ${state} 中。`,
	setPaths: '集群已就绪。在另一个终端中，设置 PATH 和 KUBECONFIG：',
	joinAnother: '再加入一个节点，页面会显示它：',
	threeThings: '可以尝试：',
	listRequests: '列出证书签名请求、请求者和状态：',
	wrongHash: '用错误的 CA 公钥哈希加入。节点停止加入，不发送令牌：',
	deleteToken: '删除令牌，再用它加入：',
	logs: '所有程序的日志：',
	howToStop: (start, startOver) => `按 Ctrl-C 停止集群，${start} 继续使用。重新开始：${startOver}`,
	noCluster: (state) => `${state} 中没有集群。`,
	nothingDeleted: '未删除任何内容。',
	deleted: (state, kept, more) => {
		const list = kept.join('、') + (more === 0 ? '' : `，以及另外 ${more} 个`);
		return `已删除 ${state} 中的集群。${list === '' ? '' : `其他文件已保留：${list}。`}`;
	},
	question: (state, nodes) => `删除 ${state} 中的集群（CA、令牌、${nodes} 个节点的文件和所有日志）？[y/N] `,
};

export const startWords: Readonly<Record<Language, StartWords>> = { en: english, zh: chinese };
