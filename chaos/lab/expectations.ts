/**
 * What an experiment expects of its verdicts, recorded when it begins, and the verdicts that were given meanwhile. `steady` judges all of it after
 * the method, so that a runner which reads only the steady-state hypothesis again also finds a violation.
 */
import { asKubejoinError } from '../../lib/errors.ts';
import { begin, type LabContext } from './context.ts';
import { judgeAvailability, judgeSecurity, type SecurityQuestion } from './judge.ts';

export const verdictKinds = ['security', 'availability'] as const;
export type VerdictKind = (typeof verdictKinds)[number];
type Expected = 'held' | 'violated';

interface Expectations {
	readonly security?: { readonly question: SecurityQuestion; readonly expected: Expected };
	/** Nodes of the experiment that must be available at the end. */
	readonly availability?: { readonly ready: readonly string[]; readonly withinSeconds: number };
	/** Lines of verdicts that were violated during the method. */
	readonly violated: readonly string[];
	/** Probes of the method that did not find what they looked for, as they were called. */
	readonly missed?: readonly string[];
}

export const EXPECTATIONS = 'expectations.json';
const nothing: Expectations = { violated: [] };

const readExpectations = async (place: LabContext): Promise<Expectations> =>
	(await place.read<Expectations>(EXPECTATIONS)) ?? nothing;

async function change(place: LabContext, changes: Partial<Expectations>): Promise<void> {
	await begin(place);
	await place.write(EXPECTATIONS, { ...(await readExpectations(place)), ...changes });
}

/** The question is asked after the method. @param expected  `violated` for an experiment that shows an insecure setting */
export const expectSecurity = (place: LabContext, question: SecurityQuestion, expected: Expected): Promise<void> =>
	change(place, { security: { question, expected } });

export const expectAvailability = (place: LabContext, ready: readonly string[], withinSeconds: number): Promise<void> =>
	change(place, { availability: { ready, withinSeconds } });

/** A verdict that was given during the method; only a violation is kept, because what was held may be violated later. */
export async function recordVerdict(place: LabContext, line: string): Promise<void> {
	if (!line.includes(': violated')) return;
	const { violated } = await readExpectations(place);
	await change(place, { violated: [...violated, line] });
}

/**
 * A probe of the method that did not find what it looked for, so that a runner which does not look at its exit code fails too. Without an
 * experiment that expects something, a person looks by hand, and nothing is kept.
 */
export async function recordMissed(place: LabContext, probe: string): Promise<void> {
	if ((await place.read(EXPECTATIONS)) === undefined) return;
	const { missed = [] } = await readExpectations(place);
	await change(place, { missed: [...missed, probe] });
}

export interface Judged {
	/** Verdicts, one a line: `availability: held …`. */
	readonly lines: readonly string[];
	/** What is not as expected: `security is violated`. */
	readonly problems: readonly string[];
}

/**
 * Availability of every node, and what the experiment expects, if one has begun.
 *
 * @param withinSeconds  for how long heartbeats are waited for, if the experiment does not say
 */
export async function judgeExpectations(place: LabContext, withinSeconds: number): Promise<Judged> {
	const { security, availability, violated, missed = [] } = await readExpectations(place);
	const ready = availability?.ready ?? [];
	const seconds = Math.max(withinSeconds, availability?.withinSeconds ?? 0);
	const lines = [
		...violated,
		...(security === undefined ? [] : [await securityLine(place, security.question)]),
		await judgeAvailability(place, { ready, withinSeconds: seconds }),
	];
	const problems = verdictKinds.flatMap((kind) => {
		const given = lines.filter((line) => line.startsWith(`${kind}: `));
		if (given.length === 0) return [];
		const verdict = given.some((line) => line.startsWith(`${kind}: violated`)) ? 'violated' : 'held';
		const expected = kind === 'security' ? (security?.expected ?? 'held') : 'held';
		return verdict === expected
			? []
			: [`${kind} is ${verdict}${expected === 'held' ? '' : `, and ${expected} was expected`}`];
	});
	return { lines, problems: [...problems, ...missed.map((probe) => `a probe failed: ${probe}`)] };
}

/** A question that has no answer proves nothing: that is a violation, and the other verdict is still given. */
const securityLine = (place: LabContext, question: SecurityQuestion): Promise<string> =>
	judgeSecurity(place, question).catch(
		(error: unknown) => `security: violated: the question has no answer: ${asKubejoinError(error).message}`,
	);
