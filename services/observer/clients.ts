/** The two runners of experiments: a program that is started here, and one that listens elsewhere, on a Unix socket, because it may do what the observer may not. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { launch } from '../../lib/process-supervisor.ts';
import type { Runner } from './experiments.ts';

export interface LocalRunnerOptions {
	/** State directory of the mesh. */
	readonly state: string;
	readonly directory: string;
	/** Address of the observer itself: the runner asks it for the joins that it saw. */
	readonly observer: string;
}

export const localRunner = ({ state, directory, observer }: LocalRunnerOptions): Runner => ({
	isThere: async () => true,
	async start(name, onLine) {
		const args = [
			name,
			'--progress',
			'json',
			'--mesh',
			'local',
			'--state',
			state,
			'--catalogue',
			directory,
			'--observer',
			observer,
		];
		const { process: child, ended } = launch({ name: 'chaos', program: 'scripts/chaos.js', args }, (_, line) =>
			onLine(line),
		);
		return { interrupt: () => void child.kill('SIGINT'), ended };
	},
});

/** What the runner behind a socket is asked: the name of an experiment on a line. It answers with the lines of the runner, and is told to stop by the end of what is sent. */
export const socketRunner = (path: string): Runner => ({
	isThere: async () => {
		try {
			(await dial(path)).destroy();
			return true;
		} catch {
			return false;
		}
	},
	async start(name, onLine) {
		const socket = await dial(path).catch((error: unknown) => {
			throw new KubejoinError(
				'EXPERIMENT_RUNNER_UNAVAILABLE',
				{ problem: `${path}: ${causeText(error)}` },
				{ cause: error },
			);
		});
		let problem = 'has ended';
		socket.on('error', (error) => {
			problem = `is away (${error.message})`;
		});
		createInterface({ input: socket }).on('line', onLine);
		socket.once('end', () => socket.end());
		socket.write(`${name}\n`);
		return {
			interrupt: () => void socket.end(),
			ended: new Promise((resolve) => socket.once('close', () => resolve(problem))),
		};
	},
});

function dial(path: string): Promise<Socket> {
	return new Promise((resolve, reject) => {
		const socket = connect({ path, allowHalfOpen: true });
		socket.once('error', reject);
		socket.once('connect', () => {
			socket.off('error', reject);
			resolve(socket);
		});
	});
}
