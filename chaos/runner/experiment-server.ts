/**
 * Runs experiments for the observer in docker compose: whoever may open the Unix socket names an experiment of the catalogue, and is told line by line what
 * the runner does. It is a program of its own because it may do what the page may not: it holds the Docker socket. One experiment at a time.
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

/** Never a flag and never a path. */
const namePattern = /^[a-z0-9][a-z0-9-]{0,99}$/;
const NAME_MS = 5_000;

async function openDoor({ socket: path, state, mesh, catalogue }: Flags): Promise<void> {
	let isBusy = false;
	const work = new Set<() => void>();

	function serve(socket: Socket): void {
		// Whoever asked has gone: the runner is told by the end of what was sent.
		socket.on('error', () => undefined);
		socket.setTimeout(NAME_MS, () => socket.destroy());
		let isServed = false;
		createInterface({ input: socket }).once('line', (name) => {
			socket.setTimeout(0);
			isServed = namePattern.test(name) && !isBusy;
			if (isServed) run(name, socket);
			else
				socket.end(
					`${isBusy ? 'another experiment runs, and only one can run at a time' : 'this is not the name of an experiment'}\n`,
				);
		});
		socket.once('end', () => {
			if (!isServed) socket.end();
		});
	}
	function run(name: string, socket: Socket): void {
		isBusy = true;
		const { COMPOSE_PROJECT_NAME = '', DOCKER_HOST = '' } = environment();
		const args = [
			name,
			'--progress',
			'json',
			'--mesh',
			mesh,
			'--state',
			resolve(state),
			...(catalogue === undefined ? [] : ['--catalogue', catalogue]),
		];
		const runner = launch(
			{ name: 'chaos', program: 'scripts/chaos.js', args, variables: { COMPOSE_PROJECT_NAME, DOCKER_HOST } },
			(_, line) => {
				if (socket.writable) socket.write(`${line}\n`);
			},
		);
		const interrupt = () => void runner.process.kill('SIGINT');
		work.add(interrupt);
		socket.once('end', interrupt);
		socket.once('close', interrupt);
		void runner.ended.then(() => {
			isBusy = false;
			work.delete(interrupt);
			socket.end();
		});
	}

	// One that was left by a door that was killed.
	await rm(path, { force: true });
	const server = createServer({ allowHalfOpen: true }, serve);
	await new Promise<void>((done, failed) => server.once('error', failed).listen(path, done));
	// The observer is another user. Nobody else has the directory.
	await chmod(path, 0o666);
	for (const signal of ['SIGINT', 'SIGTERM'] as const) {
		process.once(signal, () => {
			server.close();
			for (const interrupt of work) interrupt();
		});
	}
}

const program = new Command('chaos-door')
	.description('Run experiments for whoever may open a Unix socket')
	.configureHelp({ helpWidth: 80, minWidthToWrap: 20 })
	.requiredOption('--socket <path>', 'to listen on')
	.option('--mesh <kind>', 'local or compose', 'compose')
	.option('--state <dir>', 'where journals and reports are kept', '.kubejoin')
	.option('--catalogue <dir>', 'where the experiments are')
	.action(openDoor);

process.exitCode = await runCli(program);
