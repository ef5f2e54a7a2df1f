import assert from 'node:assert/strict';
import type { Inspection } from './docker.ts';
import { changeOf, endpointsOf, envWith, recreate, variablesOf } from './recreate.ts';

const id = '0123456789abcdef0123456789abcdef';
const firstEnv = ['PATH=/usr/bin', 'KUBEJOIN_TOKEN_STORE=token-store:6445', 'KUBEJOIN_LAB'];
const labels = { 'com.docker.compose.config-hash': 'abc', 'com.docker.compose.service': 'apiserver-sim' };

/** The fields of an inspection that the lab reads. */
const found = (Config: object = {}, HostConfig: object = {}): Inspection =>
	({
		Id: id,
		Config: {
			Hostname: 'node-1',
			Env: firstEnv,
			Labels: labels,
			Healthcheck: { Test: ['CMD', 'true'] },
			Volumes: { '/node': {} },
			...Config,
		},
		HostConfig: {
			NetworkMode: 'p_control',
			Binds: ['p_pki:/pki:ro'],
			RestartPolicy: { Name: 'unless-stopped' },
			...HostConfig,
		},
		Mounts: [
			{ Type: 'volume', Name: 'p_pki', Destination: '/pki', RW: false },
			{ Type: 'volume', Name: 'f00d', Destination: '/node', RW: true },
			{ Type: 'bind', Destination: '/etc/conf', RW: false },
		],
		NetworkSettings: {
			Networks: {
				p_storage: {
					Aliases: ['apiserver-sim', id.slice(0, 12)],
					Links: null,
					IPAMConfig: {},
					IPAddress: '172.18.0.2',
					NetworkID: 'n1',
				},
				p_control: { Aliases: null, Links: null, IPAMConfig: null, IPAddress: '172.19.0.2', NetworkID: 'n2' },
			},
		},
	}) as unknown as Inspection;

describe('the variables of a change', () => {
	it('add a prefix to settings, and the library, the offset and a true monotonic clock for a clock', () => {
		assert.deepEqual(variablesOf({ settings: { LAB: 'true' }, clock: '+600s' }), {
			KUBEJOIN_INVALID_SETTINGS: 'exit',
			KUBEJOIN_LAB: 'true',
			LD_PRELOAD: '/usr/local/lib/libfaketime.so.1',
			FAKETIME: '+600s',
			DONT_FAKE_MONOTONIC: '1',
		});
		assert.deepEqual(variablesOf({}), {});
	});

	it('replace variables of the same name, also one without a value', () => {
		assert.deepEqual(envWith(firstEnv, { KUBEJOIN_LAB: 'true', KUBEJOIN_TOKEN: 'x=y' }), [
			'PATH=/usr/bin',
			'KUBEJOIN_TOKEN_STORE=token-store:6445',
			'KUBEJOIN_LAB=true',
			'KUBEJOIN_TOKEN=x=y',
		]);
	});
});

describe('a recreated container', () => {
	it('has the same networks and aliases, without addresses and without the alias of its ID', () => {
		assert.deepEqual(endpointsOf(found()), {
			p_storage: { Aliases: ['apiserver-sim'], IPAMConfig: {} },
			p_control: { Aliases: [] },
		});
		const { container, further } = recreate(found(), 'kubejoin:latest', {});
		assert.deepEqual(container.NetworkingConfig, { EndpointsConfig: { p_control: { Aliases: [] } } });
		assert.deepEqual(
			further.map(([network]) => network),
			['p_storage'],
		);
	});

	it('keeps labels, health check, restart policy and volumes, also anonymous ones', () => {
		const { container } = recreate(found(), 'kubejoin:latest', { clock: '+1s' });
		for (const [name, value] of Object.entries(labels)) assert.equal(container.Labels?.[name], value);
		assert.deepEqual(container.Healthcheck, { Test: ['CMD', 'true'] });
		assert.deepEqual(container.HostConfig?.RestartPolicy, { Name: 'unless-stopped' });
		assert.deepEqual(container.HostConfig?.Binds, ['p_pki:/pki:ro', 'f00d:/node:rw']);
		assert.deepEqual([container.Image, container.Hostname], ['kubejoin:latest', 'node-1']);
	});

	it('gets its own host name unless compose set one', () => {
		assert.ok(!('Hostname' in recreate(found({ Hostname: id.slice(0, 12) }), 'kubejoin:latest', {}).container));
	});

	it('mounts each mount of compose v2 once, and an anonymous volume by its generated name', () => {
		const Mounts = [
			{ Type: 'volume', Source: 'p_pki', Target: '/pki' },
			{ Type: 'volume', Target: '/node' },
		];
		const { container } = recreate(found({}, { Binds: null, Mounts }), 'kubejoin:latest', {});
		assert.deepEqual(
			[container.HostConfig?.Binds, container.HostConfig?.Mounts],
			[['f00d:/node:rw'], Mounts.slice(0, 1)],
		);
	});

	it('has only the second change after two changes, and the original settings without one', () => {
		const again = (change: Parameters<typeof recreate>[2], before: ReturnType<typeof recreate>) =>
			recreate(found({ Env: before.container.Env, Labels: before.container.Labels }), 'kubejoin:latest', change);
		const first = recreate(found(), 'kubejoin:latest', {
			settings: { TOKEN_STORE: 'token-store.wire:16445' },
			clock: '+600s',
		});
		assert.deepEqual(changeOf(first.container.Labels ?? {}), {
			settings: { TOKEN_STORE: 'token-store.wire:16445' },
			clock: '+600s',
		});
		const second = again({ settings: { LOG_LEVEL: 'debug' } }, first);
		assert.deepEqual(second.container.Env, [...firstEnv, 'KUBEJOIN_INVALID_SETTINGS=exit', 'KUBEJOIN_LOG_LEVEL=debug']);
		assert.deepEqual(changeOf(second.container.Labels ?? {}), { settings: { LOG_LEVEL: 'debug' } });
		for (const nothing of [{}, { settings: {} }]) {
			const last = again(nothing, second);
			assert.deepEqual([last.container.Env, last.container.Labels], [firstEnv, labels]);
			assert.equal(changeOf(last.container.Labels ?? {}), undefined);
		}
	});
});
