/**
 * Runs one experiment: the steady state, the method, the steady state again, and in every case the rollbacks.
 *
 * Stricter than Chaos Toolkit: tolerances of the method count, a step that does not run to its end ends the method and
 * fails the experiment, and a rollback that ends with an error fails the experiment.
 */
import { hostname, platform, release } from 'node:os';
import type { Clock } from '../../lib/clock.ts';
import { causeText } from '../../lib/errors.ts';
import { maskTokens } from '../../lib/log.ts';
import { pauseFor } from '../../lib/poll.ts';
import type { ChaosEvent, Part } from './events.ts';
import type { Journal, Run, SteadyState } from './journal.ts';
import { mapTexts } from './json.ts';
import type { SeenJoins } from './observer.ts';
import { type Plan, type Step, verdictKinds } from './plan.ts';
import { findProgram, type Machine } from './programs.ts';
import { iso, lastLines, runStep, type StepResult, waitOf } from './step.ts';
import { type Evidence, judgeVerdicts } from './verdict.ts';

export interface RunOptions {
	readonly machine: Machine;
	/** Multiplies the time limits of steps on a slow machine. */
	readonly pace: number;
	readonly version: string;
	readonly seed: number;
	readonly clock: Clock;
	readonly emit: (event: ChaosEvent) => void;
	/** Stops the running step; only the rollbacks follow. */
	readonly interrupted: AbortSignal;
	/** The joins that began in an interval. */
	readonly seeJoins: (fromMs: number, toMs: number) => Promise<SeenJoins>;
}

/** Shared by the parts of an experiment, which add their problems and evidence. */
interface Session {
	readonly plan: Plan;
	readonly options: RunOptions;
	readonly emit: (event: ChaosEvent) => void;
	readonly problems: string[];
	readonly evidence: Evidence[];
}
interface Parts {
	readonly before: SteadyState | null;
	readonly run: readonly Run[];
	readonly after: SteadyState | null;
	readonly status: Journal['status'];
	readonly deviated: boolean;
}

const never = new AbortController().signal;
const nothingRan = { before: null, run: [], after: null, deviated: false } as const;

export async function runExperiment(plan: Plan, options: RunOptions): Promise<Journal> {
	const startMs = options.clock();
	const emit = (event: ChaosEvent) => options.emit(mapTexts(event, maskTokens));
	const session: Session = { plan, options, emit, problems: [], evidence: [] };
	const { name: experiment, about, title, expected } = plan;
	const { pace } = options;
	emit({ event: 'experiment-started', atMs: startMs, experiment, id: about.id, title, expected, pace });
	const parts = await runParts(session).catch((error: unknown): Parts => {
		session.problems.push(causeText(error));
		return { ...nothingRan, status: 'aborted' };
	});
	const rollbacks = await runRollbacks(session);
	const journal = await writeJournal(session, startMs, { ...parts, rollbacks });
	const { status, deviated, duration: seconds, kubejoin } = journal;
	const { verdicts, passed, problems } = kubejoin;
	const evidence = kubejoin.evidence.map(({ kind, verdict, probe, text }) => ({ kind, verdict, probe, text }));
	const ended = { experiment, id: about.id, seconds, status, deviated, expected, verdicts, passed, problems, evidence };
	emit({ event: 'experiment-ended', atMs: startMs + seconds * 1000, ...ended });
	return journal;
}

async function runParts(session: Session): Promise<Parts> {
	const { plan, options, problems } = session;
	const missing = plan.about.needs.filter((program) => findProgram(program, options.machine) === undefined);
	if (missing.length > 0) throw new Error(`these programs are not installed on this machine: ${missing.join(', ')}`);
	const before = await checkSteadyState(session, 'before');
	if (options.interrupted.aborted) return { ...nothingRan, before, status: 'interrupted' };
	if (before?.steady_state_met === false) return { ...nothingRan, before, status: 'failed' };
	const run: Run[] = [];
	for (const [index, step] of plan.method.entries()) {
		const result = await perform(session, step, { part: 'method', index, signal: options.interrupted });
		run.push(result.run);
		session.evidence.push(...result.evidence);
		if (options.interrupted.aborted) return { ...nothingRan, before, run, status: 'interrupted' };
		if (result.problem !== undefined) problems.push(result.problem);
		if (result.run.status === 'failed') {
			const left = plan.method.length - index - 1;
			if (left > 0) problems.push(`the method ended there: ${left} more ${left === 1 ? 'step' : 'steps'} did not run`);
			return { ...nothingRan, before, run, status: 'failed' };
		}
	}
	const after = await checkSteadyState(session, 'after');
	if (options.interrupted.aborted) return { ...nothingRan, before, run, after, status: 'interrupted' };
	const isUnreadable = after?.probes.some(({ status }) => status === 'failed') === true;
	return {
		before,
		run,
		after,
		deviated: after?.steady_state_met === false,
		status: isUnreadable ? 'failed' : 'completed',
	};
}

