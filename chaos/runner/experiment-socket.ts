/**
 * Runs experiments for clients of a Unix socket, one at a time. A client sends a line with the name of an experiment
 * and receives the output of the runner. A client that closes its side interrupts its experiment.
 */
import { chmod, rm } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export interface RunningExperiment {
	readonly interrupt: () => void;
	/** Resolves after the rollbacks. */
	readonly ended: Promise<unknown>;
}
export interface ExperimentSocketOptions {
	readonly path: string;
	readonly start: (name: string, onLine: (line: string) => void) => RunningExperiment;
	/** How long a client may take to send the name. */
	readonly nameMs?: number;
}

/** Excludes flags and paths. */
const namePattern = /^[a-z0-9][a-z0-9-]{0,99}$/;
const NAME_MS = 5_000;

/** @returns closes the socket and interrupts the running experiment */
export async function serveExperiments({
	path,
	start,
	nameMs = NAME_MS,
}: ExperimentSocketOptions): Promise<{ stop: () => void }> {
	let running: RunningExperiment | undefined;
	const refusalOf = (name: string): string | undefined => {
		if (running !== undefined) return 'another experiment is running, and only one can run at a time';
		return namePattern.test(name) ? undefined : 'this is not the name of an experiment';
	};
	const serve = (socket: Socket): void => {
		// An error of the socket closes it, which interrupts the experiment.
		socket.on('error', () => undefined);
		socket.setTimeout(nameMs, () => socket.destroy());
		let isServed = false;
		createInterface({ input: socket }).once('line', (name) => {
			socket.setTimeout(0);
			const refusal = refusalOf(name);
			isServed = refusal === undefined;
			if (refusal !== undefined) {
				socket.end(`${refusal}\n`);
				return;
			}
			const experiment = start(name, (line) => {
				if (socket.writable) socket.write(`${line}\n`);
			});
			running = experiment;
			socket.once('end', experiment.interrupt);
			socket.once('close', experiment.interrupt);
			void experiment.ended.then(() => {
				running = undefined;
				socket.end();
			});
		});
		socket.once('end', () => {
			if (!isServed) socket.end();
		});
	};
	// A server that was killed leaves its socket.
	await rm(path, { force: true });
	const server = createServer({ allowHalfOpen: true }, serve);
	await new Promise<void>((done, failed) => server.once('error', failed).listen(path, done));
	// The observer runs as another user. Only the two of them can open the directory.
	await chmod(path, 0o666);
	return {
		stop() {
			server.close();
			running?.interrupt();
		},
	};
}
