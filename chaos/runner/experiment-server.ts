/**
 * Runs experiments for the observer in docker compose, one at a time. A client of the Unix socket sends the name of an
 * experiment and receives the events of the runner, one a line. It is a program of its own because it holds the Docker
 * socket, which the observer must not have.
 */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { runCli } from '../../lib/cli.ts';
import { environment } from '../../lib/config.ts';
import { launch } from '../../lib/process-supervisor.ts';

interface Flags {
	readonly socket: string;
	readonly state: string;
	readonly mesh: string;
	readonly catalogue?: string;
}

/** Excludes flags and paths. */
const namePattern = /^[a-z0-9][a-z0-9-]{0,99}$/;
const NAME_MS = 5_000;

async function serveExperiments(flags: Flags): Promise<void> {
	/** Interrupts the running experiment. */
	let interrupt: (() => void) | undefined;
	const serve = (socket: Socket): void => {
		// A client that disconnects interrupts its experiment, through the end of the socket.
		socket.on('error', () => undefined);
		socket.setTimeout(NAME_MS, () => socket.destroy());
		let isServed = false;
		createInterface({ input: socket }).once('line', (name) => {
			socket.setTimeout(0);
			const refusal =
				interrupt !== undefined
					? 'another experiment is running, and only one can run at a time'
					: namePattern.test(name)
						? undefined
						: 'this is not the name of an experiment';
			isServed = refusal === undefined;
			if (refusal !== undefined) socket.end(`${refusal}\n`);
			else
				interrupt = runFor(socket, name, flags, () => {
					interrupt = undefined;
				});
		});
		socket.once('end', () => {
			if (!isServed) socket.end();
		});
	};

	// A server that was killed leaves its socket.
	await rm(flags.socket, { force: true });
	const server = createServer({ allowHalfOpen: true }, serve);
	await new Promise<void>((done, failed) => server.once('error', failed).listen(flags.socket, done));
	// The observer runs as another user. Only the two of them can open the directory.
	await chmod(flags.socket, 0o666);
	for (const signal of ['SIGINT', 'SIGTERM'] as const) {
		process.once(signal, () => {
			server.close();
			interrupt?.();
		});
	}
}

/** @returns interrupts the experiment */
function runFor(socket: Socket, name: string, { state, mesh, catalogue }: Flags, onEnd: () => void): () => void {
	const { COMPOSE_PROJECT_NAME = '', DOCKER_HOST = '' } = environment();
	const args = [
		...[name, '--progress', 'json', '--mesh', mesh, '--state', resolve(state)],
		...(catalogue === undefined ? [] : ['--catalogue', catalogue]),
	];
	const runner = launch(
		{ name: 'chaos', program: 'scripts/chaos.js', args, variables: { COMPOSE_PROJECT_NAME, DOCKER_HOST } },
		(_, line) => {
			if (socket.writable) socket.write(`${line}\n`);
		},
	);
	const interrupt = () => void runner.process.kill('SIGINT');
	socket.once('end', interrupt);
	socket.once('close', interrupt);
	void runner.ended.then(() => {
		onEnd();
		socket.end();
	});
	return interrupt;
}

const program = new Command('experiment-server')
	.description('Run experiments for clients of a Unix socket')
	.configureHelp({ helpWidth: 80, minWidthToWrap: 20 })
	.requiredOption('--socket <path>', 'listen on this Unix socket')
	.option('--mesh <kind>', 'local or compose', 'compose')
	.option('--state <dir>', 'write journals and reports below this directory', '.kubejoin')
	.option('--catalogue <dir>', 'read the experiments from this directory')
	.action(serveExperiments);

process.exitCode = await runCli(program);
