/**
 * The expected verdicts of an experiment, recorded at its start, and the violations during its method. `steady` judges
 * all of it after the method, so that a runner which repeats only the steady-state hypothesis also reports a violation.
 */
import { asKubejoinError } from '../../../lib/errors.ts';
import { type LabContext, recordStart } from '../context.ts';
import type { Judged } from '../control/api.ts';
import { judgeAvailability, judgeSecurity, type SecurityQuestion } from './judge.ts';

export const verdictKinds = ['security', 'availability'] as const;
export type VerdictKind = (typeof verdictKinds)[number];
type Expected = 'held' | 'violated';

interface Expectations {
	readonly security?: { readonly question: SecurityQuestion; readonly expected: Expected };
	/** Nodes of the experiment that must be available at the end. */
	readonly availability?: { readonly ready: readonly string[]; readonly withinSeconds: number };
	/** Verdicts that were violated during the method. */
	readonly violated: readonly string[];
	/** Probes of the method that did not find their pattern, with their arguments. */
	readonly missed?: readonly string[];
}

export const EXPECTATIONS = 'expectations.json';
const nothing: Expectations = { violated: [] };

const readExpectations = async (context: LabContext): Promise<Expectations> =>
	(await context.read<Expectations>(EXPECTATIONS)) ?? nothing;

async function change(context: LabContext, changes: Partial<Expectations>): Promise<void> {
	await recordStart(context);
	await context.write(EXPECTATIONS, { ...(await readExpectations(context)), ...changes });
}

/** @param expected  `violated` for an experiment that shows an insecure setting */
export const expectSecurity = (context: LabContext, question: SecurityQuestion, expected: Expected): Promise<void> =>
	change(context, { security: { question, expected } });

export const expectAvailability = (
	context: LabContext,
	ready: readonly string[],
	withinSeconds: number,
): Promise<void> => change(context, { availability: { ready, withinSeconds } });

/** Store a verdict of the method if it is a violation; a verdict that held can be violated later. */
export async function recordVerdict(context: LabContext, line: string): Promise<void> {
	if (!line.includes(': violated')) return;
	const { violated } = await readExpectations(context);
	await change(context, { violated: [...violated, line] });
}

/**
 * Store a probe that did not find its pattern, for a runner that ignores its exit code. Without recorded expectations a
 * user runs the command by hand, and nothing is stored.
 */
export async function recordMissed(context: LabContext, probe: string): Promise<void> {
	if ((await context.read(EXPECTATIONS)) === undefined) return;
	const { missed = [] } = await readExpectations(context);
	await change(context, { missed: [...missed, probe] });
}

/**
 * Judge the availability of every node, and the expectations of the experiment if one runs.
 *
 * @param withinSeconds  how long to wait for heartbeats, unless the experiment says
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
			: [`${kind} is ${verdict}${expected === 'held' ? '' : `, not ${expected} as expected`}`];
	});
	return { lines, problems: [...problems, ...missed.map((probe) => `a probe failed: ${probe}`)] };
}

/** A question that cannot be answered counts as a violation. */
const securityLine = (context: LabContext, question: SecurityQuestion): Promise<string> =>
	judgeSecurity(context, question).catch(
		(error: unknown) => `security: violated: it cannot be judged: ${asKubejoinError(error).message}`,
	);
