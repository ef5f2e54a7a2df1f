/** Checks that the nodes of one process rotate their certificates at different times. */
import { pollUntil } from '../../../lib/poll.ts';
import type { LabContext } from '../context.ts';
import { type Rotation, rotations } from '../nodes.ts';

export interface RotationQuestion {
	readonly nodes: number;
	/** How often each node must rotate. */
	readonly times: number;
	readonly withinSeconds: number;
}

/** The largest share of nodes that rotate in the same second when rotations are spread evenly. */
const MAX_SHARE_OF_A_SECOND = 0.5;

/** `100 of 100 nodes rotated 2 times or more: …`, when all have or the time is over. */
export async function rotationText(
	{ control, signal }: LabContext,
	name: string,
	{ nodes, times, withinSeconds }: RotationQuestion,
): Promise<string> {
	const look = async () => rotations((await control.worker(name)).output);
	const found = await pollUntil(look, (seen) => nodesThatRotated(seen, times) >= nodes, {
		...{ retryMs: 250, timeoutMs: withinSeconds * 1_000, signal },
	});
	const instants = new Set(found.map(({ atMicros }) => atMicros));
	const busiest = busiestSecond(found.map(({ atMicros }) => atMicros / 1_000_000));
	const isSpread = busiest <= Math.ceil(nodes * MAX_SHARE_OF_A_SECOND);
	return [
		`${nodesThatRotated(found, times)} of ${nodes} nodes rotated ${times} times or more: ${found.length} rotations`,
		`instants: ${instants.size === found.length ? 'all different' : `${found.length - instants.size} shared`}`,
		`spread: ${isSpread ? 'even' : 'bunched'}, ${busiest} in the busiest second`,
	].join('\n');
}

function nodesThatRotated(found: readonly Rotation[], times: number): number {
	const byNode = new Map<string, number>();
	for (const { node } of found) byNode.set(node, (byNode.get(node) ?? 0) + 1);
	return [...byNode.values()].filter((count) => count >= times).length;
}

/** The largest number in any interval of one second. @param seconds  in any order */
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
