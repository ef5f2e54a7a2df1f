import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { environment } from '../../lib/config.ts';

const script = fileURLToPath(new URL('ready.sh', import.meta.url));
const MOST = '31';

describe('the health check of a container', () => {
	let directory: string;
	let last: string;
	let server: Server;
	let port: number;
	let status: number;
	let questions: number;
	/** Called for each question. */
	let onQuestion: () => void;

	before(async () => {
		server = createServer(({ url }, response) => {
			questions++;
			onQuestion();
			response.writeHead(url === '/readyz?verbose' ? status : 404).end('[+]ping ok\n');
		});
		await once(server.listen(0, '127.0.0.1'), 'listening');
		({ port } = server.address() as AddressInfo);
	});
	after(() => server.close());
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-ready-'));
		last = join(directory, 'ready');
		[status, questions, onQuestion] = [200, 0, () => undefined];
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	const begin = (seconds = '0.001') =>
		spawn('bash', [script, 'http', seconds, MOST, last], {
			env: { ...environment(), KUBEJOIN_HEALTH_PORT: String(port) },
		});
	async function check() {
		questions = 0;
		const child = begin();
		let printed = '';
		child.stdout.on('data', (chunk) => {
			printed += chunk;
		});
		const [code] = await once(child, 'close');
		return { code, printed: printed.trim(), questions };
	}
	const remember = (asked: number, agoSeconds: number) =>
		writeFileSync(last, `${asked} ${Math.floor(Date.now() / 1_000) - agoSeconds}\n`);

	it('asks once, then twice, then as often as it may', async () => {
		const counts: number[] = [];
		for (let round = 0; round < 5; round++) {
			const { code, printed, questions } = await check();
			assert.deepEqual([code, printed], [0, '[+]ping ok']);
			counts.push(questions);
		}
		assert.deepEqual(counts, [1, 2, 32, 32, 32]);
	});

	it('asks once when it begins late, because the container was paused', async () => {
		remember(30, 3);
		assert.equal((await check()).questions, 1);
	});

	it('ends when the service is not ready any more, and then asks once', async () => {
		remember(30, 0);
		onQuestion = () => {
			if (questions === 3) status = 500;
		};
		assert.deepEqual(await check(), { code: 1, printed: '[+]ping ok', questions: 3 });
		status = 200;
		assert.equal((await check()).questions, 1);
	});

	it('asks once after a check that was ended', async () => {
		remember(30, 0);
		const child = begin('10');
		const asked = new Promise<void>((resolve) => {
			onQuestion = resolve;
		});
		await asked;
		child.kill('SIGKILL');
		await once(child, 'close');
		assert.equal((await check()).questions, 1);
	});

	it('says why a service is not ready', async () => {
		status = 503;
		assert.deepEqual(await check(), { code: 1, printed: '[+]ping ok', questions: 1 });
		const closed = port;
		port = 1;
		assert.deepEqual(await check(), { code: 1, printed: 'no server on port 1', questions: 0 });
		port = closed;
	});
});
