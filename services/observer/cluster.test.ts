import assert from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { limits } from '../../lib/limits.ts';
import { buildCaCertificate } from '../../lib/pki/certificate.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import type { Cluster } from './api.ts';
import { keptLog } from './app.fixture.ts';
import { type ClusterOptions, createClusterView } from './cluster.ts';
import { changedCluster, emptyCluster } from './page/cluster-state.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');
type Event = { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: object };

/** A resource of the API: counts its lists, and sends the events that a test pushes. */
function fakeResource(items: object[]) {
	let notify: (() => void) | undefined;
	const events: Event[] = [];
	return {
		lists: 0,
		watches: 0,
		send(event: Event): void {
			events.push(event);
			notify?.();
		},
		async list() {
			this.lists++;
			return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '1' }, items };
		},
		async *watch(_: unknown, signal: AbortSignal) {
			this.watches++;
			signal.addEventListener('abort', () => notify?.());
			while (!signal.aborted) {
				const event = events.shift();
				if (event !== undefined) yield event;
				else await new Promise<void>((resolve) => (notify = resolve));
			}
			this.watches--;
		},
	};
}

const nodeObject = (name: string, conditions: object[], version = '1') => ({
	metadata: { name, resourceVersion: version },
	status: { conditions },
});
const ready = (status: string, reason: string) => [{ type: 'Ready', status, reason }];

