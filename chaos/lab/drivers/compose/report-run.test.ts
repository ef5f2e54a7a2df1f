import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { hasCode } from '../../../../lib/errors.ts';
import { poll } from '../../../../lib/poll.ts';
import { createRunReporter } from './report-run.ts';

describe('a run of a mesh in containers', () => {
	let directory: string;
	let server: Server;
	let commands: (readonly string[])[];
	/** By start of the receiver. */
	let received: string[];
	let sockets: Duplex[];
	let problems: unknown[];
	let hasObserver: boolean;
	beforeEach(async () => {
		[commands, received, sockets, problems, hasObserver] = [[], [], [], [], true];
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-report-'));
		server = createServer((request, response) => {
			const { url = '' } = request;
			const chunks: Buffer[] = [];
			request.on('data', (chunk: Buffer) => chunks.push(chunk));
			request.on('end', () => {
				if (url.endsWith('/exec')) commands.push(JSON.parse(Buffer.concat(chunks).toString()).Cmd);
				response.end(
					url.endsWith('/exec') ? '{"Id":"e"}' : url.startsWith('/containers/json') ? containers(url) : 'OK',
				);
			});
		});
		server.on('upgrade', (_request, socket: Duplex) => {
			const index = received.push('') - 1;
			sockets.push(socket);
			socket.on('data', (chunk) => (received[index] += chunk));
			socket.on('error', () => undefined);
			// `cat` ends with its input.
			socket.on('end', () => socket.end());
			socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
		});
		await new Promise<void>((done) => server.listen(join(directory, 'docker.sock'), done));
	});
	afterEach(() => {
		for (const socket of sockets) socket.destroy();
		server.closeAllConnections();
		server.close();
		rmSync(directory, { recursive: true });
	});
	function containers(url: string): string {
		const isObserver = decodeURIComponent(url).includes('service=observer');
		const Command = 'node dist/bundle/services/apiserver-sim/main.js';
		const found = { Id: 'x', Names: ['/x'], Command, Labels: { 'com.docker.compose.project': 'p' }, State: 'running' };
		return JSON.stringify(isObserver && !hasObserver ? [] : [found]);
	}
	const reporter = () =>
		createRunReporter({
			env: { DOCKER_HOST: `unix://${join(directory, 'docker.sock')}` },
			name: '2026-01-31T12-00-00',
			onProblem: (error) => void problems.push(error),
		});
	const untilReceived = (index: number, text: string) =>
		poll(
			async () => {
				if (received[index] !== text) throw new Error(`received ${received[index]}`);
			},
			{ retryMs: 10, timeoutMs: 10_000, say: () => undefined },
		);

	it('is sent to the observer in order, and is complete when it ends', async () => {
		const { report, end } = reporter();
		for (const n of [1, 2, 3]) report({ n });
		await end();
		assert.deepEqual(received, ['{"n":1}\n{"n":2}\n{"n":3}\n']);
		const program = 'dist/bundle/services/observer/receive-run.js';
		assert.deepEqual(commands, [['node', program, '2026-01-31T12-00-00-1']]);
		assert.deepEqual(problems, []);
	});

	it('is sent again from its beginning, under another name, when the observer restarts', async () => {
		const { report, end } = reporter();
		report({ n: 1 });
		await untilReceived(0, '{"n":1}\n');
		const closed = new Promise((resolve) => sockets[0]?.once('close', resolve));
		sockets[0]?.destroy();
		await closed;
		await new Promise((resolve) => setImmediate(resolve));
		report({ n: 2 });
		await untilReceived(1, '{"n":1}\n{"n":2}\n');
		await end();
		assert.equal(commands[1]?.at(-1), '2026-01-31T12-00-00-2');
	});

	it('continues without the page, and says so once', async () => {
		hasObserver = false;
		const { report, end } = reporter();
		report({ n: 1 });
		report({ n: 2 });
		await end();
		assert.equal(problems.length, 1);
		assert.ok(hasCode(problems[0], 'MESH_NOT_FOUND'));
	});
});
