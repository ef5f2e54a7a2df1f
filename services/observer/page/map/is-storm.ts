import type { Join } from '../../api.ts';

const FEWEST = 10;
const WITHIN_MS = 10_000;
/** A storm is shown for this time after its last join. */
const AFTER_MS = 15_000;

/** Many joins began at almost the same time, and the last of them a moment ago. @param joins  newest first */
export function isStorm(joins: readonly Join[], nowMs: number): boolean {
	const [newest, tenth] = [joins[0], joins[FEWEST - 1]];
	if (newest === undefined || tenth === undefined) return false;
	if (newest.startedMs - tenth.startedMs > WITHIN_MS) return false;
	return newest.state === 'joining' || nowMs - newest.startedMs - newest.durationMs < AFTER_MS;
}
