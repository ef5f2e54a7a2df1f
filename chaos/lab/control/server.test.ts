import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { limits } from '../../../lib/limits.ts';
import { workerOf } from '../context.fixture.ts';
import type { Workers } from '../workers.ts';
import { type LabApi, type MeshInfo, remoteLabApi, type ServiceControl } from './api.ts';
import { type ControlClient, openControl, readAnswer } from './client.ts';
import { type ControlOptions, serveControl } from './server.ts';

const info: MeshInfo = {
	endpoint: 'h:1',
	kubeconfig: '/k',
	clusterCa: '/c',
	addresses: {},
	ownAddress: '127.0.0.1',
	unnamedAddress: '127.0.0.2',
};

describe('the control server', () => {
	let directory: string;
	let calls: unknown[][];
	let failure: Error | undefined;
	let client: ControlClient;
	let url: string;
	let key: string;
	let stop: () => Promise<void>;

	const called =
		<T>(name: string, result: T) =>
		(...values: unknown[]): T => {
			calls.push([name, ...values]);
			if (failure !== undefined) throw failure;
			return result;
		};
	const later = (name: string) => called(name, Promise.resolve());
	const workers: Workers = {
		start: called('start', undefined),
		restart: called('restart', undefined),
		state: called('state', workerOf('n')),
		all: called('all', [workerOf('n')]),
		signal: later('signal'),
		remove: later('remove'),
		stop: later('stop'),
	};
	const control: ServiceControl = {
		services: called('services', [{ name: 'ca-service', state: 'running', startedAtMs: 1, isChanged: false }]),
		kill: later('kill'),
		start: later('start service'),
		pause: called('pause', undefined),
		resume: called('resume', undefined),
		change: later('change'),
		restore: called('restore', Promise.resolve(['started ca-service'])),
		observerUrl: 'http://h:2',
		nodes: () => ['node-1'],
		logs: '/logs',
		pki: '/pki',
	};
	async function serve(parts: Pick<ControlOptions, 'control' | 'lab'> = { control }): Promise<void> {
		({ stop } = await serveControl({ directory, info, workers, ...parts }));
		client = await openControl(directory);
		({ url, key } = JSON.parse(readFileSync(join(directory, 'control.json'), 'utf8')));
	}
	beforeEach(async () => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-control-'));
		calls = [];
		failure = undefined;
		await serve();
	});
	afterEach(async () => {
		failure = undefined;
		await stop();
		rmSync(directory, { recursive: true });
	});
	const ask = (
		path: string,
		{ authorization = `Bearer ${key}`, ...request }: RequestInit & { authorization?: string } = {},
	) =>
		fetch(`${url}${path}`, {
			...request,
			headers: { 'Content-Type': 'application/json', ...(authorization === '' ? {} : { authorization }) },
		});

	it('listens on the loopback address with a key that only the owner can read', () => {
		assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
		assert.equal(statSync(join(directory, 'control.json')).mode & 0o777, 0o600);
		assert.ok(Buffer.from(key, 'base64url').length >= 32);
	});

	it('answers 401 without the exact key and does nothing', async () => {
		const other = `${key.startsWith('a') ? 'b' : 'a'}${key.slice(1)}`;
		for (const authorization of [
			'',
			'Bearer ',
			`Bearer ${other}`,
			`Bearer ${key.slice(1)}`,
			`Bearer ${key}x`,
			key,
			`Basic ${key}`,
		]) {
			for (const [path, method] of [
				['/mesh', 'GET'],
				['/workers/n', 'DELETE'],
				['/restore', 'POST'],
				['/nothing', 'GET'],
			] as const) {
				const response = await ask(path, { authorization, method });
				assert.deepEqual(
					[response.status, await response.json()],
					[401, { code: 'API_UNAUTHORIZED', details: {} }],
					authorization,
				);
			}
		}
		assert.deepEqual(calls, []);
	});

	it('refuses a client with another key with API_UNAUTHORIZED', async () => {
		writeFileSync(join(directory, 'control.json'), JSON.stringify({ url, key: 'wrong' }));
		await assert.rejects((await openControl(directory)).mesh(), (error) => hasCode(error, 'API_UNAUTHORIZED'));
	});

	it('compares keys in constant time', () => {
		assert.match(readFileSync(new URL('server.ts', import.meta.url), 'utf8'), /timingSafeEqual\(given, wanted\)/);
	});

	it('forwards each request and returns its result', async () => {
		const plan = { name: 'n', program: 'kubelet-sim', args: [] } as const;
		assert.deepEqual(await client.mesh(), {
			...info,
			nodes: ['node-1'],
			observerUrl: 'http://h:2',
			logs: '/logs',
			pki: '/pki',
		});
		assert.deepEqual([await client.worker('n'), await client.workers()], [workerOf('n'), [workerOf('n')]]);
		assert.equal((await client.services())[0]?.name, 'ca-service');
		assert.deepEqual(await client.restore(), ['started ca-service']);
		calls.length = 0;
		await client.startWorker(plan);
		await client.restartWorker('n');
		await client.signalWorker('n', 'SIGSTOP');
		await client.removeWorker('odd name/?');
		for (const action of ['kill', 'start', 'pause', 'resume'] as const) await client.service('ca-service', action);
		await client.change('ca-service', { clock: '+1s' });
		assert.deepEqual(calls, [
			['start', plan],
			['restart', 'n'],
			['signal', 'n', 'SIGSTOP'],
			['remove', 'odd name/?'],
			...['kill', 'start service', 'pause', 'resume'].map((name) => [name, 'ca-service']),
			['change', 'ca-service', { clock: '+1s' }],
		]);
	});

	it('returns a failure with its code and details', async () => {
		failure = new KubejoinError('FAULT_UNAVAILABLE', {
			fault: 'a shifted clock',
			needs: 'libfaketime',
			install: 'apt',
		});
		for (const work of [
			() => client.startWorker({ name: 'n', program: 'kubelet-sim', args: [] }),
			() => client.service('x', 'pause'),
			() => client.worker('n'),
		])
			await assert.rejects(
				work(),
				(error) => hasCode(error, 'FAULT_UNAVAILABLE') && error.message === failure?.message,
			);
	});

	it('returns an unforeseen failure as SERVICE_FAILED with its text', async () => {
		failure = new TypeError('x is not a function');
		await assert.rejects(
			client.restore(),
			(error) => hasCode(error, 'SERVICE_FAILED') && error.message.endsWith('x is not a function'),
		);
	});

	it('refuses unreadable bodies, invalid bodies and unknown paths with LAB_REQUEST_INVALID', async () => {
		for (const [path, body, problem] of [
			['/workers', '{', /cannot be read/],
			['/workers', JSON.stringify({ x: 'x'.repeat(limits.labRequestBytes.value) }), /too large/],
			['/workers', '{"name":"../x","program":"kubelet-sim","args":[]}', /name must be/],
			['/workers/n/signal', '{"signal":"SIGSEGV"}', /signal must be/],
			['/services/x/change', '{"settings":7}', /settings must be/],
			['/services/x/explode', '{}', /there is no POST \/services\/x\/explode here/],
		] as const) {
			const response = await ask(path, { method: 'POST', body });
			const { code, details } = (await response.json()) as { code: string; details: { problem: string } };
			assert.deepEqual([response.status, code], [400, 'LAB_REQUEST_INVALID'], body.slice(0, 100));
			assert.match(details.problem, problem);
		}
		assert.deepEqual(calls, []);
	});

	it('offers no services where only nodes run', async () => {
		await stop();
		await serve({});
		await assert.rejects(client.service('ca-service', 'kill'), (error) => hasCode(error, 'LAB_REQUEST_INVALID'));
		assert.deepEqual(await client.mesh(), info);
	});

	it('runs an operation of the control API and returns its result or its failure', async () => {
		const recorded: unknown[] = [];
		const api = { recordSkew: async (result: unknown) => void recorded.push(result) } as unknown as LabApi;
		await stop();
		await serve({
			lab: async (operation) => {
				if (failure !== undefined) throw failure;
				return operation(api);
			},
		});
		const send = async (call: unknown) => {
			const response = await ask('/lab', { method: 'POST', body: JSON.stringify(call) });
			return readAnswer(response.status, await response.json(), 'a call');
		};
		const remote = remoteLabApi(send);
		const result = { service: 'ca-service', offset: '+1s', outcome: 'joined' };
		await remote.recordSkew(result);
		assert.deepEqual(recorded, [result]);
		failure = new KubejoinError('LAB_NAME_TAKEN', { name: 'n' });
		await assert.rejects(remote.resetNodes(), (error) => hasCode(error, 'LAB_NAME_TAKEN'));
		await assert.rejects(send({ operation: 'constructor', args: [] }), (error) =>
			hasCode(error, 'LAB_REQUEST_INVALID'),
		);
	});

	it('aborts an operation when its client disconnects', async () => {
		let started: () => void = () => undefined;
		const running = new Promise<void>((resolve) => {
			started = resolve;
		});
		const { promise, aborted } = (() => {
			let resolve: () => void = () => undefined;
			const promise = new Promise<void>((done) => {
				resolve = done;
			});
			return { promise, aborted: () => resolve() };
		})();
		await stop();
		await serve({
			lab: async (operation, signal) => {
				signal.addEventListener('abort', aborted);
				started();
				await promise;
				return operation({ startedAtMs: async () => 1 } as unknown as LabApi);
			},
		});
		const client = new AbortController();
		const body = JSON.stringify({ operation: 'startedAtMs', args: [] });
		const asked = ask('/lab', { method: 'POST', body, signal: client.signal });
		await running;
		client.abort();
		await assert.rejects(asked);
		await promise;
	});

	it('stops its workers when it stops', async () => {
		await stop();
		assert.deepEqual(calls, [['stop']]);
		await serve();
	});

	it('reports LAB_UNREACHABLE without a usable control file or without a listener', async () => {
		const unreachable = (problem: RegExp) => (error: unknown) =>
			hasCode(error, 'LAB_UNREACHABLE') && problem.test(error.message);
		await assert.rejects(openControl(join(directory, 'none')), unreachable(/control\.json is not there/));
		await stop();
		await assert.rejects(client.mesh(), unreachable(/does not run any more/));
		for (const text of ['', '{', 'null', '{"url":"x"}']) {
			writeFileSync(join(directory, 'control.json'), text);
			await assert.rejects(openControl(directory), unreachable(/does not say where it is/), text);
		}
		await serve();
	});
});
