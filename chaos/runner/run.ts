/**
 * Runs one experiment: the steady state, the method, the steady state again, and the rollbacks, which run whatever happened.
 *
 * Stricter than Chaos Toolkit: a tolerance counts in the method too, an activity that could not be run fails the experiment, and so does a rollback that
 * ends with an error.
 */
import { hostname, platform, release } from 'node:os';
import type { Clock } from '../../lib/clock.ts';
import { causeText } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { Activity } from './document.ts';
import type { ActivityEnded, ChaosEvent, Part } from './events.ts';
import { runHttp } from './http-provider.ts';
import type { Journal, Run, SteadyState } from './journal.ts';
import { at, isMap, type Json, type JsonMap, pythonText } from './json.ts';
import { createMask } from './mask.ts';
import type { SeenJoins } from './observer.ts';
import { runProcess } from './process-provider.ts';
import { substitute, type Values } from './substitute.ts';
import { judgeTolerance } from './tolerance.ts';
import { findProgram, type Machine, type Plan, verdictKinds } from './validate.ts';
import { type Evidence, judgeVerdicts, readEvidence } from './verdict.ts';

export interface RunOptions {
	readonly machine: Machine;
	readonly version: string;
	readonly seed: number;
	readonly clock: Clock;
	readonly emit: (event: ChaosEvent) => void;
	/** Ctrl-C: what runs is stopped, and only the rollbacks follow. */
	readonly interrupted: AbortSignal;
	/** The joins that began in a time. */
	readonly seeJoins: (fromMs: number, toMs: number) => Promise<SeenJoins>;
}

/** What became of an activity. */
interface Done {
	readonly run: Run;
	readonly problem?: string;
	readonly evidence: readonly Evidence[];
}

const MAX_TAIL = 200;
/** Of each stream of a program. */
const MAX_LINES = 8;
const MAX_LINE = 400;
const never = new AbortController().signal;
const iso = (ms: number): string => new Date(ms).toISOString();

