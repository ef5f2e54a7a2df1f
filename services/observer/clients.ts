/** The runners of experiments: a program started here, or one behind a Unix socket that has more privileges. */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { launch } from '../../lib/process-supervisor.ts';
import type { Runner } from './experiments.ts';

export interface LocalRunnerOptions {
	/** State directory of the mesh. */
	readonly state: string;
	readonly directory: string;
	/** URL of the observer, from which the runner reads the joins. */
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

/**
 * Sends the name of an experiment as a line, and receives the output of the runner. The end of the sending side
 * interrupts the experiment.
 */
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
			problem = `is unavailable (${error.message})`;
		});
		// The interface repeats the error of the socket, and one without a listener ends the observer.
		createInterface({ input: socket })
			.on('line', onLine)
			.on('error', () => undefined);
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
