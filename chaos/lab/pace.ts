/**
 * Slows an experiment down on a slow machine: the pace multiplies how long a command waits, and how long certificates are
 * valid. The runner measures it and sets CHAOS_PACE. Without it, times are as they are written.
 */

/** Settings of services that are seconds which nodes must keep up with. */
const scaledSettings = /^(SIGNING_DURATION_SECONDS=)(\d+)$/;
const MAX_WITHIN_SECONDS = 600;
const MAX_PACE = 10;

/** @returns 1 for a value that is no pace */
export function parsePace(text: string | undefined): number {
	const pace = Number(text ?? 1);
	return pace >= 1 && pace <= MAX_PACE ? pace : 1;
}

/** The arguments of a command with its times multiplied. */
export const scaleTimes = (args: readonly string[], pace: number): readonly string[] =>
	args.map((arg, index) => {
		if (args[index - 1] === '--within' && /^\d+$/.test(arg))
			return String(Math.min(Math.ceil(Number(arg) * pace), Math.max(MAX_WITHIN_SECONDS, Number(arg))));
		return args[index - 1] === '--set'
			? arg.replace(scaledSettings, (_, name: string, seconds: string) => `${name}${Math.ceil(Number(seconds) * pace)}`)
			: arg;
	});
