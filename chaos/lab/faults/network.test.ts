import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { planPki } from '../../../infra/pki/plan.ts';
import { projectPath } from '../../../lib/paths.ts';
import type { Change } from '../control/api.ts';
import { createNetworkFaults, edges, parseEdge, type Send, type Toxic } from './network.ts';

const edge = 'apiserver-sim -> token-store';
const name = 'apiserver-sim_token-store';

/** A fake of Toxiproxy: proxies with their toxics. */
function fakeToxiproxy() {
	const proxies = new Map<string, { listen: string; upstream: string; toxics: (Toxic & { name: string })[] }>();
	const send: Send = async (method, path, body) => {
		const answer = (status: number, value?: unknown) => ({
			status,
			body: value === undefined ? '' : JSON.stringify(value),
		});
		const [, proxy = '', toxic] = /^\/proxies\/([^/]+)\/toxics(?:\/(.+))?$/.exec(path) ?? [];
		const found = proxies.get(proxy);
		if (method === 'GET' && path === '/proxies') return answer(200, Object.fromEntries(proxies));
		if (method === 'POST' && path === '/populate') {
			for (const { name: one, listen, upstream } of body as { name: string; listen: string; upstream: string }[])
				if (!proxies.has(one)) proxies.set(one, { listen, upstream, toxics: [] });
			return answer(201, {});
		}
		if (found === undefined) return answer(404, { error: 'proxy not found' });
		if (method === 'GET') return answer(200, found.toxics);
		if (method === 'POST') {
			const added = body as Toxic;
			found.toxics.push({ ...added, name: `${added.type}_${added.stream}` });
			return answer(200, added);
		}
		found.toxics = found.toxics.filter((one) => one.name !== toxic);
		return answer(204);
	};
	return { proxies, send };
}

function fakeDriver(send?: Send) {
	const calls: string[] = [];
	let change: Change | undefined;
	return {
		calls,
		pause: async (service: string) => void calls.push(`pause ${service}`),
		resume: async (service: string) => void calls.push(`resume ${service}`),
		change: async (service: string, wanted: Change) => {
			change = wanted;
			calls.push(`change ${service} ${JSON.stringify(wanted)}`);
		},
		changeOf: async () => change,
		toxiproxy: async () => send,
		proxyPlace: async (callee: string, port: number, proxyPort: number) => ({
			listen: `0.0.0.0:${proxyPort}`,
			upstream: `${callee}:${port}`,
			dialled: `${callee}.wire:${proxyPort}`,
		}),
	};
}

describe('network faults', () => {
	it('route the caller through Toxiproxy once, then delay, cut and heal the connection', async () => {
		const { proxies, send } = fakeToxiproxy();
		const driver = fakeDriver(send);
		const wire = createNetworkFaults(driver, () => assert.fail('it waits'));
		const toxics = () =>
			proxies.get(name)?.toxics.map(({ type, stream, attributes }) => ({ type, stream, attributes }));
		assert.equal(await wire.delay(edge, 250), 'toxiproxy');
		assert.deepEqual([proxies.get(name)?.listen, proxies.get(name)?.upstream], ['0.0.0.0:16445', 'token-store:6445']);
		assert.deepEqual(toxics(), [{ type: 'latency', stream: 'downstream', attributes: { latency: 250, jitter: 0 } }]);
		assert.equal(await wire.cut(edge), 'toxiproxy');
		assert.deepEqual(
			toxics()?.map(({ type, stream }) => `${type} ${stream}`),
			['timeout upstream', 'timeout downstream'],
		);
		await wire.heal(edge);
		assert.deepEqual(toxics(), []);
		assert.deepEqual(driver.calls, [
			'change apiserver-sim {"settings":{"TOKEN_STORE":"token-store.wire:16445"}}',
			'resume token-store',
		]);
	});

	it('keep the clock and other settings of a changed caller', async () => {
		const driver = fakeDriver(fakeToxiproxy().send);
		await driver.change('apiserver-sim', { clock: '+60s', settings: { LOG_LEVEL: 'debug' } });
		await createNetworkFaults(driver).cut(edge);
		assert.deepEqual(await driver.changeOf(), {
			clock: '+60s',
			settings: { LOG_LEVEL: 'debug', TOKEN_STORE: 'token-store.wire:16445' },
		});
	});

	it('pauses the callee without Toxiproxy: for the time of a delay, or until it is healed', async () => {
		const driver = fakeDriver();
		const wire = createNetworkFaults(driver, async (ms) => void driver.calls.push(`wait ${ms}`));
		assert.deepEqual([await wire.delay(edge, 250), await wire.cut(edge)], ['pause', 'pause']);
		await wire.heal(edge);
		assert.deepEqual(driver.calls, [
			'pause token-store',
			'wait 250',
			'resume token-store',
			'pause token-store',
			'resume token-store',
		]);
	});

	it('resume a callee that was paused for a delay, also after a failure', async () => {
		const { toxiproxy: _toxiproxy, changeOf: _changeOf, proxyPlace: _proxyPlace, ...driver } = fakeDriver();
		const wire = createNetworkFaults(driver, () => Promise.reject(new Error('interrupted')));
		await assert.rejects(wire.delay(edge, 250), /interrupted/);
		assert.deepEqual(driver.calls, ['pause token-store', 'resume token-store']);
	});

	it('reports TOXIPROXY_REFUSED with the answer of Toxiproxy', async () => {
		const wire = createNetworkFaults(
			fakeDriver(async () => ({ status: 500, body: '{"error":"listen tcp: address already in use"}' })),
		);
		await assert.rejects(wire.cut(edge), {
			code: 'TOXIPROXY_REFUSED',
			message: /^Toxiproxy refused POST \/populate: 500 .*address already in use/,
		});
	});

	it('report COMMAND_INVALID with the known connections', () => {
		assert.equal(parseEdge(edge), edge);
		for (const wrong of ['token-store -> apiserver-sim', 'toString', ''])
			assert.throws(() => parseEdge(wrong), { code: 'COMMAND_INVALID' });
	});
});

