/**
 * Slows an experiment down on a slow machine: the pace multiplies the waits of commands and the lifetimes of
 * certificates. The runner measures it and sets CHAOS_PACE. Without it, times are as they are written.
 */

/** Settings of services that are seconds which nodes must keep up with. */
const scaledSettings = /^(SIGNING_DURATION_SECONDS=)(\d+)$/;
const MAX_WITHIN_SECONDS = 600;
/** Of `--until` without `--within`. */
const DEFAULT_WITHIN_SECONDS = 30;
const MAX_PACE = 10;

/** @returns 1 for a value that is no pace */
export function parsePace(text: string | undefined): number {
	const pace = Number(text ?? 1);
	return pace >= 1 && pace <= MAX_PACE ? pace : 1;
}

/** The arguments of a command with its times multiplied. */
export function scaleTimes(args: readonly string[], pace: number): readonly string[] {
	if (pace === 1) return args;
	const hasLimit = args.includes('--within');
	return args.flatMap((arg, index) => {
		const option = args[index - 1];
		if (option === '--within' && /^\d+$/.test(arg)) return [scaleWithin(Number(arg), pace)];
		if (option === '--until' && !hasLimit) return [arg, '--within', scaleWithin(DEFAULT_WITHIN_SECONDS, pace)];
		return [option === '--set' ? arg.replace(scaledSettings, (_, name, seconds) => name + scale(seconds, pace)) : arg];
	});
}

const scale = (seconds: string | number, pace: number): number => Math.ceil(Number(seconds) * pace);
const scaleWithin = (seconds: number, pace: number): string =>
	String(Math.min(scale(seconds, pace), Math.max(MAX_WITHIN_SECONDS, seconds)));