export async function runExperiment(plan: Plan, options: RunOptions): Promise<Journal> {
	const { clock, emit, interrupted } = options;
	const startMs = clock();
	const problems: string[] = [];
	const evidence: Evidence[] = [];
	const state: {
		before: SteadyState | null;
		after: SteadyState | null;
		run: readonly Run[];
		rollbacks: readonly Run[];
		deviated: boolean;
		status: Journal['status'];
	} = {
		before: null,
		after: null,
		run: [],
		rollbacks: [],
		deviated: false,
		status: 'completed',
	};
	let values = plan.values;
	const mask = createMask(values);
	const say = (event: ChaosEvent) => emit(mask(event));
	const experiment = plan.name;
	const title = String(substitute(plan.experiment.title, values));
	say({ event: 'experiment-started', atMs: startMs, experiment, id: plan.about.id, title, expected: plan.expected });

	/** One activity, with its pauses, told to whoever listens. */
	async function perform(activity: Activity, part: Part, index: number, signal: AbortSignal): Promise<Done> {
		const { type, name } = activity;
		const about = { experiment, part, index, type, name };
		const pauses = substitute(activity.pauses ?? {}, values);
		await pause(pauses, 'before', signal);
		const begunMs = clock();
		say({ event: 'activity-started', atMs: begunMs, ...about, isBackground: activity.background === true });
		const done = await runActivity(activity, part, { ...options, values, signal });
		const { status, tolerance_met: isMet, output, duration } = done.run;
		const code = isMap(output) ? at(output, 'status') : undefined;
		const ended: ActivityEnded = {
			event: 'activity-ended',
			atMs: clock(),
			...about,
			seconds: duration,
			status,
			...(typeof code === 'number' ? { code } : {}),
			...(isMet === undefined ? {} : { toleranceMet: isMet }),
			...(done.problem === undefined ? {} : { problem: done.problem, output: lastLines(output) }),
		};
		say(ended);
		await pause(pauses, 'after', signal);
		return done;
	}
	async function steadyState(part: 'before' | 'after'): Promise<SteadyState | null> {
		const probes = plan.hypothesis?.probes ?? [];
		if (probes.length === 0) return null;
		const runs: Run[] = [];
		for (const [index, probe] of probes.entries()) {
			const done = await perform(probe, part, index, interrupted);
			runs.push(done.run);
			if (interrupted.aborted) return { steady_state_met: false, probes: runs };
			// What is true before the fault is evidence of nothing.
			if (part === 'after') evidence.push(...done.evidence);
			if (done.problem !== undefined) {
				problems.push(
					`the steady state does not hold ${part === 'before' ? 'before the method, which was not run' : 'after the method'}: ${done.problem}`,
				);
				return { steady_state_met: false, probes: runs };
			}
		}
		return { steady_state_met: true, probes: runs };
	}
	async function activities(
		list: readonly Activity[],
		part: 'method' | 'rollbacks',
		signal: AbortSignal,
	): Promise<readonly Run[]> {
		// In the order in which they began, those in the background among the others.
		const done: Promise<Done>[] = [];
		for (const [index, activity] of list.entries()) {
			if (signal.aborted) break;
			const one = perform(activity, part, index, signal);
			done.push(one);
			if (activity.background !== true) await one;
		}
		const all = await Promise.all(done);
		for (const { problem, evidence: found } of all) {
			if (problem !== undefined)
				problems.push(part === 'rollbacks' ? `after a failed rollback the mesh is not as it was: ${problem}` : problem);
			if (part === 'method') evidence.push(...found);
		}
		return all.map(({ run }) => run);
	}

	try {
		const missing = plan.about.needs.filter((program) => findProgram(program, options.machine) === undefined);
		if (missing.length > 0) throw new Error(`it needs what is not on this machine: ${missing.join(', ')}`);
		values = await findConfiguration(plan, perform, interrupted);
		state.before = await steadyState('before');
		if (state.before?.steady_state_met === false) {
			state.status = 'failed';
		} else if (!interrupted.aborted) {
			state.run = await activities(plan.method, 'method', interrupted);
			if (!interrupted.aborted) state.after = await steadyState('after');
			state.deviated = state.after?.steady_state_met === false && !interrupted.aborted;
			if (state.deviated && state.after?.probes.some(({ status }) => status === 'failed')) state.status = 'failed';
		}
	} catch (error) {
		state.status = 'aborted';
		problems.push(causeText(error));
	} finally {
		state.rollbacks = await activities(plan.rollbacks, 'rollbacks', never);
	}
	if (interrupted.aborted) {
		state.status = 'interrupted';
		problems.length = 0;
		problems.push('it was interrupted');
	}

	const verdicts = judgeVerdicts(evidence);
	for (const kind of verdictKinds) {
		if (verdicts[kind] !== plan.expected[kind] && state.status === 'completed')
			problems.push(`${kind} is ${verdicts[kind]}, and ${plan.expected[kind]} was expected`);
	}
	const passed = state.status === 'completed' && !state.deviated && problems.length === 0;
	const endMs = clock();
	const { joins, more, problem } = await options.seeJoins(startMs, endMs);
	const journal: Journal = mask({
		'kubejoin-version': options.version,
		platform: `${platform()}-${release()}`,
		node: hostname(),
		experiment: plan.experiment,
		start: iso(startMs),
		status: state.status,
		deviated: state.deviated,
		steady_states: { before: state.before, after: state.after, during: [] as const },
		run: state.run,
		rollbacks: state.rollbacks,
		end: iso(endMs),
		duration: (endMs - startMs) / 1000,
		kubejoin: {
			name: experiment,
			verdicts,
			expected: plan.expected,
			passed,
			problems,
			evidence,
			seed: options.seed,
			joins,
			moreJoins: more,
			...(problem === undefined ? {} : { observerProblem: problem }),
		},
	});
	const ended = {
		experiment,
		id: plan.about.id,
		seconds: journal.duration,
		status: state.status,
		deviated: state.deviated,
	};
	say({ event: 'experiment-ended', atMs: endMs, ...ended, expected: plan.expected, verdicts, passed, problems });
	return journal;
}

/** Values of the configuration that a probe finds. @source chaoslib.configuration load_dynamic_configuration */
async function findConfiguration(
	{ values }: Plan,
	perform: (activity: Activity, part: Part, index: number, signal: AbortSignal) => Promise<Done>,
	signal: AbortSignal,
): Promise<Values> {
	const configuration: Record<string, Json> = {};
	let index = 0;
	for (const [name, value] of Object.entries(values.configuration)) {
		if (!isMap(value) || value.type !== 'probe') {
			configuration[name] = value;
			continue;
		}
		const { run, problem } = await perform(value as unknown as Activity, 'configuration', index++, signal);
		if (problem !== undefined || !isMap(run.output))
			throw new Error(`the value ${name} of the configuration could not be found: ${problem}`);
		const { stdout, body } = run.output;
		configuration[name] = typeof stdout === 'string' ? stdout.trim() : (body ?? null);
	}
	return { ...values, configuration };
}

