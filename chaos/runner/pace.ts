/** Measures how slow this machine is now, so that experiments wait longer on a slow or busy machine. */
import { spawn } from 'node:child_process';
import type { Clock } from '../../lib/clock.ts';

const SAMPLES = 3;
/** The start of Node on a machine that is not busy. */
const USUAL_START_MS = 200;
const MAX_PACE = 6;

/** The median of several starts of Node, compared with a usual start. */
export async function measurePace(clock: Clock, start: () => Promise<void> = startNode): Promise<number> {
	const samples: number[] = [];
	while (samples.length < SAMPLES) {
		const startMs = clock();
		await start();
		samples.push(clock() - startMs);
	}
	const median = samples.sort((one, other) => one - other)[Math.floor(SAMPLES / 2)] ?? 0;
	return paceOf(median);
}

export const paceOf = (startMs: number): number =>
	Math.min(Math.max(Math.round((startMs / USUAL_START_MS) * 2) / 2, 1), MAX_PACE);

const startNode = (): Promise<void> =>
	new Promise((resolve, reject) => {
		spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' })
			.once('error', reject)
			.once('exit', () => resolve());
	});
