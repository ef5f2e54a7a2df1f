/** Runs mocha in a process of its own, with the settings of this project. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { environment } from '../lib/config.ts';
import { projectPath } from '../lib/paths.ts';
import type { ProgramResult } from '../lib/process-supervisor.ts';

const mocha = projectPath('node_modules/mocha/bin/mocha.js');

export async function runMocha(
	args: readonly string[],
	variables: Readonly<Record<string, string>> = {},
): Promise<ProgramResult> {
	const child = spawn(process.execPath, [mocha, ...args], {
		cwd: projectPath(),
		env: { ...environment(), ...variables },
		stdio: ['ignore', 'pipe', 'pipe'],
	});
	const ended = once(child, 'close');
	const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
	return { code: (code as number | null) ?? 1, stdout, stderr };
}