async function pause(pauses: Json, when: 'before' | 'after', signal: AbortSignal): Promise<void> {
	const seconds = isMap(pauses) ? Number(at(pauses, when) ?? 0) : 0;
	if (!(seconds > 0) || signal.aborted) return;
	await new Promise<void>((resolve) => {
		const done = () => {
			clearTimeout(timer);
			signal.removeEventListener('abort', done);
			resolve();
		};
		const timer = setTimeout(done, seconds * 1000);
		signal.addEventListener('abort', done);
	});
}

interface ActivityOptions extends Pick<RunOptions, 'machine' | 'clock'> {
	readonly values: Values;
	readonly signal: AbortSignal;
}

const callProvider = (provider: JsonMap, options: ActivityOptions): Promise<JsonMap> =>
	provider.type === 'http' ? runHttp(provider, options) : runProcess(provider, options);

async function runActivity(activity: Activity, part: Part, options: ActivityOptions): Promise<Done> {
	const { clock, values } = options;
	const startMs = clock();
	const timing = () => {
		const endMs = clock();
		return { start: iso(startMs), end: iso(endMs), duration: (endMs - startMs) / 1000 };
	};
	const named = `${activity.type} ${activity.name}`;
	try {
		const output = await callProvider(activity.provider, options);
		const took = timing();
		const tolerance = at(activity, 'tolerance');
		const judged =
			tolerance === undefined
				? undefined
				: await judgeTolerance(tolerance, output, values, (probe, value) => askProbe(probe, value, options));
		const tail = tailOf(output);
		const isFine = judged?.isMet ?? isGood(output);
		const isWanted = judged !== undefined || activity.type === 'probe' || part === 'rollbacks';
		const problem =
			isWanted && !isFine
				? `${named}: ${judged?.why ?? `it ended with ${output.status} and has no tolerance`}${tail}`
				: undefined;
		const run: Run = {
			activity,
			output,
			...took,
			status: 'succeeded',
			...(judged === undefined ? {} : { tolerance_met: judged.isMet }),
		};
		const isProbe = activity.type === 'probe' && typeof output.stdout === 'string';
		const evidence = isProbe ? readEvidence(activity.name, String(output.stdout), isFine) : [];
		return { run, evidence, ...(problem === undefined ? {} : { problem }) };
	} catch (error) {
		const text = causeText(error);
		const isJudged = at(activity, 'tolerance') !== undefined;
		const run: Run = {
			activity,
			output: null,
			...timing(),
			status: 'failed',
			exception: [text],
			...(isJudged ? { tolerance_met: false } : {}),
		};
		return { run, evidence: [], problem: `${named}: ${text}` };
	}
}

/** A program that ended well; an answer that is no error. */
const isGood = (output: JsonMap): boolean =>
	Object.hasOwn(output, 'stdout') ? output.status === 0 : Number(output.status) < 400;

/** A probe that judges a value. Chaos Toolkit is content when its program could be started; here it must also end well. */
async function askProbe(probe: JsonMap, value: Json, options: ActivityOptions): Promise<boolean> {
	const provider = isMap(probe.provider) ? probe.provider : {};
	const given = isMap(provider.arguments) ? provider.arguments : {};
	try {
		return isGood(
			await callProvider({ ...provider, arguments: { ...given, value: asArgument(value, provider) } }, options),
		);
	} catch {
		return false;
	}
}

/** A program gets it as Python writes it; a request may hold it as it is. */
const asArgument = (value: Json, provider: JsonMap): Json => (provider.type === 'http' ? value : pythonText(value));

/** What a program printed, as far as a person needs it to see why a probe failed. */
const lastLines = (output: Json): readonly string[] =>
	isMap(output)
		? (['stdout', 'stderr'] as const).flatMap((name) =>
				linesOf(output, name)
					.slice(-MAX_LINES)
					.map((line) => printable(line, { maxLength: MAX_LINE })),
			)
		: [];

const linesOf = (output: JsonMap, name: 'stdout' | 'stderr'): readonly string[] =>
	String(output[name] ?? '')
		.split('\n')
		.filter((line) => line.trim() !== '');

/** The last line of standard error, which mostly says why. */
function tailOf(output: JsonMap): string {
	const lines = linesOf(output, 'stderr');
	const last = lines.find((line) => /^error:/.test(line)) ?? lines.at(-1) ?? '';
	return last === '' ? '' : ` (${printable(last, { maxLength: MAX_TAIL })})`;
}
