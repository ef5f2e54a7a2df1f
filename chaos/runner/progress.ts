/** Estimates the time that is left in a run, from recorded durations and the speed of this run so far. */

export interface Estimated {
	/** The last recorded duration. */
	readonly expectedSeconds?: number | undefined;
	/** Present when the experiment has ended. */
	readonly actualSeconds?: number | undefined;
}

const mean = (values: readonly number[]): number | undefined =>
	values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;

/**
 * @param experiments  of the run, in their order
 * @param runningSeconds  since the first experiment that has not ended began
 * @returns undefined when no duration is known
 */
export function secondsLeft(experiments: readonly Estimated[], runningSeconds: number): number | undefined {
	const ended = experiments.filter(({ actualSeconds }) => actualSeconds !== undefined);
	const compared = ended.filter(({ expectedSeconds }) => expectedSeconds !== undefined);
	const sum = (key: keyof Estimated) => compared.reduce((total, one) => total + (one[key] ?? 0), 0);
	const speed = sum('expectedSeconds') > 0 ? sum('actualSeconds') / sum('expectedSeconds') : 1;
	const known = experiments.flatMap(({ expectedSeconds }) => (expectedSeconds === undefined ? [] : [expectedSeconds]));
	const usual = mean(known) ?? mean(ended.flatMap(({ actualSeconds = 0 }) => [actualSeconds]));
	if (usual === undefined) return undefined;
	const left = experiments
		.filter(({ actualSeconds }) => actualSeconds === undefined)
		.map(({ expectedSeconds }) => (expectedSeconds ?? usual) * speed);
	const [running = 0, ...later] = left;
	return Math.max(running - runningSeconds, 0) + later.reduce((total, seconds) => total + seconds, 0);
}
