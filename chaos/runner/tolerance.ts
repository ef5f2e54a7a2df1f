/** Compares the output of a probe with its tolerance. */
import type { Tolerance } from './plan.ts';

export interface Output {
	/** Exit code; the negative signal number of a program that a signal ended. */
	readonly status: number;
	readonly stdout: string;
	readonly stderr: string;
}
export interface Judgement {
	readonly isMet: boolean;
	/** For people: the expected and the actual value. */
	readonly why: string;
}

const MAX_SHOWN = 120;
const shown = (value: string | number): string => {
	const text = JSON.stringify(value);
	return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
};

/** @source chaoslib.hypothesis within_tolerance */
export function judgeTolerance(tolerance: Tolerance, output: Output): Judgement {
	if (tolerance.type === 'status')
		return {
			isMet: output.status === tolerance.status,
			why: `expected exit code ${tolerance.status}, got ${output.status}`,
		};
	const { pattern, target } = tolerance;
	const found = output[target];
	return { isMet: pattern.test(found), why: `expected ${target} to match ${pattern.source}, got ${shown(found)}` };
}
