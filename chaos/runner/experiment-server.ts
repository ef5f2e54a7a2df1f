/**
 * Runs experiments for the observer in docker compose. It is a program of its own because it holds the Docker socket,
 * which the observer must not have.
 */
import { resolve } from 'node:path';
import { Command } from 'commander';
import { runCli } from '../../lib/cli/run-cli.ts';
import { environment } from '../../lib/config.ts';
import { launch } from '../../lib/process-supervisor.ts';
import { type RunningExperiment, serveExperiments } from './experiment-socket.ts';

interface Flags {
	readonly socket: string;
	readonly state: string;
	readonly mesh: string;
	readonly catalogue?: string;
}

async function run(flags: Flags): Promise<void> {
	const { stop } = await serveExperiments({
		path: flags.socket,
		start: (name, onLine) => startRunner(name, flags, onLine),
	});
	for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
}

function startRunner(
	name: string,
	{ state, mesh, catalogue }: Flags,
	onLine: (line: string) => void,
): RunningExperiment {
	const { COMPOSE_PROJECT_NAME = '', DOCKER_HOST = '' } = environment();
	const args = [
		...[name, '--progress', 'json', '--mesh', mesh, '--state', resolve(state)],
		...(catalogue === undefined ? [] : ['--catalogue', catalogue]),
	];
	const variables = { COMPOSE_PROJECT_NAME, DOCKER_HOST };
	const runner = launch({ name: 'chaos', program: 'scripts/chaos.js', args, variables }, (_, line) => onLine(line));
	return { interrupt: () => void runner.process.kill('SIGINT'), ended: runner.ended };
}

const program = new Command('experiment-server')
	.description('Run experiments for clients of a Unix socket')
	.requiredOption('--socket <path>', 'listen on this Unix socket')
	.option('--mesh <kind>', 'local or compose', 'compose')
	.option('--state <dir>', 'write journals and reports below this directory', '.kubejoin')
	.option('--catalogue <dir>', 'read the experiments from this directory')
	.action(run);

process.exitCode = await runCli(program);
