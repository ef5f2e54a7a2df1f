/** Summaries of repeated measurements. */

/** The median of the rounds, with their range: machines differ, and so do rounds. */
export interface Summary {
	readonly median: number;
	readonly least: number;
	readonly most: number;
}

/** The smallest value that is not below this share of the values. */
export function quantile(values: readonly number[], share: number): number {
	const sorted = values.toSorted((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
	const sorted = values.toSorted((a, b) => a - b);
	const upper = sorted.length >> 1;
	const high = sorted[upper] ?? Number.NaN;
	return sorted.length % 2 === 1 ? high : ((sorted[upper - 1] ?? Number.NaN) + high) / 2;
}

export const summarize = (values: readonly number[]): Summary => ({
	median: median(values),
	least: Math.min(...values),
	most: Math.max(...values),
});

/** `12.3 (11.9-13.0)` */
export function summaryText({ median: middle, least, most }: Summary, digits = 1): string {
	const [text, from, to] = [middle, least, most].map((value) => value.toFixed(digits));
	return from === to ? `${text}` : `${text} (${from}-${to})`;
}