describe('the view of the cluster', () => {
	const secret = {
		metadata: { name: 'bootstrap-token-abcdef' },
		data: {
			'token-id': base64('abcdef'),
			'token-secret': base64('0123456789abcdef'),
			expiration: base64('2030-01-01T00:00:00Z'),
			'usage-bootstrap-signing': base64('true'),
		},
	};
	let nowMs: number;
	let problem: Error | undefined;
	let isTokenStoreOnly: boolean;
	let nodes: ReturnType<typeof fakeResource>;
	let requests: ReturnType<typeof fakeResource>;
	let readers: AbortController[];
	let events: object[];
	let next: () => void;
	beforeEach(() => {
		nowMs = 10_000;
		problem = undefined;
		isTokenStoreOnly = false;
		readers = [];
		events = [];
		nodes = fakeResource([nodeObject('node-1', ready('True', 'KubeletReady'))]);
		requests = fakeResource([
			{
				metadata: { name: 'c' },
				spec: { signerName: 's', username: 'u' },
				status: { conditions: [{ type: 'Approved' }, { type: 'Failed' }] },
			},
		]);
	});
	afterEach(() => {
		for (const reader of readers) reader.abort();
		next();
	});

	function view(options: Pick<ClusterOptions, 'partMs'> = {}) {
		const waiting: (() => void)[] = [];
		next = () => {
			for (const resolve of waiting.splice(0)) resolve();
		};
		const leases = fakeResource([{ metadata: { name: 'node-1' }, spec: { renewTime: '2026-01-01T00:00:00.000000Z' } }]);
		const secrets = fakeResource([secret, { metadata: { name: 'other' } }]);
		const api = {
			nodes,
			leases: {
				...leases,
				list: async () => {
					if (problem !== undefined && !isTokenStoreOnly) throw problem;
					return leases.list();
				},
			},
			events: fakeResource(events),
			certificateSigningRequests: requests,
			secrets: {
				list: async () => {
					if (problem !== undefined) throw problem;
					return secrets.list();
				},
			},
		} as unknown as NonNullable<ClusterOptions['api']>;
		const cluster = createClusterView({
			api,
			checkServices: async () => [{ name: 'ca-service', health: 'ok' }],
			clock: () => nowMs,
			wait: () => new Promise((resolve) => waiting.push(resolve)),
			log: keptLog().log,
			...options,
		});
		return { cluster, secrets };
	}
	/** A page: the clusters that it received. */
	function follow(cluster: ReturnType<typeof createClusterView>) {
		const reader = new AbortController();
		readers.push(reader);
		const received: Cluster[] = [];
		let known = emptyCluster;
		let arrived: (() => void) | undefined;
		void cluster.follow((change) => {
			known = changedCluster(known, change);
			received.push(known);
			arrived?.();
		}, reader.signal);
		const nth = async (number: number): Promise<Cluster> => {
			while (received.length < number) await new Promise<void>((resolve) => (arrived = resolve));
			return received[number - 1] ?? assert.fail();
		};
		return { received, nth, leave: () => reader.abort() };
	}

	it('lists leases, and the newest pageEvents events', async () => {
		const at = (index: number) => new Date(index * 1_000).toISOString();
		events = Array.from({ length: limits.pageEvents.value + 1 }, (_, index) => ({
			metadata: { name: `e${index}`, namespace: 'default' },
			involvedObject: { kind: 'Node', name: 'node-1' },
			...{ type: 'Normal', reason: 'Starting', message: 'x', count: 2, lastTimestamp: at(index) },
		}));
		const cluster = await follow(view().cluster).nth(1);
		assert.equal(cluster.events.length, limits.pageEvents.value);
		assert.deepEqual(cluster.events[0], {
			...{ id: `default/e${limits.pageEvents.value}`, lastSeenMs: limits.pageEvents.value * 1_000, type: 'Normal' },
			...{ reason: 'Starting', object: 'node/node-1', message: 'x', count: 2 },
		});
		const renewedMs = Date.parse('2026-01-01T00:00:00Z');
		assert.deepEqual(cluster.leases, [{ name: 'node-1', holder: '', createdMs: 0, renewedMs }]);
	});

	it('sends the next piece of a change when the reader has room for it', async () => {
		nodes = fakeResource(Array.from({ length: 600 }, (_, index) => nodeObject(`node-${index}`, [])));
		const reader = new AbortController();
		readers.push(reader);
		let count = 0;
		let hasRoom: () => void = () => undefined;
		let sent: () => void = () => undefined;
		const first = new Promise<void>((resolve) => (sent = resolve));
		void view().cluster.follow(() => {
			count++;
			sent();
			return new Promise<void>((resolve) => (hasRoom = resolve));
		}, reader.signal);
		await first;
		await new Promise((resolve) => setImmediate(resolve));
		assert.equal(count, 1);
		hasRoom();
		await new Promise((resolve) => setImmediate(resolve));
		assert.equal(count, 2);
		reader.abort();
		hasRoom();
	});

	it('names the node of a request by its requester', async () => {
		requests = fakeResource([
			{ metadata: { name: 'c' }, spec: { signerName: 's', username: 'system:node:node-7', request: '' } },
			{ metadata: { name: 'd' }, spec: { signerName: 's', username: 'u', request: '' } },
		]);
		const cluster = await follow(view().cluster).nth(1);
		assert.deepEqual(
			cluster.requests.map(({ node }) => node),
			['node-7', undefined],
		);
	});

	it('has nodes, tokens, requests and services, and no secret of a token', async () => {
		const cluster = await follow(view().cluster).nth(1);
		assert.deepEqual(cluster.nodes, [
			{ name: 'node-1', status: 'Ready', heartbeatMs: Date.parse('2026-01-01T00:00:00Z') },
		]);
		assert.deepEqual(cluster.tokens, [
			{ id: 'abcdef', expiresMs: Date.parse('2030-01-01T00:00:00Z'), usages: ['signing'], description: '' },
		]);
		assert.deepEqual(cluster.requests[0]?.condition, 'Failed');
		assert.deepEqual(
			cluster.services.map(({ name, health }) => [name, health]),
			[
				['ca-service', 'ok'],
				['apiserver-sim', 'ok'],
			],
		);
		const json = JSON.stringify(cluster);
		assert.ok(!json.includes('0123456789abcdef') && !json.includes(base64('0123456789abcdef')));
	});

	it('shows the node status that kubectl prints: NotReady also where the condition is Unknown', async () => {
		nodes = fakeResource([
			nodeObject('a', ready('True', 'KubeletReady')),
			nodeObject('b', ready('False', 'KubeletNotReady')),
			nodeObject('c', ready('Unknown', 'NodeStatusUnknown')),
			nodeObject('d', []),
		]);
		const cluster = await follow(view().cluster).nth(1);
		assert.deepEqual(
			cluster.nodes.map(({ status, reason }) => [status, reason]),
			[
				['Ready', undefined],
				['NotReady', 'KubeletNotReady'],
				['NotReady', 'NodeStatusUnknown'],
				['Unknown', undefined],
			],
		);
	});

	describe('the certificates of the nodes', () => {
		const certificateOf = async (commonName: string, notBefore: number, notAfter: number): Promise<string> => {
			const keyPair = await generateKeyPair('ECDSA-P256');
			return base64(buildCaCertificate({ commonName, dnsNames: [], notBefore, notAfter }, keyPair));
		};
		const issued = (name: string, certificate: string, signerName: string = wellKnown.signers.clientKubelet) => ({
			metadata: { name, resourceVersion: '1' },
			spec: { signerName, username: 'u' },
			status: { conditions: [{ type: 'Approved' }], certificate },
		});
		const day = (number: number) => Date.UTC(2026, 0, number);

		it('are the newest ones, with the time of their renewal', async () => {
			const user = 'system:node:node-1';
			requests = fakeResource([
				issued('new', await certificateOf(user, day(2), day(12))),
				issued('old', await certificateOf(user, day(1), day(11))),
			]);
			const cluster = await follow(view().cluster).nth(1);
			assert.deepEqual(cluster.nodes[0]?.certificate, {
				notBeforeMs: day(2),
				rotateFromMs: day(9),
				rotateToMs: day(11),
				notAfterMs: day(12),
			});
		});

		it('are not those of other users, of other signers, or unreadable ones', async () => {
			requests = fakeResource([
				issued('other-user', await certificateOf('system:node:node-2', day(1), day(2))),
				issued('other-signer', await certificateOf('system:node:node-1', day(1), day(2)), 'example.com/signer'),
				issued('unreadable', base64('no certificate')),
			]);
			const cluster = await follow(view().cluster).nth(1);
			assert.equal(cluster.nodes[0]?.certificate, undefined);
			assert.equal(cluster.requests.length, 3);
		});
	});

	it('shows the condition of a request as kubectl does', async () => {
		const request = (name: string, types: readonly string[], certificate?: string) => ({
			metadata: { name, resourceVersion: '1' },
			spec: { signerName: 's', username: 'u' },
			status: { conditions: types.map((type) => ({ type })), certificate },
		});
		requests = fakeResource([
			request('a', []),
			request('b', ['Approved']),
			request('c', ['Approved'], 'x'),
			request('d', ['Denied']),
			request('e', ['Approved', 'Failed']),
		]);
		const cluster = await follow(view().cluster).nth(1);
		assert.deepEqual(
			cluster.requests.map(({ condition }) => condition),
			['Pending', 'Approved', 'Approved,Issued', 'Denied', 'Failed'],
		);
	});

	it('lists the nodes once and watches them, although many pages follow for long', async () => {
		const { cluster, secrets } = view();
		const pages = [follow(cluster), follow(cluster), follow(cluster)];
		await Promise.all(pages.map(({ nth }) => nth(1)));
		for (let second = 2; second <= 5; second++) {
			nowMs += 1_000;
			const conditions = ready(second % 2 === 0 ? 'False' : 'True', 'x');
			nodes.send({ type: 'MODIFIED', object: nodeObject('node-1', conditions, String(second)) });
			await new Promise((resolve) => setImmediate(resolve));
			next();
			await Promise.all(pages.map(({ nth }) => nth(second)));
		}
		assert.deepEqual([nodes.lists, requests.lists, secrets.lists], [1, 1, 5]);
		assert.deepEqual(
			pages[0]?.received.map(({ nodes: found }) => found[0]?.status),
			['Ready', 'NotReady', 'Ready', 'NotReady', 'Ready'],
		);
	});

	it('sends nothing while nothing changes, and ends the watches when the last page leaves', async () => {
		const { cluster } = view();
		const [one, other] = [follow(cluster), follow(cluster)];
		await Promise.all([one.nth(1), other.nth(1)]);
		for (let turns = 0; turns < 3; turns++) {
			nowMs += 1_000;
			next();
			await new Promise((resolve) => setImmediate(resolve));
		}
		assert.deepEqual([one.received.length, nodes.watches], [1, 1]);
		one.leave();
		next();
		await new Promise((resolve) => setImmediate(resolve));
		assert.equal(nodes.watches, 1);
		other.leave();
		while (nodes.watches > 0) {
			next();
			await new Promise((resolve) => setImmediate(resolve));
		}
	});

	it('reports that the API server does not answer, and keeps the last nodes', async () => {
		const page = follow(view().cluster);
		await page.nth(1);
		nowMs += 1_000;
		problem = new KubejoinError('SHUTTING_DOWN', { service: 'apiserver-sim' });
		next();
		const cluster = await page.nth(2);
		assert.equal(cluster.problem, problem.message);
		assert.equal(cluster.nodes.length, 1);
		assert.equal(cluster.services.find(({ name }) => name === 'apiserver-sim')?.health, 'away');
	});

	it('shows the nodes and the services while the tokens cannot be read, and that the API server answers', async () => {
		isTokenStoreOnly = true;
		problem = new KubejoinError('STORE_UNAVAILABLE', { store: 'token-store', problem: 'it is paused' });
		const cluster = await follow(view().cluster).nth(1);
		assert.equal(cluster.problem, problem.message);
		assert.deepEqual(
			cluster.nodes.map(({ name }) => name),
			['node-1'],
		);
		for (const service of ['ca-service', 'apiserver-sim'])
			assert.equal(cluster.services.find(({ name }) => name === service)?.health, 'ok');
	});

	it('does not wait for tokens that are read for long', async () => {
		const { cluster, secrets } = view({ partMs: 1 });
		secrets.list = () => new Promise(() => undefined);
		const { nodes: listed, problem: reason } = await follow(cluster).nth(1);
		assert.deepEqual([listed.length, reason], [1, undefined]);
	});

	it('without a kubeconfig shows the health of the services and the setting that is missing', async () => {
		const checkServices = async () => [{ name: 'ca-service', health: 'ok' }] as const;
		const { log } = keptLog();
		next = () => undefined;
		const wait = () => new Promise<void>(() => undefined);
		const cluster = await follow(createClusterView({ checkServices, clock: () => nowMs, wait, log })).nth(1);
		assert.match(cluster.problem ?? '', /KUBEJOIN_KUBECONFIG_FILE/);
		assert.equal(cluster.services.length, 1);
	});
});
