/** The two verdicts, from what probes printed. A verdict that nobody gave is unknown, and never held. */
import type { Verdict, Verdicts } from './events.ts';
import { type VerdictKind, verdictKinds } from './validate.ts';

export interface Evidence {
	/** The probe that printed it. */
	readonly probe: string;
	readonly kind: VerdictKind;
	readonly verdict: 'held' | 'violated';
	/** What it says besides. */
	readonly text: string;
	/** The other lines that the probe printed. */
	readonly lines: readonly string[];
}

const line = /^(security|availability): (held|violated)(?![\w-])\s*(.*?)\s*$/;

/**
 * Read what a probe printed.
 *
 * @param isTrusted  it ran to its end and found what was expected. Of another, `violated` is believed, and `held` only when it names a violation as
 *   the reason for its failure
 */
export function readEvidence(probe: string, stdout: string, isTrusted: boolean): readonly Evidence[] {
	const lines = stdout.split('\n').map((text) => text.replace(/\r$/, ''));
	const others = lines.filter((text) => text.trim() !== '' && !line.test(text));
	const isBelieved = isTrusted || lines.some((text) => line.exec(text)?.[2] === 'violated');
	return lines.flatMap((text) => {
		const [, kind, verdict, rest = ''] = line.exec(text) ?? [];
		if (kind === undefined || (verdict === 'held' && !isBelieved)) return [];
		return [{ probe, kind: kind as VerdictKind, verdict: verdict as 'held' | 'violated', text: rest, lines: others }];
	});
}

export function judgeVerdicts(evidence: readonly Pick<Evidence, 'kind' | 'verdict'>[]): Verdicts {
	const verdictOf = (wanted: VerdictKind): Verdict => {
		const said = evidence.filter(({ kind }) => kind === wanted).map(({ verdict }) => verdict);
		if (said.includes('violated')) return 'violated';
		return said.includes('held') ? 'held' : 'unknown';
	};
	const [security, availability] = verdictKinds.map(verdictOf);
	return { security: security ?? 'unknown', availability: availability ?? 'unknown' };
}
