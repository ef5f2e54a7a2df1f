#!/usr/bin/env node
/** Runs one command of kubectl-sim. */
import '../../lib/require-node.ts';
import { findAdminConf } from '../../lib/cli/admin-conf.ts';
import { systemClock } from '../../lib/clock.ts';
import { environment } from '../../lib/config.ts';
import { limits } from '../../lib/limits.ts';
import { run } from './commands.ts';
import { readAll } from './files.ts';
import { terminalOutput } from './output.ts';

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
	findAdminConf,
});
