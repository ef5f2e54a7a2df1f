/** The words of the story in the terminal, for each step of a join, in both languages. */
import { meaningInChinese, sentenceInChinese } from '../../lib/errors/chinese/index.ts';
import type { Language } from '../../lib/language.ts';
import type { Failure, Step, Tls } from './api.ts';

type Texts = Readonly<Record<Language, string>>;

/** The node's action in each phase, in at most 33 characters: 80 columns then hold a node name of 13. */
const phaseWords: ReadonlyMap<string, Texts> = new Map([
	['preflight', { en: 'checks its arguments and files', zh: '校验参数和文件' }],
	['discovery/fetch-cluster-info', { en: 'gets cluster-info, TLS unverified', zh: '获取 cluster-info，未验证 TLS' }],
	['discovery/verify-signature', { en: 'checks that the token signed it', zh: '签名由此令牌生成' }],
	['discovery/pin-ca', { en: 'finds the pinned hash in its CA', zh: 'CA 的公钥哈希匹配' }],
	['discovery/confirm', { en: 'gets it again over verified TLS', zh: '用已验证的 TLS 再次获取' }],
	['discovery/trust-without-pin', { en: 'trusts any holder of the token', zh: '信任任何持有令牌的一方' }],
	['discovery/read-file', { en: 'reads the CA from its file', zh: '从发现文件读取 CA' }],
	['discovery/verify-server', { en: 'verifies the server with that CA', zh: '用此 CA 验证服务器' }],
	['tls-bootstrap/read-config', { en: 'sends the token; reads its config', zh: '出示令牌；读取集群配置' }],
	['tls-bootstrap/check-node-name', { en: 'finds no Ready node of its name', zh: '节点名可用' }],
	['tls-bootstrap/create-key', { en: 'creates a key, kept on this node', zh: '生成密钥，私钥不离开节点' }],
	['tls-bootstrap/request-certificate', { en: 'asks the CA for its certificate', zh: '申请证书，CA 已签发' }],
	['tls-bootstrap/verify-certificate', { en: 'verifies it; needs no token now', zh: '验证证书，不再需要令牌' }],
	['register', { en: 'creates its Node, over mutual TLS', zh: '用双向 TLS 注册节点' }],
]);

/** In place of these words in a join by a discovery file, by the trust: the file can have a certificate. */
const credentialWords: ReadonlyMap<string, Texts> = new Map([
	['the API server accepts the credential', { en: 'sends a credential; reads config', zh: '出示凭据；读取集群配置' }],
	[
		'node and cluster trust each other; the credential is no longer needed',
		{ en: 'verifies it; needs no other now', zh: '验证证书，不再需要其他凭据' },
	],
]);

/** The parts of a message's label, which is `VERB RESOURCE.GROUP/SUBRESOURCE NAME` or `SERVICE/METHOD`. */
const messageWords: readonly (readonly [label: RegExp, words: Texts])[] = [
	[/^get configmaps kube-public\/cluster-info$/, { en: 'gets cluster-info', zh: '获取 cluster-info' }],
	[/^get configmaps kube-system\/kubeadm-config$/, { en: 'reads the cluster settings', zh: '读取集群设置' }],
	[/^get configmaps kube-system\/kubelet-config$/, { en: 'reads the kubelet settings', zh: '读取 kubelet 设置' }],
	[/^get nodes /, { en: 'looks for a Node of its name', zh: '查找同名的 Node' }],
	[/^create nodes$/, { en: 'creates its Node', zh: '创建 Node' }],
	[/^get leases /, { en: 'looks for its Lease', zh: '查找 Lease' }],
	[/^create leases /, { en: 'creates its Lease', zh: '创建 Lease' }],
	[/^create certificatesigningrequests$/, { en: 'asks for a certificate', zh: '申请证书' }],
	[/^(get|list|watch) certificatesigningrequests/, { en: 'waits for its certificate', zh: '等待证书' }],
	[/^update certificatesigningrequests\/approval /, { en: 'approves the request', zh: '批准请求' }],
	[/^update certificatesigningrequests\/status /, { en: 'stores the certificate', zh: '存储证书' }],
	[/^create subjectaccessreviews$/, { en: 'asks whether the node may have it', zh: '查询是否允许此节点申请' }],
	[/^TokenStore\/Verify$/, { en: 'asks whether the token is valid', zh: '校验令牌' }],
	[/^CertificateAuthority\/Sign$/, { en: 'asks for the signature', zh: '请求签名' }],
];
const seenWords: ReadonlyMap<string, Texts> = new Map([
	['csr-approving', { en: 'sees the request', zh: '看到请求' }],
	['csr-signing', { en: 'sees the approval', zh: '看到请求已批准' }],
]);

const momentWords = {
	'node-trusts-cluster': {
		en: 'NOW THE NODE TRUSTS THE CLUSTER: it can send its token',
		zh: '节点信任集群：现在可以出示令牌',
	},
	'cluster-trusts-node': {
		en: 'NOW THE CLUSTER TRUSTS THE NODE: it has a certificate',
		zh: '集群信任节点：节点已获得证书',
	},
} as const;

