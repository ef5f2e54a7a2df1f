/** The words of a run in the terminal, in both languages. Names of experiments, patterns and outputs stay. */
import { experimentStepInChinese, experimentsInChinese } from '../../lib/chinese/experiment-texts.ts';
import { labOutputInChinese } from '../../lib/chinese/lab-output.ts';
import type { Language } from '../../lib/language.ts';
import type { ExperimentEnded, Part, Verdict } from './events.ts';
import type { VerdictKind } from './plan.ts';

interface RunWords {
	readonly experiments: (count: number, seed: number) => string;
	readonly heading: (name: string, id: string, title: string) => string;
	readonly title: (name: string, english: string) => string;
	readonly step: (name: string) => string;
	readonly position: (at: number, all: number, left: string | undefined) => string;
	readonly left: (seconds: number) => string;
	readonly seconds: (seconds: number) => string;
	readonly wholeSeconds: (seconds: number) => string;
	/** Never in minutes, for a column of a table. */
	readonly tenths: (seconds: number) => string;
	readonly parts: Readonly<Record<Part, string>>;
	readonly everyRollback: string;
	readonly kinds: Readonly<Record<VerdictKind, string>>;
	readonly verdicts: Readonly<Record<Verdict, string>>;
	readonly verdict: (verdict: Verdict, expected: Verdict) => string;
	readonly waitsFor: (pattern: string, seconds: number) => string;
	readonly ok: string;
	readonly failedStep: string;
	readonly exit: (code: number) => string;
	readonly slow: (pace: number) => string;
	readonly interrupted: string;
	readonly restoring: string;
	/** A problem of the runner, or a line that the lab printed. */
	readonly sentence: (english: string) => string;
	readonly results: Readonly<Record<'passed' | 'failed' | 'interrupted', string>>;
	readonly took: (result: string, seconds: string) => string;
	readonly columns: Readonly<Record<'name' | 'experiment' | 'id' | 'tier' | VerdictKind | 'result' | 'time', string>>;
	readonly invalid: string;
	/** Of the experiments of a run, each in one of these counts. */
	readonly counts: (counts: Readonly<Record<'passed' | 'failed' | 'interrupted' | 'notRun', number>>) => string;
	readonly summary: (counts: string, seconds: string) => string;
	readonly seed: (summary: string, seed: number) => string;
	readonly report: (path: string) => string;
	readonly valid: (count: number) => string;
	readonly notOnPage: (problem: string) => string;
}

