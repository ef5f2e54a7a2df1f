/** The words of the reports in both languages. Names of experiments, requests and codes stay. */
import type { Language } from '../../lib/language.ts';
import type { Part } from './events.ts';
import type { SeenJoin, SeenStep } from './observer.ts';

interface ReportWords {
	readonly lang: string;
	readonly title: (counts: string) => string;
	readonly notRun: (names: string) => string;
	readonly mesh: (kind: string) => string;
	readonly seed: (seed: number) => string;
	readonly headings: Readonly<Record<'fault' | 'steadyState' | 'steps' | 'evidence' | 'joins', string>>;
	/** Of the steady-state hypothesis; undefined for a text of another catalogue. */
	readonly hypothesis: (english: string) => string | undefined;
	readonly parts: Readonly<Record<Part, string>>;
	readonly how: Readonly<Record<'notEnded' | 'expected' | 'unexpected' | 'done', string>>;
	readonly protection: Readonly<Record<NonNullable<SeenStep['tls']>, string>>;
	readonly refused: string;
	readonly moments: Readonly<Record<NonNullable<SeenStep['moment']>, string>>;
	readonly byWatch: string;
	readonly join: (join: Pick<SeenJoin, 'node' | 'state'>, code: string | undefined, seconds: string) => string;
	readonly drawing: (join: Pick<SeenJoin, 'node' | 'state'>) => string;
	readonly message: (from: string, to: string) => string;
	readonly colon: string;
	readonly comma: string;
	readonly observer: (problem: string) => string;
	readonly noJoin: string;
	readonly more: (count: number) => string;
	readonly inParentheses: (text: string) => string;
}

const joinStates = { refused: 'was refused', joined: 'joined', joining: 'was still joining' } as const;

const english: ReportWords = {
	lang: 'en',
	title: (counts) => `Experiments: ${counts}`,
	notRun: (names) => `Not run: ${names}`,
	mesh: (kind) => `mesh ${kind}`,
	seed: (seed) => `seed ${seed}`,
	headings: { fault: 'Fault', steadyState: 'Steady state', steps: 'Steps', evidence: 'Evidence', joins: 'Joins' },
	hypothesis: (text) => text,
	parts: { before: 'before', method: 'method', after: 'after', rollbacks: 'rollback' },
	how: { notEnded: 'did not end', expected: 'as expected', unexpected: 'not as expected', done: 'done' },
	protection: { unverified: 'TLS not verified', 'one-way': 'server verified', mutual: 'mutual TLS' },
	refused: 'refused',
	moments: {
		'node-trusts-cluster': 'the node trusts the cluster',
		'cluster-trusts-node': 'the cluster trusts the node',
	},
	byWatch: ' (by watch)',
	join: ({ node, state }, code, seconds) =>
		`${node} ${joinStates[state]}${code === undefined ? '' : ` with ${code}`}, ${seconds}`,
	drawing: ({ node, state }) => `${node} ${state === 'refused' ? 'was refused' : state}`,
	message: (from, to) => `${from} to ${to}`,
	colon: ': ',
	comma: ', ',
	observer: (problem) => `The joins are not shown: the observer at ${problem}.`,
	noJoin: 'No join began during the experiment.',
	more: (count) =>
		count === 1
			? 'And 1 more join; the journal and the observer have it.'
			: `And ${count} more joins; the journal and the observer have them.`,
	inParentheses: (text) => `(${text})`,
};

const joinStatesInChinese = { refused: '未能加入', joined: '已加入', joining: '仍在加入' } as const;

const chinese: ReportWords = {
	lang: 'zh-CN',
	title: (counts) => `实验：${counts}`,
	notRun: (names) => `未运行：${names}`,
	mesh: (kind) => `环境 ${kind}`,
	seed: (seed) => `种子 ${seed}`,
	headings: { fault: '故障', steadyState: '稳态', steps: '步骤', evidence: '证据', joins: '加入' },
	hypothesis: (text) =>
		text === 'every service runs, every node is Ready, and the verdicts match the expectations'
			? '所有服务在运行，所有节点为 Ready，结论符合预期'
			: undefined,
	parts: { before: '实验前', method: '步骤', after: '实验后', rollbacks: '回滚' },
	how: { notEnded: '没有结束', expected: '符合预期', unexpected: '不符合预期', done: '已完成' },
	protection: { unverified: '未验证服务器', 'one-way': '单向 TLS', mutual: '双向 TLS' },
	refused: '已拒绝',
	moments: { 'node-trusts-cluster': '节点信任集群', 'cluster-trusts-node': '集群信任节点' },
	byWatch: '（由 watch 推送）',
	join: ({ node, state }, code, seconds) =>
		`${node} ${joinStatesInChinese[state]}${code === undefined ? '' : `（${code}）`}，${seconds}`,
	drawing: ({ node, state }) => `${node} ${joinStatesInChinese[state]}`,
	message: (from, to) => `${from} → ${to}`,
	colon: '：',
	comma: '，',
	observer: (problem) => `没有显示加入过程：observer：${problem}。`,
	noJoin: '实验期间没有节点加入集群。',
	more: (count) => `另有 ${count} 次加入，见实验日志和 observer。`,
	inParentheses: (text) => `（${text}）`,
};

export const reportWords = { en: english, zh: chinese } as const satisfies Record<Language, ReportWords>;
