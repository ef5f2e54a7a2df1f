import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { hasCode } from '../../../../lib/errors.ts';
import { Docker } from './docker.ts';
import { connectionOptions, demultiplex, isConflict, isMissing } from './docker-connection.ts';

const frame = (stream: number, text: string | Buffer): Buffer => {
	const header = Buffer.alloc(8);
	header[0] = stream;
	header.writeUInt32BE(Buffer.byteLength(text), 4);
	return Buffer.concat([header, Buffer.from(text)]);
};

describe('demultiplex', () => {
	it('separates standard output and standard error, and joins their parts in order', () => {
		const stream = Buffer.concat([frame(1, 'né'), frame(2, 'wrong'), frame(1, 'w\n'), frame(2, '!\n')]);
		assert.deepEqual(demultiplex(stream), { stdout: 'néw\n', stderr: 'wrong!\n' });
	});

	it('joins a character that two frames share', () => {
		const [first, second] = [Buffer.from('é').subarray(0, 1), Buffer.from('é').subarray(1)];
		assert.equal(demultiplex(Buffer.concat([frame(1, first), frame(1, second)])).stdout, 'é');
	});

	it('returns the received part of a truncated frame', () => {
		assert.deepEqual(demultiplex(Buffer.alloc(0)), { stdout: '', stderr: '' });
		assert.deepEqual(demultiplex(frame(1, 'abcdef').subarray(0, 11)), { stdout: 'abc', stderr: '' });
	});
});

describe('connectionOptions', () => {
	it('reads DOCKER_HOST as the docker command does', () => {
		assert.equal(connectionOptions({}).socketPath, '/var/run/docker.sock');
		assert.equal(connectionOptions({ DOCKER_HOST: 'unix:///run/x.sock' }).socketPath, '/run/x.sock');
		const { host, port, isTls } = connectionOptions({ DOCKER_HOST: 'tcp://10.0.0.1:2376', DOCKER_TLS_VERIFY: '1' });
		assert.deepEqual([host, port, isTls], ['10.0.0.1', '2376', true]);
		assert.equal(connectionOptions({ DOCKER_HOST: 'tcp://h' }).port, '2375');
	});

	it('refuses other addresses and missing certificates with DOCKER_UNREACHABLE', () => {
		for (const env of [
			{ DOCKER_HOST: 'ssh://me@host' },
			{ DOCKER_HOST: 'host:2375' },
			{ DOCKER_HOST: 'https://h', DOCKER_CERT_PATH: '/nowhere' },
		])
			assert.throws(
				() => connectionOptions(env),
				(error) => hasCode(error, 'DOCKER_UNREACHABLE'),
				env.DOCKER_HOST,
			);
	});
});

