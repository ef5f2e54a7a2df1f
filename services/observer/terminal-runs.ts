/**
 * Follows the experiments that `npm run chaos` runs in a terminal: the runner writes its events into a file of its
 * journal, or has them written by receive-run.ts, and this reads the part of each file that is new.
 */
import { closeSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { causeText } from '../../lib/errors.ts';
import { openForReading } from '../../lib/files.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { isProcessRunning, type ProcessStart } from '../../lib/process-identity.ts';
import { type RunnerEvent, readEvent } from './experiment-run.ts';
import { EVENTS_FILE } from './received-run.ts';

export interface TerminalRunsOptions {
	/** Has a directory for each run, named by its time. */
	readonly directory: string;
	readonly onEvent: (run: string, event: RunnerEvent) => void;
	/** The runner has ended without its last event, or its events cannot be read. */
	readonly onLost: (run: string) => void;
	readonly count: CountRefusal;
	readonly log: Log;
	/** Default: asks the operating system. */
	readonly isRunning?: (pid: number, start: ProcessStart | undefined) => boolean;
}

interface Followed {
	/** Of the first line whose end is not written yet, in bytes. */
	offset: number;
	runner?: { readonly pid: number; readonly start: ProcessStart | undefined };
	hasEnded: boolean;
}

export class TerminalRuns {
	readonly #options: TerminalRunsOptions;
	readonly #runs = new Map<string, Followed>();

	constructor(options: TerminalRunsOptions) {
		this.#options = options;
	}

	/** Call it a few times a minute, or more often. */
	read(): void {
		for (const name of this.#names()) {
			const run = this.#runs.get(name) ?? { offset: 0, hasEnded: false };
			this.#runs.set(name, run);
			if (!run.hasEnded) this.#attempt(name, run);
		}
	}

	#names(): readonly string[] {
		try {
			const entries = readdirSync(this.#options.directory, { withFileTypes: true });
			const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
			return names.sort().slice(-limits.terminalRuns.value);
		} catch {
			// No experiment has run yet.
			return [];
		}
	}

	/** A journal that is removed or damaged is no reason to end the observer. */
	#attempt(name: string, run: Followed): void {
		const { onLost, log } = this.#options;
		try {
			this.#follow(name, run);
		} catch (error) {
			run.hasEnded = true;
			log.warn({ journal: name, problem: causeText(error) }, 'the page does not show the rest of this run');
			onLost(name);
		}
	}

	#follow(name: string, run: Followed): void {
		const { directory, onEvent, onLost, count, isRunning = isProcessRunning } = this.#options;
		const path = join(directory, name, EVENTS_FILE);
		const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
		if (size > limits.terminalRunBytes.value) {
			count('terminalRunBytes');
			run.hasEnded = true;
			onLost(name);
			return;
		}
		// Before the last read: a runner writes its last event before it ends.
		const isLost = run.runner !== undefined && !isRunning(run.runner.pid, run.runner.start);
		const lines = readFrom(path, run.offset, size);
		run.offset += lines.length;
		for (const line of lines.toString().split('\n')) {
			const event = readEvent(line);
			if (event === undefined) continue;
			if (event.event === 'run-started' && typeof event.pid === 'number')
				run.runner = { pid: event.pid, start: event.processStart };
			if (event.event === 'run-ended') run.hasEnded = true;
			onEvent(name, event);
		}
		if (!isLost || run.hasEnded) return;
		run.hasEnded = true;
		onLost(name);
	}
}

/** The lines whose ends are written. */
function readFrom(path: string, offset: number, size: number): Buffer {
	if (size <= offset) return Buffer.alloc(0);
	const file = openForReading(path);
	try {
		const bytes = Buffer.alloc(size - offset);
		const length = readSync(file, bytes, 0, bytes.length, offset);
		return bytes.subarray(0, bytes.subarray(0, length).lastIndexOf('\n') + 1);
	} finally {
		closeSync(file);
	}
}
