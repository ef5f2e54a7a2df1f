/** NodeRestriction: the writes of a node, with upstream's texts. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { CertificateSigningRequest, KubeObject, Node } from '../../../lib/kube/types.ts';
import { node, resourceRequest, userNamed } from './fixtures.test.ts';
import { checkNodeRestriction, isForbiddenLabel, type NodeWrite } from './node-restriction.ts';

const write = (verb: string, resource: string, given: Partial<NodeWrite>): NodeWrite => ({
	...resourceRequest({ user: node('a'), verb, resource }),
	...given,
});
type Meta = Node['metadata'];
const nodeObject = (metadata: Meta = {}, spec?: object): Node => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: { name: 'a', ...metadata },
	...(spec && { spec }),
});
const update = (before: Node, after: Node, subresource = ''): NodeWrite =>
	write('update', 'nodes', { name: 'a', subresource, oldObject: before, object: after });
const create = (object: KubeObject): NodeWrite => write('create', 'nodes', { object });

const taint = { key: 'k', effect: 'NoSchedule' };
const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: '1' };
const role = 'node-role.kubernetes.io/control-plane';

const lease = (verb: string, name: string, namespace = 'kube-node-lease') =>
	write(verb, 'leases', {
		apiGroup: 'coordination.k8s.io',
		namespace,
		name: verb === 'create' ? '' : name,
		object: { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name } },
	});
const csr = (signerName: string, csrCommonName: string, verb = 'create') => {
	const object: CertificateSigningRequest = {
		apiVersion: 'certificates.k8s.io/v1',
		kind: 'CertificateSigningRequest',
		metadata: {},
		spec: { request: '', signerName, usages: [] },
	};
	return write(verb, 'certificatesigningrequests', { apiGroup: 'certificates.k8s.io', object, csrCommonName });
};

const rows: [string, NodeWrite, string | undefined][] = [
	['another node', write('update', 'nodes', { name: 'b' }), 'node "a" is not allowed to modify node "b"'],
	['a new other node', create(nodeObject({ name: 'b' })), 'node "a" is not allowed to modify node "b"'],
	[
		'a node with a generated name',
		create(nodeObject({ name: '', generateName: 'a' })),
		'node "a" is not allowed to modify node ""',
	],
	[
		"another node's status",
		write('patch', 'nodes', { name: 'b', subresource: 'status' }),
		'node "a" is not allowed to modify node "b"',
	],
	[
		'its own new node',
		create(nodeObject({ labels: { 'kubernetes.io/hostname': 'a', mine: 'x' } }, { taints: [taint] })),
		undefined,
	],
	['deleting its own node', write('delete', 'nodes', { name: 'a' }), undefined],
	[
		'forbidden labels on a new node',
		create(
			nodeObject({ labels: { [role]: '', 'node-restriction.kubernetes.io/x': 'y', 'kubernetes.io/os': 'linux' } }),
		),
		`node "a" is not allowed to set the following labels: node-restriction.kubernetes.io/x, ${role}`,
	],
	[
		'a new node with a config source',
		create(nodeObject({}, { configSource: {} })),
		'node "a" is not allowed to create pods with a non-nil configSource',
	],
	[
		'a new config source',
		update(nodeObject(), nodeObject({}, { configSource: {} })),
		'node "a" is not allowed to update configSource to a new non-nil configSource',
	],
	[
		'a config source as before',
		update(nodeObject({}, { configSource: {} }), nodeObject({}, { configSource: {} })),
		undefined,
	],
	[
		'a new taint',
		update(nodeObject(), nodeObject({}, { taints: [taint] })),
		'node "a" is not allowed to modify taints',
	],
	[
		'a removed taint',
		update(nodeObject({}, { taints: [taint] }), nodeObject()),
		'node "a" is not allowed to modify taints',
	],
	[
		'a taint through status',
		update(nodeObject(), nodeObject({}, { taints: [taint] }), 'status'),
		'node "a" is not allowed to modify taints',
	],
	[
		'the same taints',
		update(
			nodeObject({}, { taints: [taint] }),
			nodeObject({}, { taints: [{ effect: 'NoSchedule', value: '', key: 'k' }] }),
		),
		undefined,
	],
	['no taints written otherwise', update(nodeObject({}, { taints: [] }), nodeObject()), undefined],
	[
		'a new owner',
		update(nodeObject(), nodeObject({ ownerReferences: [owner] })),
		'node "a" is not allowed to modify ownerReferences',
	],
	[
		'a changed owner',
		update(
			nodeObject({ ownerReferences: [owner] }),
			nodeObject({ ownerReferences: [{ ...owner, controller: false }] }),
		),
		'node "a" is not allowed to modify ownerReferences',
	],
	[
		'a label that is its own',
		update(nodeObject(), nodeObject({ labels: { mine: 'x', 'kubelet.kubernetes.io/x': 'y' } })),
		undefined,
	],
	[
		'a forbidden label',
		update(nodeObject(), nodeObject({ labels: { [role]: '' } })),
		`is not allowed to modify labels: ${role}`,
	],
	[
		'a removed forbidden label',
		update(nodeObject({ labels: { [role]: '' } }), nodeObject()),
		`is not allowed to modify labels: ${role}`,
	],
	[
		'a forbidden label as before',
		update(nodeObject({ labels: { [role]: '' } }), nodeObject({ labels: { [role]: '' } })),
		undefined,
	],
	['an update without the objects', write('update', 'nodes', { name: 'a' }), 'unexpected type <nil>'],
	['its own new lease', lease('create', 'a'), undefined],
	[
		'a new lease of another',
		lease('create', 'b'),
		'can only access node lease with the same name as the requesting node',
	],
	['a lease of another', lease('update', 'b'), 'can only access node lease with the same name as the requesting node'],
	[
		'a lease elsewhere',
		lease('update', 'a', 'kube-system'),
		'can only access leases in the "kube-node-lease" system namespace',
	],
	['its own certificate', csr('kubernetes.io/kube-apiserver-client-kubelet', 'system:node:a'), undefined],
	[
		'a certificate of another',
		csr('kubernetes.io/kube-apiserver-client-kubelet', 'system:node:b'),
		'can only create a node CSR with CN=system:node:a',
	],
	[
		'a serving certificate of another',
		csr('kubernetes.io/kubelet-serving', 'system:node:b'),
		'can only create a node CSR with CN=system:node:a',
	],
	['a certificate of another signer', csr('example.com/signer', 'system:node:b'), undefined],
	['an update of a certificate request', csr('kubernetes.io/kubelet-serving', 'system:node:b', 'update'), undefined],
	['nothing that is restricted', write('create', 'events', { namespace: 'default' }), undefined],
	[
		'anything, by a node without a name',
		{ ...write('create', 'events', {}), user: node('') },
		'could not determine node from user "system:node:"',
	],
	[
		'anything, by a user that is not a node',
		{ ...update(nodeObject(), nodeObject({ labels: { [role]: '' } })), user: userNamed('u') },
		undefined,
	],
];

describe('checkNodeRestriction', () => {
	for (const [title, given, expected] of rows) {
		it(`${title}: ${expected ?? 'admitted'}`, () => assert.equal(checkNodeRestriction(given), expected));
	}
	it('admits no write to a node of another name', () => {
		fc.assert(
			fc.property(
				fc.constantFrom('create', 'update', 'patch', 'delete'),
				fc.string(),
				fc.constantFrom('', 'status'),
				(verb, name, subresource) => {
					fc.pre(name !== 'a');
					assert.notEqual(
						checkNodeRestriction(write(verb, 'nodes', { name, subresource, object: nodeObject({ name }) })),
						undefined,
					);
				},
			),
		);
	});
});

describe('isForbiddenLabel', () => {
	const labels: [string, boolean][] = [
		['plain', false],
		['example.com/x', false],
		['fakekubernetes.io/x', false],
		['kubernetes.io/hostname', false],
		['kubernetes.io/other', true],
		['k8s.io/x', true],
		['sub.k8s.io/x', true],
		['sub.kubelet.kubernetes.io/x', false],
		['node.kubernetes.io/x', false],
		['sub.node-restriction.kubernetes.io/x', true],
		['node-role.kubernetes.io/worker', true],
	];
	for (const [label, expected] of labels)
		it(`${label}: ${expected ? 'forbidden' : 'free'}`, () => assert.equal(isForbiddenLabel(label), expected));
	it('every label under node-restriction.kubernetes.io is forbidden', () => {
		fc.assert(fc.property(fc.string(), (key) => assert.ok(isForbiddenLabel(`node-restriction.kubernetes.io/${key}`))));
	});
});
