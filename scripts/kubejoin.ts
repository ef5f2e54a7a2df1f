#!/usr/bin/env node
/**
 * `kubejoin`: prints the joins of a mesh, examines its state directory, and deletes it. `watch` is a program of the
 * observer.
 */
import '../lib/require-node.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { printedText } from '../lib/chinese/index.ts';
import { runCli } from '../lib/cli/run-cli.ts';
import { terminalLanguage } from '../lib/language.ts';
import { projectPath, shownPath } from '../lib/paths.ts';
import { printable } from '../lib/text.ts';
import { checkState } from './doctor/check-state.ts';
import { findingText } from './doctor/finding.ts';
import { DEFAULT_STATE } from './mesh/guide.ts';
import { resetState, terminalQuestion } from './mesh/reset.ts';

interface Flags {
	readonly state: string;
}

const EXIT_FAILURE = 1;

const print = (text: string): void => void process.stdout.write(`${printable(printedText(text))}\n`);

function doctor({ state }: Flags): void {
	const { holder, files, findings } = checkState(resolve(state));
	if (holder !== undefined) print(`The mesh in ${state} is running as process ${holder}.`);
	if (holder !== undefined && findings.length > 0) print('Stop it before you repair a file.');
	const language = terminalLanguage();
	for (const finding of findings) print(findingText({ ...finding, path: shownPath(finding.path) }, language));
	if (findings.length === 0) print(`No damage found in ${state}: ${files} files examined.`);
	else process.exitCode = EXIT_FAILURE;
}

async function reset({ state, yes = false }: Flags & { readonly yes?: boolean }): Promise<void> {
	const isDone = await resetState({
		state: resolve(state),
		isConfirmed: yes,
		ask: terminalQuestion(),
		language: terminalLanguage(),
		say: print,
	});
	if (!isDone) process.exitCode = EXIT_FAILURE;
}

/** Runs a program of the observer, which scripts do not import, and ends with its exit code. */
async function watch(words: readonly string[]): Promise<void> {
	const args = [
		'--import',
		projectPath('dist/lib/end-with-runner.js'),
		projectPath('dist/bundle/services/observer/watch.js'),
	];
	const child = spawn(process.execPath, [...args, ...words], { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] });
	for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
	const [code] = await once(child, 'close');
	process.exitCode = Number(code ?? EXIT_FAILURE);
}

const program = new Command('kubejoin').description('Watch, examine or delete the mesh of npm start');
program
	.command('watch')
	.description('print past and new joins of a running mesh')
	.argument('[words...]', 'see: kubejoin watch --help')
	.helpOption(false)
	.allowUnknownOption()
	.action(watch);
program
	.command('doctor')
	.description('find damaged files in a state directory, and print the effect and a remedy for each')
	.option('--state <dir>', 'state directory of the mesh', DEFAULT_STATE)
	.action(doctor);
program
	.command('reset')
	.description('delete the cluster in a state directory: CA, tokens, nodes and logs')
	.option('--state <dir>', 'state directory of the mesh', DEFAULT_STATE)
	.option('--yes', 'delete it without a question')
	.action(reset);

process.exitCode = await runCli(program, {
	examples: ['npx kubejoin watch', 'npx kubejoin doctor --state .kubejoin', 'npx kubejoin reset --yes'],
	executable: 'kubejoin',
});