const english: RunWords = {
	experiments: (count, seed) => `${count} experiment${count === 1 ? '' : 's'}, seed ${seed}`,
	heading: (name, id, title) => `${name} (${id}): ${title}`,
	title: (_name, title) => title,
	step: (name) => name,
	position: (at, all, left) => [`${at}/${all}`, left].filter((text) => text !== undefined).join(', '),
	left(seconds) {
		if (seconds >= 90) return `about ${Math.round(seconds / 60)} min left`;
		return seconds >= 10 ? `about ${Math.ceil(seconds / 10) * 10} s left` : 'a few seconds left';
	},
	seconds: (seconds) =>
		seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`,
	wholeSeconds: (seconds) => `${seconds} s`,
	tenths: (seconds) => `${seconds.toFixed(1)} s`,
	parts: { before: 'before', method: 'method', after: 'after', rollbacks: 'rollback' },
	everyRollback: 'rollbacks, in every case',
	kinds: { security: 'security', availability: 'availability' },
	verdicts: { held: 'held', violated: 'violated', unknown: 'unknown' },
	/** An unexpected verdict is in capitals. */
	verdict(verdict, expected) {
		if (verdict === expected) return verdict === 'unknown' ? 'not at stake' : `${verdict}, as predicted`;
		if (expected === 'unknown') return `${verdict.toUpperCase()}, although it was not at stake`;
		return verdict === 'unknown'
			? `unknown: no probe gave a verdict; ${expected} was predicted`
			: `${verdict.toUpperCase()}, but ${expected} was predicted`;
	},
	waitsFor: (pattern, seconds) => `, waits for "${pattern}" up to ${seconds} s`,
	ok: 'ok',
	failedStep: 'FAILED',
	exit: (code) => `exit ${code}`,
	slow: (pace) => `This machine is slow now: waiting times and time limits are ${pace} times longer`,
	interrupted: 'Interrupted: stopping the running step, then restoring the mesh',
	restoring: 'Still restoring the mesh: this cannot be interrupted',
	sentence: (text) => text,
	results: { passed: 'passed', failed: 'FAILED', interrupted: 'interrupted' },
	took: (result, seconds) => `${result} in ${seconds}`,
	columns: {
		...{ name: 'NAME', experiment: 'EXPERIMENT', id: 'ID', tier: 'TIER' },
		...{ security: 'SECURITY', availability: 'AVAILABILITY', result: 'RESULT', time: 'TIME' },
	},
	invalid: '(this document has problems: npm run chaos -- --validate)',
	counts: ({ passed, failed, interrupted, notRun }) =>
		[
			...[`${passed} passed`, `${failed} failed`],
			...(interrupted === 0 ? [] : [`${interrupted} interrupted`]),
			...(notRun === 0 ? [] : [`${notRun} not run`]),
		].join(', '),
	summary: (counts, seconds) => `${counts}, in ${seconds}`,
	seed: (summary, seed) => `${summary}; seed ${seed}`,
	report: (path) => `Report: ${path}`,
	notOnPage: (problem) => `The page does not show this run: ${problem}`,
	valid: (count) => `${count} ${count === 1 ? 'document is' : 'documents are'} valid`,
};

const verdictsInChinese = { held: '保持', violated: '被破坏', unknown: '未知' } as const;

const chinese: RunWords = {
	experiments: (count, seed) => `${count} 个实验，种子 ${seed}`,
	heading: (name, id, title) => `${name}（${id}）：${title}`,
	title: (name, title) => experimentsInChinese(name)?.title ?? title,
	step: (name) => experimentStepInChinese(name) ?? name,
	position: (at, all, left) => [`${at}/${all}`, left].filter((text) => text !== undefined).join('，'),
	left(seconds) {
		if (seconds >= 90) return `约剩 ${Math.round(seconds / 60)} 分钟`;
		return seconds >= 10 ? `约剩 ${Math.ceil(seconds / 10) * 10} 秒` : '约剩几秒';
	},
	seconds: (seconds) =>
		seconds < 60 ? `${seconds.toFixed(1)} 秒` : `${Math.floor(seconds / 60)} 分 ${Math.round(seconds % 60)} 秒`,
	wholeSeconds: (seconds) => `${seconds} 秒`,
	tenths: (seconds) => `${seconds.toFixed(1)} 秒`,
	parts: { before: '实验前', method: '步骤', after: '实验后', rollbacks: '回滚' },
	everyRollback: '回滚（总会执行）',
	kinds: { security: '安全性', availability: '可用性' },
	verdicts: verdictsInChinese,
	verdict(verdict, expected) {
		const [found, wanted] = [verdictsInChinese[verdict], verdictsInChinese[expected]];
		if (verdict === expected) return verdict === 'unknown' ? '不涉及' : `${found}，符合预期`;
		if (expected === 'unknown') return `${found}，但此项本不涉及`;
		return verdict === 'unknown' ? `未知：没有探针给出结论；预期${wanted}` : `${found}，不符合预期：预期${wanted}`;
	},
	waitsFor: (pattern, seconds) => `，等待 "${pattern}"，最多 ${seconds} 秒`,
	ok: '通过',
	failedStep: '未通过',
	exit: (code) => `退出码 ${code}`,
	slow: (pace) => `本机当前较慢：等待时间和时限延长为 ${pace} 倍`,
	interrupted: '已中止：正在停止当前步骤，然后恢复集群',
	restoring: '正在恢复集群，不能中止',
	sentence: (text) => labOutputInChinese(text) ?? text,
	results: { passed: '通过', failed: '失败', interrupted: '已中止' },
	took: (result, seconds) => `${result}，用时 ${seconds}`,
	columns: {
		...{ name: '名称', experiment: '实验', id: '编号', tier: '级别' },
		...{ security: '安全性', availability: '可用性', result: '结果', time: '用时' },
	},
	invalid: '（此文档有问题：npm run chaos -- --validate）',
	counts: ({ passed, failed, interrupted, notRun }) =>
		[
			...[`${passed} 个通过`, `${failed} 个失败`],
			...(interrupted === 0 ? [] : [`${interrupted} 个已中止`]),
			...(notRun === 0 ? [] : [`${notRun} 个未运行`]),
		].join('，'),
	summary: (counts, seconds) => `${counts}，用时 ${seconds}`,
	seed: (summary, seed) => `${summary}；种子 ${seed}`,
	report: (path) => `报告：${path}`,
	valid: (count) => `${count} 个文档有效`,
	notOnPage: (problem) => `页面不显示此次运行：${problem}`,
};

export const runWords = { en: english, zh: chinese } as const satisfies Record<Language, RunWords>;
export type { RunWords };

/** A verdict in a table: `not at stake` where none is expected and none was given. */
export const verdictText = (words: RunWords, verdict: Verdict, expected: Verdict): string =>
	verdict === 'unknown' && expected === 'unknown' ? words.verdict(verdict, expected) : words.verdicts[verdict];

export const resultOf = ({ passed, status }: Pick<ExperimentEnded, 'passed' | 'status'>): keyof RunWords['results'] =>
	passed ? 'passed' : status === 'interrupted' ? 'interrupted' : 'failed';
