import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { socketRunner } from './clients.ts';

describe('the runner behind a socket', () => {
	let directory: string;
	let path: string;
	let server: Server;
	let callers: Socket[];
	let connected: () => void;
	beforeEach(async () => {
		directory = mkdtempSync(join(tmpdir(), 'runner-'));
		path = join(directory, 'chaos.sock');
		callers = [];
		connected = () => undefined;
		server = createServer({ allowHalfOpen: true }, (socket) => {
			callers.push(socket);
			socket.on('error', () => undefined);
			connected();
		});
		await once(server.listen(path), 'listening');
	});
	afterEach(() => {
		for (const caller of callers) caller.destroy();
		server.close();
		rmSync(directory, { recursive: true });
	});

	/** Starts an experiment. @returns the socket on the side of the runner */
	async function start(name: string) {
		const lines: string[] = [];
		const isConnected = new Promise<void>((resolve) => (connected = resolve));
		const work = await socketRunner(path).start(name, (line) => lines.push(line));
		await isConnected;
		return { work, lines, socket: callers.at(-1) ?? assert.fail() };
	}

	it('is available while it listens', async () => {
		assert.equal(await socketRunner(path).isThere(), true);
		assert.equal(await socketRunner(join(directory, 'absent')).isThere(), false);
	});

	it('receives the name of the experiment as a line, and its lines come back', async () => {
		const { work, lines, socket } = await start('wrong-pin');
		const [received] = (await once(socket, 'data')) as [Buffer];
		assert.equal(received.toString(), 'wrong-pin\n');
		socket.end('{"event":"a"}\n{"event":"b"}\n');
		assert.equal(await work.ended, 'has ended');
		assert.deepEqual(lines, ['{"event":"a"}', '{"event":"b"}']);
	});

	it('is interrupted by the end of the sending side, and can still send its rollback', async () => {
		const { work, lines, socket } = await start('slow');
		socket.resume();
		work.interrupt();
		await once(socket, 'end');
		socket.end('{"event":"rolled back"}\n');
		await work.ended;
		assert.deepEqual(lines, ['{"event":"rolled back"}']);
	});

	it('is EXPERIMENT_RUNNER_UNAVAILABLE if no program listens', async () => {
		await assert.rejects(
			socketRunner(join(directory, 'absent')).start('slow', () => undefined),
			(error: unknown) => hasCode(error, 'EXPERIMENT_RUNNER_UNAVAILABLE'),
		);
	});

	it('ends the run when it closes the connection without a result', async () => {
		const { work, socket } = await start('slow');
		socket.destroy();
		assert.match(await work.ended, /has ended|is unavailable/);
	});
});
