/**
 * What an experiment expects of its verdicts, recorded when it begins, and the verdicts that were given meanwhile. `steady` judges all of it after
 * the method, so that a runner which reads only the steady-state hypothesis again also finds a violation.
 */
import { asKubejoinError } from '../../../lib/errors.ts';
import { begin, type LabContext } from '../context.ts';
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

const readExpectations = async (context: LabContext): Promise<Expectations> =>
	(await context.read<Expectations>(EXPECTATIONS)) ?? nothing;

async function change(context: LabContext, changes: Partial<Expectations>): Promise<void> {
	await begin(context);
	await context.write(EXPECTATIONS, { ...(await readExpectations(context)), ...changes });
}

/** The question is asked after the method. @param expected  `violated` for an experiment that shows an insecure setting */
export const expectSecurity = (context: LabContext, question: SecurityQuestion, expected: Expected): Promise<void> =>
	change(context, { security: { question, expected } });

export const expectAvailability = (
	context: LabContext,
	ready: readonly string[],
	withinSeconds: number,
): Promise<void> => change(context, { availability: { ready, withinSeconds } });

/** A verdict that was given during the method; only a violation is kept, because what was held may be violated later. */
export async function recordVerdict(context: LabContext, line: string): Promise<void> {
	if (!line.includes(': violated')) return;
	const { violated } = await readExpectations(context);
	await change(context, { violated: [...violated, line] });
}

/**
 * A probe of the method that did not find what it looked for, so that a runner which does not look at its exit code fails too. Without an
 * experiment that expects something, a person looks by hand, and nothing is kept.
 */
export async function recordMissed(context: LabContext, probe: string): Promise<void> {
	if ((await context.read(EXPECTATIONS)) === undefined) return;
	const { missed = [] } = await readExpectations(context);
	await change(context, { missed: [...missed, probe] });
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
export async function judgeExpectations(context: LabContext, withinSeconds: number): Promise<Judged> {
	const { security, availability, violated, missed = [] } = await readExpectations(context);
	const ready = availability?.ready ?? [];
	const seconds = Math.max(withinSeconds, availability?.withinSeconds ?? 0);
	const lines = [
		...violated,
		...(security === undefined ? [] : [await securityLine(context, security.question)]),
		await judgeAvailability(context, { ready, withinSeconds: seconds }),
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
const securityLine = (context: LabContext, question: SecurityQuestion): Promise<string> =>
	judgeSecurity(context, question).catch(
		(error: unknown) => `security: violated: the question has no answer: ${asKubejoinError(error).message}`,
	);
