/** Runs one step of an experiment and judges its output. */
import type { Clock } from '../../lib/clock.ts';
import { causeText } from '../../lib/errors.ts';
import { printable } from '../../lib/text.ts';
import type { ActivityStarted, Part } from './events.ts';
import type { Run } from './journal.ts';
import type { Step } from './plan.ts';
import { type Machine, runProgram } from './programs.ts';
import { judgeTolerance, type Output } from './tolerance.ts';
import { type Evidence, readEvidence } from './verdict.ts';

export interface StepResult {
	readonly run: Run;
	/** Why the experiment cannot pass any more. */
	readonly problem?: string;
	readonly evidence: readonly Evidence[];
}
export interface StepOptions {
	readonly machine: Machine;
	readonly clock: Clock;
	readonly signal: AbortSignal;
}

const MAX_REASON = 200;
/** Of each stream of a program. */
const MAX_LINES = 8;
const MAX_LINE = 400;
/** Of the lab's `--until` without `--within`. */
const DEFAULT_WAIT_SECONDS = 30;

export const iso = (ms: number): string => new Date(ms).toISOString();

export async function runStep(step: Step, part: Part, options: StepOptions): Promise<StepResult> {
	const startMs = options.clock();
	const timing = () => {
		const endMs = options.clock();
		return { activity: step.activity, start: iso(startMs), end: iso(endMs), duration: (endMs - startMs) / 1000 };
	};
	try {
		const output = await runProgram(step, options.machine, options.signal);
		return judgeStep(step, part, output, timing());
	} catch (error) {
		const text = causeText(error);
		const run: Run = {
			...timing(),
			output: null,
			status: 'failed',
			exception: [text],
			...(step.tolerance === undefined ? {} : { tolerance_met: false }),
		};
		return { run, evidence: [], problem: `${step.type} ${step.name}: ${text}` };
	}
}

function judgeStep(
	step: Step,
	part: Part,
	output: Output,
	timing: Pick<Run, 'activity' | 'start' | 'end' | 'duration'>,
): StepResult {
	const { type, name, tolerance } = step;
	const judged = tolerance === undefined ? undefined : judgeTolerance(tolerance, output);
	const isMet = judged?.isMet ?? output.status === 0;
	// An action of the method may end with any exit code: a refused join is often its purpose.
	const isJudged = judged !== undefined || type === 'probe' || part === 'rollbacks';
	const why = judged?.why ?? `it ended with exit code ${output.status} and has no tolerance`;
	const run: Run = {
		...timing,
		output,
		status: 'succeeded',
		...(judged === undefined ? {} : { tolerance_met: judged.isMet }),
	};
	return {
		run,
		evidence: type === 'probe' ? readEvidence(name, output.stdout, isMet) : [],
		...(isJudged && !isMet ? { problem: `${type} ${name}: ${why}${reasonOf(output)}` } : {}),
	};
}

/** The line of a program's output that most likely says why it failed. */
function reasonOf({ stdout, stderr }: Output): string {
	const errors = linesOf(stderr);
	const reason = errors.find((line) => line.startsWith('error:')) ?? errors.at(-1) ?? linesOf(stdout)[0] ?? '';
	return reason === '' ? '' : ` (${printable(reason, { maxLength: MAX_REASON })})`;
}

/** The last lines of both streams, shortened. */
export const lastLines = (output: Output | null): readonly string[] =>
	[output?.stdout ?? '', output?.stderr ?? ''].flatMap((text) =>
		linesOf(text)
			.slice(-MAX_LINES)
			.map((line) => printable(line, { maxLength: MAX_LINE })),
	);

const linesOf = (text: string): readonly string[] => text.split('\n').filter((line) => line.trim() !== '');

/** The pattern that the lab waits for in this step. */
export function waitOf({ args }: Step): ActivityStarted['waitsFor'] {
	const optionOf = (option: string) => (args.includes(option) ? args[args.indexOf(option) + 1] : undefined);
	const pattern = optionOf('--until');
	return pattern === undefined ? undefined : { pattern, seconds: Number(optionOf('--within') ?? DEFAULT_WAIT_SECONDS) };
}
