/**
 * Follows the experiments that `npm run chaos` runs in a terminal: the runner writes its events into a file of its
 * journal, and this reads the part of each file that is new.
 */
import { closeSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import { type RunnerEvent, readEvent } from './experiment-run.ts';

export interface TerminalRunsOptions {
	/** Has a directory for each run, named by its time. */
	readonly directory: string;
	readonly onEvent: (run: string, event: RunnerEvent) => void;
	/** The runner has ended without saying so. */
	readonly onLost: (run: string) => void;
	readonly count: CountRefusal;
	/** Default: asks the operating system. */
	readonly isRunning?: (pid: number) => boolean;
}

const FILE = 'events.jsonl';

interface Followed {
	offset: number;
	/** The beginning of a line whose end is not written yet. */
	rest: string;
	pid?: number;
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
			const run = this.#runs.get(name) ?? { offset: 0, rest: '', hasEnded: false };
			this.#runs.set(name, run);
			if (!run.hasEnded) this.#follow(name, run);
		}
	}

	#names(): readonly string[] {
		try {
			return readdirSync(this.#options.directory).sort().slice(-limits.terminalRuns.value);
		} catch {
			// No experiment has run yet.
			return [];
		}
	}

	#follow(name: string, run: Followed): void {
		const { directory, onEvent, onLost, count, isRunning = isAlive } = this.#options;
		const path = join(directory, name, FILE);
		const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
		if (size > limits.terminalRunBytes.value) {
			count('terminalRunBytes');
			run.hasEnded = true;
			onLost(name);
			return;
		}
		// Before the last read: a runner writes its last event before it ends.
		const isLost = run.pid !== undefined && !isRunning(run.pid);
		const lines = `${run.rest}${readFrom(path, run.offset, size)}`.split('\n');
		run.offset = Math.max(run.offset, size);
		run.rest = lines.pop() ?? '';
		for (const line of lines) {
			const event = readEvent(line);
			if (event === undefined) continue;
			if (event.event === 'run-started' && typeof event.pid === 'number') run.pid = event.pid;
			if (event.event === 'run-ended') run.hasEnded = true;
			onEvent(name, event);
		}
		if (!isLost || run.hasEnded) return;
		run.hasEnded = true;
		onLost(name);
	}
}

function readFrom(path: string, offset: number, size: number): string {
	if (size <= offset) return '';
	const file = openSync(path, 'r');
	try {
		const bytes = Buffer.alloc(size - offset);
		return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, offset));
	} finally {
		closeSync(file);
	}
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error instanceof Error && 'code' in error && error.code === 'EPERM';
	}
}
