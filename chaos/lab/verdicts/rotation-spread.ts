/** A year in a minute: when the nodes of one worker rotated their certificates, and whether they did so one by one. */
import { setTimeout as delay } from 'node:timers/promises';
import type { LabContext } from '../context.ts';
import { rotations } from '../nodes.ts';

export interface YearQuestion {
	readonly nodes: number;
	/** That every node must have rotated. */
	readonly times: number;
	readonly withinSeconds: number;
}

/** Of all rotations, those that may fall into one second when they are spread as they should be. */
const MAX_SHARE_OF_A_SECOND = 0.5;

/** `every node rotated …`, or what is missing when the time is over. */
export async function yearText(
	{ control }: LabContext,
	name: string,
	{ nodes, times, withinSeconds }: YearQuestion,
): Promise<string> {
	for (const end = Date.now() + withinSeconds * 1_000; ; await delay(250)) {
		const found = rotations((await control.worker(name)).output);
		const byNode = new Map<string, number>();
		for (const { node } of found) byNode.set(node, (byNode.get(node) ?? 0) + 1);
		const enough = [...byNode.values()].filter((count) => count >= times).length;
		if (enough < nodes && Date.now() < end) continue;
		const instants = new Set(found.map(({ atMicros }) => atMicros));
		const busiest = busiestSecond(found.map(({ atMicros }) => atMicros / 1_000_000));
		const isSpread = busiest <= Math.ceil(nodes * MAX_SHARE_OF_A_SECOND);
		return [
			`${enough} of ${nodes} nodes rotated ${times} times or more: ${found.length} rotations`,
			`instants: ${instants.size === found.length ? 'all different' : `${found.length - instants.size} shared`}`,
			`spread: ${isSpread ? 'even' : 'bunched'}, ${busiest} in the busiest second`,
		].join('\n');
	}
}

/** The most that fall into one second, wherever that begins. @param seconds  since 1970, in any order */
export function busiestSecond(seconds: readonly number[]): number {
	const sorted = seconds.toSorted((a, b) => a - b);
	let most = 0;
	let from = 0;
	for (const [to, second] of sorted.entries()) {
		while (second - (sorted[from] ?? second) >= 1) from++;
		most = Math.max(most, to - from + 1);
	}
	return most;
}