describe('the Docker client', () => {
	let directory: string;
	let server: Server;
	let docker: Docker;
	let requests: string[];
	let bodies: unknown[];
	/** Status and body by method and path. */
	let answers: Readonly<Record<string, readonly [number, string | Buffer]>>;
	/** Handles the connection of an exec. */
	let onExec: (socket: Duplex) => void;

	const env = () => ({ DOCKER_HOST: `unix://${join(directory, 'docker.sock')}` });
	async function readBody(request: IncomingMessage): Promise<void> {
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		bodies.push(chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString()));
	}
	before(async () => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-docker-'));
		server = createServer(async (request, response) => {
			requests.push(`${request.method} ${request.url}`);
			await readBody(request);
			const [status, body] = answers[`${request.method} ${request.url?.split('?')[0]}`] ?? [200, ''];
			response.writeHead(status).end(body);
		});
		server.on('upgrade', (request, socket: Duplex) => {
			requests.push(`${request.method} ${request.url}`);
			socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
			onExec(socket);
		});
		await new Promise<void>((done) => server.listen(join(directory, 'docker.sock'), done));
	});
	after(() => {
		server.closeAllConnections();
		server.close();
		rmSync(directory, { recursive: true });
	});
	beforeEach(async () => {
		[requests, bodies, answers] = [[], [], {}];
		docker = await Docker.open(env());
		requests.length = 0;
		bodies.length = 0;
	});

	it('sends the verbs of a container with their parameters', async () => {
		const container = docker.container('a/b', 'ca-service');
		await container.start();
		await container.stop(2);
		await container.rename('x y');
		await container.remove();
		assert.deepEqual(
			requests,
			[
				'POST /containers/a%2Fb/start?',
				'POST /containers/a%2Fb/stop?t=2',
				'POST /containers/a%2Fb/rename?name=x+y',
				'DELETE /containers/a%2Fb?force=true',
			].map((request) => request.replace(/\?$/, '')),
		);
	});

	it('filters lists by labels and sends plans as JSON', async () => {
		answers = {
			'GET /containers/json': [200, '[{"Id":"1","Names":["/x"]}]'],
			'POST /containers/create': [201, '{"Id":"2"}'],
			'GET /volumes': [200, '{"Volumes":null}'],
		};
		assert.equal((await docker.listContainers('a=b', 'c'))[0]?.Id, '1');
		assert.match(decodeURIComponent(requests[0] ?? ''), /all=true&filters=\{"label":\["a=b","c"\]\}$/);
		assert.equal((await docker.createContainer('n', { Image: 'i' })).id, '2');
		assert.deepEqual(bodies.at(-1), { Image: 'i' });
		assert.deepEqual(await docker.volumeNames('a'), []);
	});

	it('reports an error status as DOCKER_REFUSED with the message of the engine', async () => {
		for (const [status, missing, taken] of [
			[404, true, false],
			[409, false, true],
			[500, false, false],
		] as const) {
			answers = { 'POST /containers/x/kill': [status, '{"message":"no such container\\n"}'] };
			await assert.rejects(docker.container('x').kill(), (error: unknown) => {
				assert.ok(hasCode(error, 'DOCKER_REFUSED'));
				assert.deepEqual([isMissing(error), isConflict(error)], [missing, taken]);
				assert.match(error.message, /kill x: no such container$/);
				return true;
			});
		}
	});

	it('waits for a removal that another client began, and removes a container that is gone', async () => {
		const underway = [409, '{"message":"removal of container x is already in progress"}'] as const;
		const gone = [404, '{"message":"no such container"}'] as const;
		const [remove, wait] = ['DELETE /containers/x', 'POST /containers/x/wait'];
		for (const ended of [[200, '{"StatusCode":0}'] as const, gone]) {
			answers = { [remove]: underway, [wait]: ended };
			assert.equal(await docker.container('x').remove(), true);
			assert.match(requests.at(-1) ?? '', /condition=removed/);
		}
		answers = { [remove]: underway, [wait]: [500, '{"message":"no"}'] };
		await assert.rejects(docker.container('x').remove(), (error) => hasCode(error, 'DOCKER_REFUSED'));
		answers = { [remove]: gone };
		assert.equal(await docker.container('x').remove(), false);
	});

	it('accepts 304 for a container that is already in the requested state', async () => {
		answers = { 'POST /containers/x/start': [304, ''] };
		await docker.container('x').start();
	});

	it('reports DOCKER_UNREACHABLE without an engine', async () => {
		await assert.rejects(Docker.open({ DOCKER_HOST: `unix://${directory}/none.sock` }), {
			code: 'DOCKER_UNREACHABLE',
		});
	});

	const execAnswers = (code: number | null) => ({
		'POST /containers/x/exec': [201, '{"Id":"e"}'] as const,
		'GET /exec/e/json': [200, JSON.stringify({ ExitCode: code })] as const,
	});

	it('runs a command: passes standard input, separates the outputs, returns the exit code', async () => {
		answers = execAnswers(7);
		let received = '';
		onExec = (socket) => {
			socket.on('data', (chunk: Buffer) => {
				received += chunk.toString();
			});
			socket.on('end', () => socket.end(Buffer.concat([frame(2, 'err'), frame(1, 'o'), frame(1, 'ut')])));
		};
		const stdin = Buffer.from('{"Detach":false,"Tty":false}input');
		assert.deepEqual(await docker.container('x').execute(['tar', '-x'], { stdin }), {
			code: 7,
			stdout: 'out',
			stderr: 'err',
		});
		assert.ok(received.endsWith('input'), received);
		assert.deepEqual(bodies[0], {
			...{ Cmd: ['tar', '-x'], Env: [] },
			...{ AttachStdin: true, AttachStdout: true, AttachStderr: true },
		});
	});

	it('keeps standard input open while a held command runs, and ends with the signal', async () => {
		answers = execAnswers(0);
		let isHeld = false;
		const controller = new AbortController();
		const closed = new Promise<void>((resolve) => {
			onExec = (socket) => {
				socket.on('error', () => undefined);
				socket.on('end', () => {
					isHeld = controller.signal.aborted;
					socket.end();
				});
				socket.on('close', () => resolve());
				socket.resume();
				setImmediate(() => controller.abort(new Error('stopped')));
			};
		});
		const options = { stdin: Buffer.from('x'), isStdinHeld: true, signal: controller.signal };
		await assert.rejects(docker.container('x').execute(['sleep'], options), { message: 'stopped' });
		await closed;
		assert.ok(isHeld, 'standard input was closed before the abort');
	});
});
