#!/usr/bin/env node
/** `kubejoin`: looks at a mesh. `watch` is a program of the observer; `doctor` examines a state directory. */
import '../lib/require-node.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { relative, resolve } from 'node:path';
import { Command } from 'commander';
import { runCli } from '../lib/cli.ts';
import { projectPath } from '../lib/paths.ts';
import { printable } from '../lib/text.ts';
import { checkState } from './doctor/check-state.ts';
import { findingText } from './doctor/finding.ts';

const EXIT_DAMAGED = 1;

function doctor({ state }: { readonly state: string }): void {
	const directory = resolve(state);
	const { holder, files, findings } = checkState(directory);
	if (holder !== undefined) process.stdout.write(`The mesh of ${state} runs: process ${holder}\n`);
	for (const finding of findings)
		process.stdout.write(`${printable(findingText({ ...finding, path: shown(finding.path) }))}\n`);
	if (findings.length === 0) process.stdout.write(`${files} files in ${state} were examined; nothing is damaged\n`);
	else process.exitCode = EXIT_DAMAGED;
}

/** A program of the observer, which ends soon after this one and whose exit code is this one's. */
async function watch(words: readonly string[]): Promise<void> {
	const args = ['--import', projectPath('dist/lib/end-with-runner.js'), projectPath('dist/services/observer/watch.js')];
	const child = spawn(process.execPath, [...args, ...words], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
	const [code] = await once(child, 'close');
	process.exitCode = Number(code ?? 1);
}

/** As short as it can be typed here. */
function shown(path: string): string {
	const short = relative(process.cwd(), path);
	return short === '' || short.startsWith('..') ? path : short;
}

const program = new Command('kubejoin').description('Look at a mesh');
program
	.command('watch')
	.description('tell every join of a running mesh: those that were, then those that are')
	.argument('[words...]', 'see: kubejoin watch --help')
	.helpOption(false)
	.allowUnknownOption()
	.action(watch);
program
	.command('doctor')
	.description('say what is damaged in a state directory, what it means and what can be done; repairs nothing')
	.option('--state <dir>', 'where the mesh is kept', '.kubejoin')
	.action(doctor);

process.exitCode = await runCli(program, {
	examples: ['npx kubejoin watch', 'npx kubejoin watch node-1', 'npx kubejoin doctor --state .kubejoin'],
	executable: 'kubejoin',
});