describe('the proxy in docker-compose.yml', () => {
	interface Service {
		readonly networks: readonly string[] | Readonly<Record<string, { readonly aliases: readonly string[] }>>;
		readonly environment?: Readonly<Record<string, string>>;
		readonly profiles?: readonly string[];
		readonly ports?: readonly string[];
		readonly image?: string;
		readonly read_only?: boolean;
		readonly cap_drop?: readonly string[];
		readonly security_opt?: readonly string[];
		readonly user?: string;
	}
	const { services, networks } = parse(readFileSync(projectPath('docker-compose.yml'), 'utf8'), { merge: true }) as {
		services: Readonly<Record<string, Service>>;
		networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
	};
	const proxy = services.toxiproxy as Service;

	it('exists only with the profile chaos, pinned, hardened, unpublished and without internet', () => {
		assert.deepEqual(proxy.profiles, ['chaos']);
		assert.match(proxy.image ?? '', /^ghcr\.io\/shopify\/toxiproxy:\d+\.\d+\.\d+$/);
		assert.deepEqual(
			[proxy.read_only, proxy.cap_drop, proxy.security_opt],
			[true, ['ALL'], ['no-new-privileges:true']],
		);
		assert.match(proxy.user ?? '', /^[1-9]\d*:\d+$/);
		assert.equal(proxy.ports, undefined);
		for (const network of Object.keys(proxy.networks)) assert.equal(networks[network]?.internal, true, network);
	});

	for (const one of edges) {
		const [caller = '', callee = ''] = one.split(' -> ');
		it(`${one}: has an alias that is in the certificate of the callee, and reaches the callee`, () => {
			const aliased = Object.entries(proxy.networks).find(([, { aliases }]) => aliases.includes(`${callee}.wire`));
			assert.ok(aliased, `no service is called ${callee}.wire`);
			for (const end of [caller, callee])
				assert.ok(Object.values(services[end]?.networks ?? []).includes(aliased[0]), `${end} is not in ${aliased[0]}`);
			const server = planPki([]).leaves.find(({ path }) => path === `${callee}/server`);
			assert.ok(server?.hosts.includes(`${callee}.wire`));
		});
		it(`${one}: changes the setting with the address of the callee`, async () => {
			const driver = fakeDriver(fakeToxiproxy().send);
			await createNetworkFaults(driver).cut(parseEdge(one));
			const [setting = '', address = ''] = Object.entries((await driver.changeOf())?.settings ?? {})[0] ?? [];
			const now = services[caller]?.environment?.[`KUBEJOIN_${setting}`];
			assert.equal(address.replace('.wire', '').replace(/:\d+$/, ''), now?.replace(/:\d+$/, ''));
		});
	}
});
