/** Runs kubectl, and ends a watch when its output is complete. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Answer } from './recorded.ts';

export interface Surroundings {
	readonly cwd: string;
	readonly env: Readonly<Record<string, string>>;
}

export interface Watching {
	/** Ends the command when standard output has so many lines. */
	readonly lines: number;
	/** Without a new line; a command that is to print one has the time of other commands for its first one. */
	readonly quietMs: number;
}

const TIMEOUT_MS = 60_000;
export const WATCH_ENDED = 124;

export async function runKubectl(
	path: string,
	args: readonly string[],
	{ cwd, env }: Surroundings,
	watching?: Watching,
): Promise<Answer> {
	const child = spawn(path, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
	let [stdout, stderr, isEnded] = ['', '', false];
	const end = () => {
		isEnded = true;
		child.kill('SIGKILL');
	};
	let timer = setTimeout(end, watching?.lines === 0 ? watching.quietMs : TIMEOUT_MS);
	child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
		stdout += chunk;
		if (watching === undefined || watching.lines === 0) return;
		if (stdout.split('\n').length > watching.lines) return end();
		clearTimeout(timer);
		timer = setTimeout(end, watching.quietMs);
	});
	child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
	const [code] = (await once(child, 'close')) as [number | null];
	clearTimeout(timer);
	if (isEnded && watching === undefined) stderr += `still ran after ${TIMEOUT_MS / 1_000} s\n`;
	return { exit: isEnded ? WATCH_ENDED : (code ?? 1), stdout, stderr };
}
