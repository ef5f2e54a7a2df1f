/** The files of runs whose runner is on another machine or in another container, as `npm run chaos` writes its own. */
import { appendFileSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KubejoinError } from '../../lib/errors.ts';
import { makePrivateDirectory } from '../../lib/files.ts';
import { limits } from '../../lib/limits.ts';
import { processStart } from '../../lib/process-identity.ts';
import { readEvent } from './experiment-run.ts';

export const terminalRunsDirectory = (state: string): string => join(state, 'chaos');
export const EVENTS_FILE = 'events.jsonl';

/** Begins with the time of the run, so that names are in the order of runs. */
const validName = /^\d{4}-\d{2}-\d{2}T[\d-]{8,32}$/;

/**
 * Writes the events until the input ends. The first names this process as the runner: when it ends before the last
 * event, the observer notices that the run is lost.
 *
 * @throws PAGE_BAD_REQUEST  the name is not one of a run
 */
export async function receiveRun(directory: string, name: string, input: NodeJS.ReadableStream): Promise<void> {
	if (!validName.test(name)) throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'this is not the name of a run' });
	await makePrivateDirectory(join(directory, name));
	await removeOldest(directory);
	const path = join(directory, name, EVENTS_FILE);
	let bytes = 0;
	for await (const line of createInterface({ input })) {
		const event = readEvent(line);
		if (event === undefined) continue;
		const { pid } = process;
		const kept = event.event === 'run-started' ? { ...event, pid, processStart: processStart(pid) } : event;
		const text = `${JSON.stringify(kept)}\n`;
		bytes += Buffer.byteLength(text);
		// The observer does not read a longer file.
		if (bytes > limits.terminalRunBytes.value) break;
		appendFileSync(path, text, { mode: 0o600 });
	}
}

async function removeOldest(directory: string): Promise<void> {
	const names = readdirSync(directory).sort();
	for (const name of names.slice(0, -limits.terminalRuns.value))
		await rm(join(directory, name), { recursive: true, force: true });
}
