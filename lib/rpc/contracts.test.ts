import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode } from '../errors.ts';
import { limits } from '../limits.ts';
import { contractOf } from './contracts.ts';

const definitionOf = (service: string, method: string) => {
	const definition = contractOf(service)[method];
	assert.ok(definition);
	return definition;
};
/** JSON -> wire -> JSON, as a request and as a response. */
function roundTrip(service: string, object: object, method = 'Create'): object {
	const { requestSerialize, requestDeserialize, responseSerialize, responseDeserialize } = definitionOf(
		service,
		method,
	);
	const received = requestDeserialize(requestSerialize(object));
	assert.deepEqual(responseDeserialize(responseSerialize(object)), received);
	return received;
}
const keeps = (service: string, object: object) => assert.deepEqual(roundTrip(service, object), object);
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the contracts keep the Kubernetes JSON shape across the wire', () => {
	it('metadata: times, maps, references, generation', () => {
		keeps('ConfigMaps', {
			metadata: {
				name: 'n',
				generateName: 'n-',
				namespace: 'ns',
				uid: 'u',
				resourceVersion: '12',
				generation: 3,
				creationTimestamp: '2026-01-31T12:00:00Z',
				deletionTimestamp: '1969-12-31T23:59:59Z',
				labels: { a: '1', 'b.c/d': '' },
				annotations: { x: 'ü' },
				ownerReferences: [
					{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'u', controller: false, blockOwnerDeletion: true },
				],
			},
			data: { kubeconfig: 'a: b\n', empty: '' },
		});
	});

	it('roles and bindings: rules, subjects, the role that is bound', () => {
		const rule = { verbs: ['get'], apiGroups: [''], resources: ['nodes'], resourceNames: ['a'] };
		keeps('ClusterRoles', {
			metadata: { name: 'a:b' },
			rules: [rule, { verbs: ['get'], nonResourceURLs: ['/x'] }],
			aggregationRule: { clusterRoleSelectors: [{ matchLabels: { a: 'b' } }] },
		});
		keeps('Roles', { metadata: { name: 'r', namespace: 'ns' }, rules: [rule] });
		const subjects = [
			{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'g' },
			{ kind: 'ServiceAccount', name: 's', namespace: 'ns' },
		];
		const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'a:b' };
		keeps('ClusterRoleBindings', { metadata: { name: 'x' }, subjects, roleRef });
		keeps('RoleBindings', { metadata: { name: 'x', namespace: 'ns' }, subjects, roleRef });
	});

	it('CertificateSigningRequest: bytes, extra, conditions', () => {
		keeps('CertificateSigningRequests', {
			metadata: { name: 'csr-1' },
			spec: {
				request: base64('-----BEGIN CERTIFICATE REQUEST-----\n'),
				signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
				expirationSeconds: 600,
				usages: ['digital signature', 'client auth'],
				username: 'system:bootstrap:abcdef',
				uid: 'u',
				groups: ['system:bootstrappers'],
				extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=00', 'b'], empty: [] },
			},
			status: {
				conditions: [
					{
						type: 'Approved',
						status: 'True',
						reason: 'r',
						message: 'm',
						lastUpdateTime: '2026-01-31T12:00:00Z',
						lastTransitionTime: '2026-01-31T12:00:01Z',
					},
					{ type: 'Failed', status: 'True' },
				],
				certificate: base64('-----BEGIN CERTIFICATE-----\n'),
			},
		});
	});

	it('Node: quantities by name, a capital Port, times within a list', () => {
		keeps('Nodes', {
			metadata: { name: 'n' },
			spec: {
				podCIDR: '10.0.0.0/24',
				unschedulable: true,
				taints: [
					{ key: 'k', effect: 'NoExecute', timeAdded: '2026-01-31T12:00:00Z' },
					{ key: 'l', effect: 'e' },
				],
			},
			status: {
				capacity: { cpu: '2', memory: '4Gi' },
				allocatable: { cpu: '1900m' },
				conditions: [
					{
						type: 'Ready',
						status: 'True',
						lastHeartbeatTime: '2026-01-31T12:00:00Z',
						lastTransitionTime: '2026-01-31T12:00:00Z',
					},
				],
				addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
				daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
				nodeInfo: { machineID: 'm', kubeletVersion: 'v1.32.0' },
			},
		});
	});

	it('Lease: microseconds', () => {
		const lease = (renewTime: string) => ({
			metadata: { name: 'n' },
			spec: { holderIdentity: 'n', leaseDurationSeconds: 40, renewTime },
		});
		for (const time of [
			'2026-01-31T12:00:00.123456Z',
			'2026-01-31T12:00:00.000000Z',
			'2026-01-31T12:00:00.000001Z',
			'1969-12-31T23:59:59.500000Z',
		]) {
			keeps('Leases', lease(time));
		}
		assert.deepEqual(
			roundTrip('Leases', lease('2026-01-31T11:30:00.500000-00:30')),
			lease('2026-01-31T12:00:00.500000Z'),
		);
		assert.deepEqual(
			roundTrip('Leases', lease('2026-01-31T13:00:00.000000+01:00')),
			lease('2026-01-31T12:00:00.000000Z'),
		);
	});

	it('Secret: bytes by name', () => {
		keeps('Secrets', {
			metadata: { name: 'n' },
			type: 'bootstrap.kubernetes.io/token',
			data: { 'token-id': base64('abcdef'), empty: '' },
		});
	});

	it('reviews: extra of another group, answers', () => {
		const spec = {
			resourceAttributes: { verb: 'create', resource: 'pods', namespace: 'n' },
			user: 'u',
			groups: ['g'],
			extra: { a: ['b'] },
			uid: '1',
		};
		keeps('SubjectAccessReviews', {
			metadata: {},
			spec,
			status: { allowed: false, denied: true, reason: 'r', evaluationError: 'e' },
		});
		keeps('SelfSubjectReviews', {
			metadata: {},
			status: { userInfo: { username: 'u', groups: ['g'], extra: { a: ['b', 'c'] } } },
		});
	});

	it('keeps an explicit zero of a pointer, and absent fields absent', () => {
		const csr = (spec: object) => ({ metadata: { name: 'n' }, spec: { signerName: 's', ...spec } });
		keeps('CertificateSigningRequests', csr({ expirationSeconds: 0 }));
		keeps('CertificateSigningRequests', csr({}));
		keeps('Leases', {
			metadata: { name: 'n' },
			spec: { holderIdentity: '', leaseDurationSeconds: 0, leaseTransitions: 0 },
		});
		keeps('Leases', { metadata: { name: 'n' }, spec: {} });
		const controller = {
			apiVersion: 'v1',
			kind: 'Node',
			name: 'n',
			uid: 'u',
			controller: false,
			blockOwnerDeletion: false,
		};
		keeps('Nodes', { metadata: { ownerReferences: [controller] } });
		const deletion = { name: 'n', preconditions: { uid: '', resourceVersion: '' } };
		const { requestSerialize, requestDeserialize } = definitionOf('Nodes', 'Delete');
		assert.deepEqual(requestDeserialize(requestSerialize(deletion)), deletion);
		assert.deepEqual(
			definitionOf('CertificateAuthority', 'Sign').requestDeserialize(
				definitionOf('CertificateAuthority', 'Sign').requestSerialize({ expirationSeconds: 0 }),
			),
			{
				expirationSeconds: 0,
			},
		);
	});

	it('writes the bytes of Go: field numbers, an explicit zero of nanoseconds, an empty message for no time', () => {
		const spec = (object: object) =>
			Buffer.from(definitionOf('Leases', 'Create').requestSerialize({ spec: object })).toString('hex');
		// spec 2 { renewTime 4 { seconds 1: 1769860800, nanos 2 } }
		assert.equal(spec({ renewTime: '2026-01-31T12:00:00.000000Z' }), '120a220808c0ddf7cb061000');
		// { leaseDurationSeconds 2: 40, leaseTransitions 5: 0 }
		assert.equal(spec({ leaseDurationSeconds: 40, leaseTransitions: 0 }), '120410282800');
		// metadata 1 { name 1: "a", creationTimestamp 8 {} }, as Go writes a new object
		const fromGo = Buffer.from('0a050a01614200', 'hex');
		assert.deepEqual(definitionOf('Leases', 'Create').requestDeserialize(fromGo), { metadata: { name: 'a' } });
	});

	it('MESSAGE_TOO_COMPLEX: more fields than the limit, in a list, a map, nested messages or unknown groups', () => {
		const { requestSerialize, requestDeserialize } = definitionOf('ConfigMaps', 'Create');
		const withEntries = (count: number) =>
			requestSerialize({ data: Object.fromEntries(Array.from({ length: count }, (_, index) => [`${index}`, ''])) });
		const { value } = limits.messageFields;
		requestDeserialize(withEntries(value / 8));
		const tooMany = [
			withEntries(value),
			definitionOf('CertificateSigningRequests', 'Create').requestSerialize({
				spec: { usages: Array(value).fill('') },
			}),
			Buffer.alloc(4 * value + 4, Buffer.from([0xa3, 0x06, 0xa4, 0x06])),
			Buffer.alloc(value, 0x0b),
		];
		for (const [index, bytes] of tooMany.entries()) {
			const { requestDeserialize: decode } = definitionOf(
				index === 1 ? 'CertificateSigningRequests' : 'ConfigMaps',
				'Create',
			);
			assert.throws(
				() => decode(bytes),
				(error: unknown) => hasCode(error, 'MESSAGE_TOO_COMPLEX') || hasCode(error, 'MESSAGE_UNREADABLE'),
				`message ${index}`,
			);
		}
	});

	it('MESSAGE_UNREADABLE: any bytes that are no message', () => {
		const { requestDeserialize } = definitionOf('Nodes', 'Create');
		fc.assert(
			fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
				try {
					requestDeserialize(Buffer.from(bytes));
				} catch (error) {
					assert.ok(hasCode(error, 'MESSAGE_UNREADABLE') || hasCode(error, 'MESSAGE_TOO_COMPLEX'), String(error));
				}
			}),
		);
	});

	it('lists and events convert their objects', () => {
		const node = {
			metadata: { name: 'n', creationTimestamp: '2026-01-31T12:00:00Z' },
			status: { capacity: { cpu: '1' } },
		};
		const { responseSerialize, responseDeserialize } = definitionOf('Nodes', 'List');
		const list = { metadata: { resourceVersion: '5' }, items: [node, node] };
		assert.deepEqual(responseDeserialize(responseSerialize(list)), list);
		const watch = definitionOf('Nodes', 'Watch');
		const event = { type: 'MODIFIED', object: node };
		assert.deepEqual(watch.responseDeserialize(watch.responseSerialize(event)), event);
	});

	it('drops a zero that upstream omits, and keeps one behind a pointer', () => {
		assert.deepEqual(roundTrip('Nodes', { metadata: { name: '' }, spec: { unschedulable: false } }), {
			metadata: {},
			spec: {},
		});
	});

	it('keeps the fields of a real kubelet', () => {
		keeps('Nodes', {
			metadata: {
				managedFields: [{ manager: 'kubelet', fieldsType: 'FieldsV1', fieldsV1: { 'f:metadata': { '.': {} } } }],
			},
			status: {
				images: [{ names: ['registry.k8s.io/pause:3.10'], sizeBytes: 320_368 }],
				volumesInUse: ['a'],
				features: { supplementalGroupsPolicy: true },
				runtimeHandlers: [{ name: '', features: { recursiveReadOnlyMounts: false } }],
			},
		});
	});

	it('refuses a text that is not a time, and an undeclared service', () => {
		assert.throws(
			() => roundTrip('Leases', { spec: { renewTime: 'soon' } }),
			/^Error: parsing time "soon" as .*: cannot parse "soon" as "2006"$/,
		);
		assert.throws(() => contractOf('Gadgets'), new TypeError('proto/kubejoin declares no service Gadgets'));
	});

	it('MESSAGE_UNREADABLE: refuses a time that RFC 3339 cannot write', () => {
		const { requestDeserialize } = definitionOf('Leases', 'Create');
		const varint = (value: bigint): number[] => {
			const bytes: number[] = [];
			for (let rest = BigInt.asUintN(64, value); ; rest >>= 7n) {
				if (rest < 128n) return [...bytes, Number(rest)];
				bytes.push(Number(rest & 127n) | 128);
			}
		};
		for (const [seconds, nanos] of [
			[5n, -1n],
			[5n, 1_000_000_000n],
			[253_402_300_800n, 0n],
			[-62_135_596_801n, 0n],
			[2n ** 62n, 0n],
		] as const) {
			const time = [8, ...varint(seconds), 16, ...varint(nanos)];
			const spec = [0x22, time.length, ...time];
			assert.throws(() => requestDeserialize(Buffer.from([0x12, spec.length, ...spec])), {
				code: 'MESSAGE_UNREADABLE',
			});
		}
	});

	it('MESSAGE_UNREADABLE: refuses a field that the message does not have', () => {
		const { requestDeserialize, responseDeserialize } = definitionOf('Nodes', 'Create');
		const unknown = Buffer.from([0x98, 0x06, 0x01]);
		assert.throws(() => requestDeserialize(unknown), { code: 'MESSAGE_UNREADABLE', message: /field number 99/ });
		assert.deepEqual(responseDeserialize(unknown), {});
	});
});
