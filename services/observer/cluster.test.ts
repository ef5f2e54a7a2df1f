import assert from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import { type ClusterOptions, createClusterView } from './cluster.ts';

const list = (items: object[]) => async () => ({
	apiVersion: 'v1',
	kind: 'List',
	metadata: { resourceVersion: '1' },
	items,
});
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the view of the cluster', () => {
	let nowMs: number;
	let asked: number;
	let problem: Error | undefined;
	const secret = {
		metadata: { name: 'bootstrap-token-abcdef' },
		data: {
			'token-id': base64('abcdef'),
			'token-secret': base64('0123456789abcdef'),
			expiration: base64('2030-01-01T00:00:00Z'),
			'usage-bootstrap-signing': base64('true'),
		},
	};
	const api = {
		nodes: {
			list: async () => {
				asked++;
				if (problem !== undefined) throw problem;
				return list([{ metadata: { name: 'node-1' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } }])();
			},
		},
		leases: { list: list([{ metadata: { name: 'node-1' }, spec: { renewTime: '2026-01-01T00:00:00.000000Z' } }]) },
		certificateSigningRequests: {
			list: list([
				{
					metadata: { name: 'c' },
					spec: { signerName: 's', username: 'u' },
					status: { conditions: [{ type: 'Approved' }, { type: 'Failed' }] },
				},
			]),
		},
		secrets: { list: list([secret, { metadata: { name: 'other' } }]) },
	} as unknown as NonNullable<ClusterOptions['api']>;
	const view = () =>
		createClusterView({ api, checkServices: async () => [{ name: 'ca-service', health: 'ok' }], clock: () => nowMs });
	beforeEach(() => {
		nowMs = 10_000;
		asked = 0;
		problem = undefined;
	});

	it('holds nodes, tokens, requests and services, and of a token nothing that is secret', async () => {
		const cluster = await view().now();
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
		assert.ok(
			!JSON.stringify(cluster).includes('0123456789abcdef') &&
				!JSON.stringify(cluster).includes(base64('0123456789abcdef')),
		);
	});

	it('a node has the status that kubectl prints: NotReady also where the condition is Unknown', async () => {
		const statusWith = async (conditions: object[]) => {
			const nodes = { list: list([{ metadata: { name: 'n' }, status: { conditions } }]) };
			const options = { ...api, nodes } as unknown as NonNullable<ClusterOptions['api']>;
			const one = createClusterView({ api: options, checkServices: async () => [], clock: () => nowMs });
			const { nodes: found } = await one.now();
			return [found[0]?.status, found[0]?.reason];
		};
		const ready = (status: string, reason: string) => [{ type: 'Ready', status, reason }];
		assert.deepEqual(await statusWith(ready('True', 'KubeletReady')), ['Ready', undefined]);
		assert.deepEqual(await statusWith(ready('False', 'KubeletNotReady')), ['NotReady', 'KubeletNotReady']);
		assert.deepEqual(await statusWith(ready('Unknown', 'NodeStatusUnknown')), ['NotReady', 'NodeStatusUnknown']);
		assert.deepEqual(await statusWith([]), ['Unknown', undefined]);
	});

	it('however many look, the cluster is asked once a second', async () => {
		const one = view();
		await Promise.all([one.now(), one.now(), one.now()]);
		await one.now();
		assert.equal(asked, 1);
		nowMs += 1_000;
		await one.now();
		assert.equal(asked, 2);
	});

	it('says what is wrong when the API server does not answer, and keeps what it knew', async () => {
		const one = view();
		await one.now();
		nowMs += 1_000;
		problem = new KubejoinError('SHUTTING_DOWN', { service: 'apiserver-sim' });
		const cluster = await one.now();
		assert.equal(cluster.problem, problem.message);
		assert.equal(cluster.nodes.length, 1);
		assert.equal(cluster.services.find(({ name }) => name === 'apiserver-sim')?.health, 'away');
	});
});