export const wordsOfMoment = (language: Language, phase: string, moment: keyof typeof momentWords): string =>
	(phase === 'discovery/verify-server' ? credentialMoment : momentWords[moment])[language];
const credentialMoment: Texts = {
	en: 'NOW THE NODE TRUSTS THE CLUSTER: it can send its credential',
	zh: '节点信任集群：现在可以出示凭据',
};

const tlsWords: Readonly<Record<Tls, Texts>> = {
	none: { en: 'not encrypted', zh: '未加密' },
	unverified: { en: 'TLS not verified', zh: '未验证 TLS' },
	'one-way': { en: 'server verified', zh: '已验证服务器' },
	mutual: { en: 'mutual TLS', zh: '双向 TLS' },
};

export const progressWords: Texts = { en: 'in progress', zh: '正在进行' };

/** @param trust  of the phase; printed for a phase that the table does not have */
export const wordsOfPhase = (language: Language, phase: string, trust = ''): string =>
	(credentialWords.get(trust) ?? phaseWords.get(phase))?.[language] ?? trust;

/** `pin-ca` for `discovery/pin-ca`. */
export const shortPhase = (phase: string): string => phase.slice(phase.lastIndexOf('/') + 1);

/** Without the API group, and with names of certificate requests cut: a story has one of them. */
const shortLabel = (label: string): string =>
	label
		.replace(/\b([a-z]+)\.[a-z.]+\.k8s\.io\b/g, '$1')
		.replace(/\b(node-csr-[\w-]{4})[\w-]{12,}/g, '$1…')
		.replace(/^csr "([^"]*)"/, 'csr $1');

/** `→ apiserver-sim, server verified: asks for a certificate [create certificatesigningrequests]` */
export function wordsOfMessage(language: Language, step: Step, node: string): string {
	const { from, to, tls } = step;
	const label = shortLabel(step.label);
	const sender = from === node ? '' : `${from} `;
	const isChinese = language === 'zh';
	const how = tls === undefined ? '' : `${isChinese ? '，' : ', '}${tlsWords[tls][language]}`;
	const words = messageWords.find(([pattern]) => pattern.test(label))?.[1][language];
	const what = words === undefined ? label : `${words} [${label}]`;
	return `${sender}→ ${to}${how}${isChinese ? '：' : ': '}${what}${outcomeOf(language, step)}`;
}

/** `← apiserver-sim, by watch: csr node-csr-qmz4… Approved` */
export function wordsOfSeen(language: Language, { from, to, label }: Step, node: string): string {
	const words = seenWords.get(label)?.[language];
	const what = words === undefined ? shortLabel(label) : `${words} [${label}]`;
	return `${to === node ? '' : `${to} `}← ${from}${language === 'zh' ? '，由 watch 推送：' : ', by watch: '}${what}`;
}

function outcomeOf(language: Language, { failure, expectedError }: Step): string {
	const code = failure?.code ?? expectedError;
	if (code === undefined) return '';
	const isAbsent = expectedError === 'API_NOT_FOUND';
	if (language === 'zh') return isAbsent ? '：不存在' : `：${code}`;
	return isAbsent ? ': there is none' : `: ${code}`;
}

const INDENT = '    ';

/** A refused join as one line. */
export const withCode = {
	en: (refused: string, code: string) => `${refused}: ${code}`,
	zh: (refused: string, code: string) => `${refused}：${code}`,
} as const;

/** The lines below a refused join. In Chinese, a text of upstream stays English, with its meaning below. */
export function failureTexts(language: Language, failure: Failure): readonly string[] {
	const { code, sentence, mostLikely, alsoPossible = [], remedy } = failure;
	const isChinese = language === 'zh';
	const translated = (text: string) => (isChinese ? sentenceInChinese(text)?.replaceAll('`', '') : undefined) ?? text;
	const meaning = isChinese ? meaningInChinese(code) : undefined;
	const label = (key: keyof typeof failureLabels) => `${INDENT}${failureLabels[key][language]}`;
	return [
		`${INDENT}${code}${sentence === '' ? '' : `: ${meaning === undefined ? translated(sentence) : sentence}`}`,
		...(meaning === undefined ? [] : [`${label('meaning')}${meaning}`]),
		...(mostLikely === undefined ? [] : [`${label('mostLikely')}${translated(mostLikely)}`]),
		...alsoPossible.map((text) => `${label('alsoPossible')}${translated(text)}`),
		...(remedy === '' ? [] : [`${label('remedy')}${translated(remedy)}`]),
	];
}

const failureLabels = {
	meaning: { en: '', zh: '含义：' },
	mostLikely: { en: 'most likely: ', zh: '最可能：' },
	alsoPossible: { en: 'also possible: ', zh: '也可能：' },
	remedy: { en: 'do this: ', zh: '处理：' },
} as const;
