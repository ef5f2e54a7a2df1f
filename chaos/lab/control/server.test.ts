import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { limits } from '../../../lib/limits.ts';
import { workerOf } from '../context.fixture.ts';
import type { Workers } from '../workers.ts';
import { type ControlClient, openControl } from './client.ts';
import { type MeshInfo, type ServiceControl, serveControl } from './server.ts';

const info: MeshInfo = {
	endpoint: 'h:1',
	kubeconfig: '/k',
	clusterCa: '/c',
	addresses: {},
	ownAddress: '127.0.0.1',
	unnamedAddress: '127.0.0.2',
};

describe('the lab’s own channel', () => {
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
		again: called('again', undefined),
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
	async function serve(parts: { control?: ServiceControl } = { control }): Promise<void> {
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

	it('listens on this machine alone, and only the owner reads its key', () => {
		assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
		assert.equal(statSync(join(directory, 'control.json')).mode & 0o777, 0o600);
		assert.ok(Buffer.from(key, 'base64url').length >= 32);
	});

	it('401 without the key, with another, with a part of it and with more than it; nothing is done', async () => {
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
					[401, { code: 'API_UNAUTHORIZED', facts: {} }],
					authorization,
				);
			}
		}
		assert.deepEqual(calls, []);
	});

	it('a client with another key hears API_UNAUTHORIZED', async () => {
		writeFileSync(join(directory, 'control.json'), JSON.stringify({ url, key: 'wrong' }));
		await assert.rejects((await openControl(directory)).mesh(), (error) => hasCode(error, 'API_UNAUTHORIZED'));
	});

	it('keys are compared in constant time', () => {
		assert.match(readFileSync(new URL('server.ts', import.meta.url), 'utf8'), /timingSafeEqual\(given, wanted\)/);
	});

	it('passes on what it is asked for, and brings back the answer', async () => {
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
		await client.againWorker('n');
		await client.signalWorker('n', 'SIGSTOP');
		await client.removeWorker('odd name/?');
		for (const action of ['kill', 'start', 'pause', 'resume'] as const) await client.service('ca-service', action);
		await client.change('ca-service', { clock: '+1s' });
		assert.deepEqual(calls, [
			['start', plan],
			['again', 'n'],
			['signal', 'n', 'SIGSTOP'],
			['remove', 'odd name/?'],
			...['kill', 'start service', 'pause', 'resume'].map((name) => [name, 'ca-service']),
			['change', 'ca-service', { clock: '+1s' }],
		]);
	});

	it('a refusal comes back as it was, with its code and its facts', async () => {
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

	it('what is unforeseen comes back as SERVICE_FAILED with its text: there is no log to look it up in', async () => {
		failure = new TypeError('x is not a function');
		await assert.rejects(
			client.restore(),
			(error) => hasCode(error, 'SERVICE_FAILED') && error.message.endsWith('x is not a function'),
		);
	});

	it('LAB_REQUEST_INVALID: a body that cannot be read or is none of its, and a way that there is not; nothing is done', async () => {
		for (const [path, body, problem] of [
			['/workers', '{', /cannot be read/],
			['/workers', JSON.stringify({ x: 'x'.repeat(limits.labRequestBytes.value) }), /too large/],
			['/workers', '{"name":"../x","program":"kubelet-sim","args":[]}', /name must be/],
			['/workers/n/signal', '{"signal":"SIGSEGV"}', /signal must be/],
			['/services/x/change', '{"settings":7}', /settings must be/],
			['/services/x/explode', '{}', /there is no POST \/services\/x\/explode here/],
		] as const) {
			const response = await ask(path, { method: 'POST', body });
			const { code, facts } = (await response.json()) as { code: string; facts: { problem: string } };
			assert.deepEqual([response.status, code], [400, 'LAB_REQUEST_INVALID'], body.slice(0, 100));
			assert.match(facts.problem, problem);
		}
		assert.deepEqual(calls, []);
	});

	it('where only nodes are kept, services cannot be reached', async () => {
		await stop();
		await serve({});
		await assert.rejects(client.service('ca-service', 'kill'), (error) => hasCode(error, 'LAB_REQUEST_INVALID'));
		assert.deepEqual(await client.mesh(), info);
	});

	it('stops its workers with it', async () => {
		await stop();
		assert.deepEqual(calls, [['stop']]);
		await serve();
	});

	it('LAB_UNREACHABLE: no mesh has written there, what is there says nothing, or nobody listens any more', async () => {
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
