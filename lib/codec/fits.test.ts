import assert from 'node:assert/strict';
import { isJsonObject, type JsonObject } from '../json-object.ts';
import { fits } from './fits.ts';
import { readMessage } from './read.ts';
import { messageNamed } from './schema.ts';

const lease = {
	apiVersion: 'coordination.k8s.io/v1',
	kind: 'Lease',
	metadata: {
		name: 'node-1',
		namespace: 'kube-node-lease',
		uid: '8f2c',
		resourceVersion: '7',
		creationTimestamp: '2026-11-27T10:00:00Z',
		ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: '6b1d' }],
		managedFields: [
			{
				manager: 'kubelet',
				operation: 'Update',
				apiVersion: 'coordination.k8s.io/v1',
				time: '2026-11-27T10:00:10Z',
				fieldsType: 'FieldsV1',
				fieldsV1: { 'f:spec': { 'f:renewTime': {} } },
			},
		],
	},
	spec: { holderIdentity: 'node-1', leaseDurationSeconds: 40, renewTime: '2026-11-27T10:00:10.000001Z' },
};
const node = {
	metadata: { name: 'node-1', labels: { 'kubernetes.io/os': 'linux' }, generation: 2 },
	spec: { unschedulable: true, podCIDRs: ['10.0.0.0/24'], taints: [{ key: 'a', effect: 'NoSchedule' }] },
	status: {
		capacity: { cpu: '4', memory: '16384Ki', 'ephemeral-storage': '1500m' },
		conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-11-28T23:59:59Z' }],
		daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } },
	},
};
const csr = {
	spec: { request: 'YQ==', signerName: 'a/b', expirationSeconds: 600, usages: ['any'], extra: { k: ['v'] } },
	status: { conditions: [{ type: 'Approved' }], certificate: 'YQ==' },
};
const pod = {
	spec: {
		containers: [{ name: 'c', readinessProbe: { httpGet: { port: 'web' } }, resources: { limits: { cpu: '1' } } }],
		tolerations: [{ tolerationSeconds: 300 }],
	},
};
const objects: readonly [string, JsonObject][] = [
	['coordination/v1.Lease', lease],
	['core/v1.Node', node],
	['certificates/v1.CertificateSigningRequest', csr],
	['core/v1.Pod', pod],
];

const others: readonly unknown[] = [
	...[null, undefined, true, false, 0, -1, 1.5, 2 ** 31, -(2 ** 31) - 1, 2 ** 53, Number.NaN],
	...['', 'a', 'a\ud800', '5', '5Gi', '5x', '-5', '1e3', '9'.repeat(40), 'YQ', 'YQ=='],
	...['0000-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-02-28T24:00:00Z'],
	...['2026-02-29T00:00:00Z', '2028-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-11-30T00:00:00Z'],
	...['2026-01-31T00:00:00Z', '2026-01-01T00:00:00Z\n', '2026-01-01T00:00:00.5Z', '2026-01-01T00:00:00.123456Z'],
	...[[], [null], [undefined], ['a'], [1], [[]], [{}], {}, { a: null }, { a: undefined }, { a: 1 }, { a: 'b' }],
	...[{ 'a\ud800': 'b' }, { unknown: { x: 1 } }, { metadata: 1 }, JSON.parse('{"__proto__":1}')],
];

/** Copies with one value, anywhere in the object, replaced by another one. */
function* changed(value: unknown): Generator<unknown> {
	yield* others;
	if (Array.isArray(value)) {
		for (const index of value.keys())
			for (const other of changed(value[index])) yield value.map((one, at) => (at === index ? other : one));
	} else if (isJsonObject(value)) {
		for (const name of Object.keys(value)) for (const other of changed(value[name])) yield { ...value, [name]: other };
	}
}

describe('the quick check of types', () => {
	it('accepts the objects of nodes', () => {
		for (const [name, object] of objects.slice(0, 2)) assert.ok(fits(messageNamed(name), object), name);
	});

	it('leaves an object of many values to read.ts', () => {
		const labels = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, at) => [`k${at}`, 'v']));
		const fitsLabels = (count: number) => fits(messageNamed('core/v1.Node'), { metadata: { labels: labels(count) } });
		assert.ok(fitsLabels(998));
		assert.ok(!fitsLabels(999));
	});

	it('accepts nothing that read.ts refuses', () => {
		let [accepted, refused] = [0, 0];
		for (const [name, object] of objects) {
			const message = messageNamed(name);
			for (const other of changed(object)) {
				if (!isJsonObject(other)) continue;
				const { problem } = readMessage(message, other);
				if (!fits(message, other)) refused += problem === undefined ? 0 : 1;
				else assert.equal(problem, undefined, JSON.stringify(other));
				accepted += problem === undefined ? 1 : 0;
			}
		}
		assert.ok(accepted > 500 && refused > 1_000, `${accepted}, ${refused}`);
	});
});
