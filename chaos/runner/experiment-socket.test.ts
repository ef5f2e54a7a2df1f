import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { serveExperiments } from './experiment-socket.ts';

interface Started {
	readonly name: string;
	readonly print: (line: string) => void;
	readonly end: () => void;
	readonly interrupted: Promise<void>;
}

const aborted = (signal: AbortSignal): Promise<void> =>
	new Promise((resolve) => signal.addEventListener('abort', () => resolve()));

describe('the experiment socket', () => {
	let folder: string;
	let path: string;
	let started: Started[];
	let stop: () => void;
	const clients: Socket[] = [];

	async function serve(nameMs?: number): Promise<void> {
		const server = await serveExperiments({
			path,
			...(nameMs === undefined ? {} : { nameMs }),
			start(name, print) {
				const ended = new AbortController();
				const interrupted = new AbortController();
				started.push({ name, print, end: () => ended.abort(), interrupted: aborted(interrupted.signal) });
				return { interrupt: () => interrupted.abort(), ended: aborted(ended.signal) };
			},
		});
		stop = server.stop;
	}
	/** @returns the whole output, when the server ends it */
	function ask(text: string): { readonly socket: Socket; readonly output: Promise<string> } {
		const socket = connect({ path, allowHalfOpen: true });
		clients.push(socket);
		socket.write(text);
		const output = new Promise<string>((resolve) => {
			let all = '';
			socket.on('data', (chunk) => (all += chunk));
			socket.once('end', () => resolve(all)).once('error', () => resolve(all));
			socket.once('close', () => resolve(all));
		});
		return { socket, output };
	}
	/** The server handles connections in their order, so the answer to a refused name comes after the first start. */
	const settled = async () => ask('-x\n').output;

	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), 'kubejoin-socket-'));
		path = join(folder, 's');
		started = [];
	});
	afterEach(() => {
		for (const client of clients.splice(0)) client.destroy();
		stop();
		rmSync(folder, { recursive: true });
	});

	it('starts the experiment, sends its output, and ends with it', async () => {
		await serve();
		const { output } = ask('wrong-pin\n');
		await settled();
		const [experiment] = started;
		assert.equal(experiment?.name, 'wrong-pin');
		experiment?.print('{"event":"one"}');
		experiment?.print('two');
		experiment?.end();
		assert.equal(await output, '{"event":"one"}\ntwo\n');
	});

	it('runs one experiment at a time, and the next after its end', async () => {
		await serve();
		const first = ask('nothing\n');
		await settled();
		assert.equal(await ask('wrong-pin\n').output, 'another experiment is running, and only one can run at a time\n');
		started[0]?.end();
		await first.output;
		void ask('wrong-pin\n');
		await settled();
		assert.deepEqual(
			started.map(({ name }) => name),
			['nothing', 'wrong-pin'],
		);
	});

	it('refuses flags, paths and empty names', async () => {
		await serve();
		for (const name of ['--list', '../x', 'a/b', 'A', '', 'x'.repeat(101)])
			assert.equal(await ask(`${name}\n`).output, 'this is not the name of an experiment\n', name);
		assert.deepEqual(started, []);
	});

	it('interrupts the experiment of a client that closes its side or disappears', async () => {
		await serve();
		for (const leave of [(socket: Socket) => socket.end(), (socket: Socket) => socket.destroy()]) {
			const { socket, output } = ask('nothing\n');
			await settled();
			leave(socket);
			await started.at(-1)?.interrupted;
			started.at(-1)?.end();
			await output;
		}
	});

	it('disconnects a client that sends no name', async () => {
		await serve(20);
		assert.equal(await ask('').output, '');
		assert.deepEqual(started, []);
	});

	it('interrupts the running experiment when it stops', async () => {
		await serve();
		void ask('nothing\n');
		await settled();
		stop();
		await started[0]?.interrupted;
	});

	it('replaces the socket of a killed server, and admits other users', async () => {
		writeFileSync(path, '');
		await serve();
		assert.equal(statSync(path).mode & 0o777, 0o666);
		assert.match(await ask('-\n').output, /not the name/);
	});
});
