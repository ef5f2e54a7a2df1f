import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlClient } from '../../control/client.ts';
import { fakeDriver } from '../driver.fixture.ts';
import { localDriver } from './driver.ts';

describe('the driver of a mesh that npm start keeps', () => {
	let logs: string;
	let asked: unknown[][];
	beforeEach(() => {
		logs = mkdtempSync(join(tmpdir(), 'kubejoin-logs-'));
		asked = [];
	});
	afterEach(() => rmSync(logs, { recursive: true }));

	const addresses = { 'token-store': '127.0.0.1:6445' };
	const driver = () => {
		const control = {
			mesh: async () => ({ logs, pki: '/state/pki', observerUrl: 'http://127.0.0.1:8080', addresses }),
			services: async () => [
				{ name: 'ca-service', state: 'running', startedAtMs: 1, isChanged: true, change: { clock: '+1s' } },
			],
			service: async (...args: unknown[]) => void asked.push(args),
			change: async (...args: unknown[]) => void asked.push(['change', ...args]),
			restore: async () => ['started ca-service'],
		} as unknown as ControlClient;
		return localDriver(control, fakeDriver().lab);
	};

	for (const [verb, action] of [
		['kill', 'kill'],
		['start', 'start'],
		['pause', 'pause'],
		['resume', 'resume'],
		['cut', 'pause'],
		['heal', 'resume'],
	] as const) {
		it(`${verb} sends one ${action} request`, async () => {
			await driver()[verb]('token-store');
			assert.deepEqual(asked, [['token-store', action]]);
		});
	}

	it('forwards changes, and returns repairs and states of the mesh', async () => {
		await driver().change('ca-service', { settings: { LAB: 'true' }, clock: '+600s' });
		assert.deepEqual(asked, [['change', 'ca-service', { settings: { LAB: 'true' }, clock: '+600s' }]]);
		assert.deepEqual(await driver().restore(), ['started ca-service']);
		assert.deepEqual(await driver().changeOf('ca-service'), { clock: '+1s' });
		assert.equal(await driver().changeOf('token-store'), undefined);
		assert.equal((await driver().services())[0]?.name, 'ca-service');
	});

	it('steals from the directory of the service that owns the secret', async () => {
		const stolen = ['ca-key', 'mesh-client', 'signing-client', 'admin'] as const;
		assert.deepEqual(await Promise.all(stolen.map((thing) => driver().steal(thing))), [
			'/state/pki/ca-service',
			'/state/pki/apiserver-sim',
			'/state/pki/controller-manager-sim',
			'/state/pki/admin',
		]);
	});

	it('returns the lines of every log file since a time, and all lines since 0', async () => {
		const line = (second: number) =>
			`{"level":"info","time":"2026-06-01T00:00:0${second}.000Z","service":"s","msg":"x"}`;
		writeFileSync(join(logs, 'a.log'), `${line(1)}\nno time\n`);
		writeFileSync(join(logs, 'b.log'), line(5));
		writeFileSync(join(logs, 'c.txt'), 'no log');
		const since = await driver().logs(Date.UTC(2026, 5, 1, 0, 0, 3));
		assert.equal(since.trim(), line(5));
		const all = await driver().logs(0);
		assert.ok(all.includes(line(1)) && all.includes('no time') && !all.includes('no log'));
	});

	it('places a proxy in front of a service that others connect to, and of no other', async () => {
		assert.deepEqual(await driver().proxyPlace('token-store', 1, 8_666), {
			...{ listen: '127.0.0.1:8666', upstream: '127.0.0.1:6445', dialled: '127.0.0.1:8666' },
		});
		await assert.rejects(driver().proxyPlace('observer', 1, 8_666), { code: 'COMMAND_INVALID' });
	});

	it('needs no lab container', async () => {
		assert.deepEqual([await driver().labExists(), await driver().removeLab()], [true, []]);
	});
});