async function checkSteadyState(session: Session, part: 'before' | 'after'): Promise<SteadyState | null> {
	const { plan, options, problems, evidence } = session;
	const { probes } = plan.hypothesis;
	if (probes.length === 0) return null;
	const runs: Run[] = [];
	for (const [index, probe] of probes.entries()) {
		const result = await perform(session, probe, { part, index, signal: options.interrupted });
		runs.push(result.run);
		if (options.interrupted.aborted) return { steady_state_met: false, probes: runs };
		// A verdict before the fault proves nothing about it.
		if (part === 'after') evidence.push(...result.evidence);
		if (result.problem !== undefined) {
			const when = part === 'before' ? 'before the method, so the method did not run' : 'after the method';
			problems.push(`the mesh is not in its steady state ${when}: ${result.problem}`);
			return { steady_state_met: false, probes: runs };
		}
	}
	return { steady_state_met: true, probes: runs };
}

async function runRollbacks(session: Session): Promise<readonly Run[]> {
	const runs: Run[] = [];
	for (const [index, step] of session.plan.rollbacks.entries()) {
		const { run, problem } = await perform(session, step, { part: 'rollbacks', index, signal: never });
		runs.push(run);
		if (problem !== undefined) session.problems.push(`a rollback failed, so the mesh may not be restored: ${problem}`);
	}
	return runs;
}

interface Position {
	readonly part: Part;
	readonly index: number;
	readonly signal: AbortSignal;
}

/** One step with its pauses and events. */
async function perform(session: Session, step: Step, { part, index, signal }: Position): Promise<StepResult> {
	const { plan, options, emit } = session;
	const { type, name } = step;
	const about = { experiment: plan.name, part, index, type, name };
	const waitsFor = waitOf(step);
	await pauseFor(step.pauseBeforeSeconds * 1_000, signal);
	const waits = waitsFor === undefined ? {} : { waitsFor };
	emit({ event: 'activity-started', atMs: options.clock(), ...about, ...waits });
	const timeoutSeconds = step.timeoutSeconds * options.pace;
	const result = await runStep({ ...step, timeoutSeconds }, part, {
		machine: options.machine,
		clock: options.clock,
		signal,
	});
	const { status, duration: seconds, output, tolerance_met: toleranceMet } = result.run;
	emit({
		event: 'activity-ended',
		atMs: options.clock(),
		...about,
		seconds,
		status,
		...(output === null ? {} : { code: output.status }),
		toleranceMet,
		...(result.problem === undefined ? {} : { problem: result.problem, output: lastLines(output) }),
	});
	// An abort ends the pause, and the caller sees it in the signal.
	await pauseFor(step.pauseAfterSeconds * 1_000, signal);
	return result;
}

async function writeJournal(
	{ plan, options, problems, evidence }: Session,
	startMs: number,
	{ before, run, after, rollbacks, status, deviated }: Parts & { readonly rollbacks: readonly Run[] },
): Promise<Journal> {
	const verdicts = judgeVerdicts(evidence);
	const unexpected = verdictKinds
		.filter((kind) => verdicts[kind] !== plan.expected[kind] && status === 'completed')
		.map((kind) => `${kind} is ${verdicts[kind]}, expected ${plan.expected[kind]}`);
	const interrupted = status === 'interrupted' ? ['the experiment was interrupted'] : [];
	const all = [...interrupted, ...problems, ...unexpected];
	const endMs = options.clock();
	const { joins, more, problem } = await options.seeJoins(startMs, endMs);
	const journal: Journal = {
		'kubejoin-version': options.version,
		platform: `${platform()}-${release()}`,
		node: hostname(),
		experiment: plan.experiment,
		start: iso(startMs),
		status,
		deviated,
		steady_states: { before, after, during: [] },
		run,
		rollbacks,
		end: iso(endMs),
		duration: (endMs - startMs) / 1000,
		kubejoin: {
			name: plan.name,
			verdicts,
			expected: plan.expected,
			passed: status === 'completed' && !deviated && all.length === 0,
			problems: all,
			evidence,
			seed: options.seed,
			pace: options.pace,
			joins,
			moreJoins: more,
			observerProblem: problem,
		},
	};
	return mapTexts(journal, maskTokens);
}
