/** Starts a program of the project that serves until it is stopped, or ends by itself. */
import { startChild } from '../../../lib/process-supervisor.ts';

export interface Running {
	/** It ended before it served, or before it had joined. */
	readonly hasEnded: boolean;
	readonly output: () => string;
	readonly stop: () => Promise<void>;
}

/**
 * Start a program; resolves when it serves, when a node has joined, or when it has ended.
 *
 * @param program  bundled, below dist/bundle
 */
export async function startProgram(program: string, args: readonly string[]): Promise<Running> {
	const lines: string[] = [];
	const child = startChild(
		{ name: program, program, args },
		{ onLine: (_name, line) => lines.push(line), onCrash: () => undefined, onGiveUp: () => undefined },
	);
	const hasEnded = await child.started().then(
		() => false,
		() => true,
	);
	return { hasEnded, output: () => lines.join('\n'), stop: child.stop };
}
