#!/usr/bin/env node
/** Starts one command of kubectl-sim. A reader that goes away, as `head` does, ends it like any other program: quietly. */
import '../../lib/require-node.ts';
import { systemClock } from '../../lib/clock.ts';
import { environment } from '../../lib/config.ts';
import { limits } from '../../lib/limits.ts';
import { run } from './commands.ts';
import { readAll } from './files.ts';
import { terminalOutput } from './output.ts';

/** What a shell shows for a program that SIGPIPE ended. */
const BROKEN_PIPE = 141;

for (const stream of [process.stdout, process.stderr])
	stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? BROKEN_PIPE : 1));

process.exitCode = await run(process.argv.slice(2), {
	output: terminalOutput(
		(text) => process.stdout.write(text),
		(text) => process.stderr.write(text),
	),
	readStdin: () => readAll(process.stdin, limits.yamlBytes.value),
	clock: systemClock,
	pid: process.pid,
	env: environment(),
	signal: new AbortController().signal,
	connect: async (access) => (await import('./clients.ts')).openConnection(access),
});
