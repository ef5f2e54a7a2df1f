/** Reads the two verdicts from the output of probes. A verdict that no probe gives is unknown, which is not held. */
import type { ExperimentEnded, Verdict, Verdicts } from './events.ts';
import { type VerdictKind, verdictKinds } from './plan.ts';

export interface Evidence {
	/** The probe that printed the verdict. */
	readonly probe: string;
	readonly kind: VerdictKind;
	readonly verdict: 'held' | 'violated';
	readonly text: string;
	/** The other lines of the probe. */
	readonly lines: readonly string[];
}

const verdictLine = /^(security|availability): (held|violated)(?![\w-]):?\s*(.*?)\s*$/;

/**
 * @param isTrusted  the probe ended and met its tolerance. From another probe, `violated` counts; `held` counts only
 *   beside a violation, which then explains the failure
 */
export function readEvidence(probe: string, stdout: string, isTrusted: boolean): readonly Evidence[] {
	const lines = stdout.split('\n').map((text) => text.replace(/\r$/, ''));
	const others = lines.filter((text) => text.trim() !== '' && !verdictLine.test(text));
	const countsHeld = isTrusted || lines.some((text) => verdictLine.exec(text)?.[2] === 'violated');
	return lines.flatMap((text) => {
		const [, kind, verdict, rest = ''] = verdictLine.exec(text) ?? [];
		if (kind === undefined || (verdict === 'held' && !countsHeld)) return [];
		return [{ probe, kind: kind as VerdictKind, verdict: verdict as 'held' | 'violated', text: rest, lines: others }];
	});
}

export function judgeVerdicts(evidence: readonly Pick<Evidence, 'kind' | 'verdict'>[]): Verdicts {
	const verdictOf = (kind: VerdictKind): Verdict => {
		const verdicts = evidence.filter((one) => one.kind === kind).map(({ verdict }) => verdict);
		if (verdicts.includes('violated')) return 'violated';
		return verdicts.includes('held') ? 'held' : 'unknown';
	};
	return { security: verdictOf('security'), availability: verdictOf('availability') };
}

type Ended = Pick<ExperimentEnded, 'passed' | 'status' | 'verdicts' | 'expected' | 'problems'>;

/** Joins verdicts that are as predicted with an experiment that did not pass. */
export function explainVerdicts({ passed, status, verdicts, expected, problems }: Ended): string | undefined {
	if (passed || verdictKinds.some((kind) => verdicts[kind] !== expected[kind])) return undefined;
	if (status === 'interrupted') return 'The verdicts do not count, because the experiment was interrupted.';
	const what = problems.length === 1 ? 'one check' : `${problems.length} checks`;
	return `The verdicts are as predicted but do not count, because ${what} failed.`;
}
