/** NodeRestriction: the writes of a node, with upstream's texts. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { CertificateSigningRequest, KubeObject, Node, UserInfo } from '../../../lib/kube/types.ts';
import { createCsr } from '../../../lib/pki/csr.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import { generateKeyPair, type KeyPair } from '../../../lib/pki/keys.ts';
import { node, userNamed } from '../authorize/fixtures.test.ts';
import { fakeAuthorizer, refusalOf, request } from '../fixtures.test.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { attributesOf, type Operation, type Write } from './admission.ts';
import { isForbiddenLabel, nodeRestriction } from './node-restriction.ts';

interface Given extends Partial<Omit<Write, 'request'>> {
	readonly user?: UserInfo;
	readonly name?: string;
	readonly namespace?: string;
	readonly subresource?: string;
}
const verbs = { CREATE: 'create', UPDATE: 'update', DELETE: 'delete' } as const;
const write = (
	operation: Operation,
	resource: ApiResource,
	{ object, previous, user = node('a'), name = '', namespace = '', subresource = '' }: Given,
): Write => ({
	request: request(verbs[operation], resource, { user, name, namespace, subresource }),
	operation,
	object,
	previous,
});
type Meta = Node['metadata'];
const nodeObject = (metadata: Meta = {}, spec?: object): Node => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: { name: 'a', ...metadata },
	...(spec && { spec }),
});
const update = (previous: Node, object: Node, subresource = '', user = node('a')): Write =>
	write('UPDATE', resources.nodes, { name: 'a', subresource, previous, object, user });
const create = (object: KubeObject): Write => write('CREATE', resources.nodes, { object });

const taint = { key: 'k', effect: 'NoSchedule' };
const owner = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: '1' };
const role = 'node-role.kubernetes.io/control-plane';

const named = (apiVersion: string, kind: string, name: string, more: object = {}): KubeObject => ({
	apiVersion,
	kind,
	metadata: { name },
	...more,
});
const lease = (operation: Operation, name: string, namespace = 'kube-node-lease') =>
	write(operation, resources.leases, {
		namespace,
		name: operation === 'CREATE' ? '' : name,
		object: named('coordination.k8s.io/v1', 'Lease', name),
	});
const csiNode = (operation: Operation, name: string, given: Given = {}) =>
	write(operation, resources.csiNodes, {
		name: operation === 'CREATE' ? '' : name,
		object: named('storage.k8s.io/v1', 'CSINode', name),
		...given,
	});
const csr = (signerName: string, pem: string, operation: Operation = 'CREATE') => {
	const object: CertificateSigningRequest = {
		apiVersion: 'certificates.k8s.io/v1',
		kind: 'CertificateSigningRequest',
		metadata: { name: 'csr' },
		spec: { request: Buffer.from(pem).toString('base64'), signerName, usages: [] },
	};
	return write(operation, resources.certificateSigningRequests, { object });
};

const mirror = { 'kubernetes.io/config.mirror': 'x' };
const ofNode = { apiVersion: 'v1', kind: 'Node', name: 'a', uid: 'uid-a', controller: true };
const pod = (spec: object = {}, metadata: object = {}): KubeObject => ({
	apiVersion: 'v1',
	kind: 'Pod',
	metadata: { name: 'p', uid: 'uid-p', annotations: mirror, ownerReferences: [ofNode], ...metadata },
	...{ spec: { nodeName: 'a', ...spec } },
});
const createPod = (object: KubeObject) => write('CREATE', resources.pods, { namespace: 'ns', object });
const podStatus = (previous: KubeObject, object: KubeObject) =>
	write('UPDATE', resources.pods, { namespace: 'ns', name: 'p', subresource: 'status', previous, object });
const withVolume = (volume: object) => createPod(pod({ volumes: [{ name: 'v', ...volume }] }));
const evict = (name: string) =>
	write('CREATE', resources.pods, {
		namespace: 'ns',
		name,
		subresource: 'eviction',
		object: named('policy/v1', 'Eviction', name),
	});
const token = (boundObjectRef: object | undefined, audiences: string[] = []) =>
	write('CREATE', resources.serviceAccounts, {
		namespace: 'ns',
		name: 'default',
		subresource: 'token',
		object: named('authentication.k8s.io/v1', 'TokenRequest', '', {
			spec: { audiences, ...(boundObjectRef && { boundObjectRef }) },
		}),
	});
const toPod = { apiVersion: 'v1', kind: 'Pod', name: 'p', uid: 'uid-p' };

/** Pod p is bound to node a and pod q to node b. */
const objects: ObjectReader = {
	get: async (_resource, _namespace, name) => {
		const projected = { sources: [{ serviceAccountToken: { audience: 'vault' } }] };
		const volumes = [
			{ name: 't', projected },
			{ name: 'd', csi: { driver: 'driver' } },
		];
		const all: Record<string, KubeObject> = {
			p: pod({ volumes }),
			q: pod({ nodeName: 'b' }, { name: 'q', uid: 'uid-q' }),
			a: named('v1', 'Node', 'a', { metadata: { name: 'a', uid: 'uid-a' } }),
			driver: named('storage.k8s.io/v1', 'CSIDriver', 'driver', { spec: { tokenRequests: [{ audience: 'csi' }] } }),
		};
		return all[name] as never;
	},
	list: async () => [],
};
const allowed = 'system:node:a request-serviceaccounts-token-audience allowed default';
const { mutate } = nodeRestriction(objects, fakeAuthorizer(allowed), createCsrReader());
const refusal = (given: Write): Promise<string> => {
	const { name: known, object, resource } = attributesOf(given);
	const name = known || object?.metadata.generateName;
	const prefix = `403 Forbidden: ${resource.resource}${resource.group && `.${resource.group}`} "${name || 'Unknown'}"`;
	return refusalOf(Promise.resolve().then(() => mutate?.(attributesOf(given)))).then(
		(text) => text.replace(`${prefix} is forbidden: `, ''),
		() => 'admitted',
	);
};

const rows: [string, Write, string | undefined][] = [
	['another node', write('UPDATE', resources.nodes, { name: 'b' }), 'node "a" is not allowed to modify node "b"'],
	['a new other node', create(nodeObject({ name: 'b' })), 'node "a" is not allowed to modify node "b"'],
	[
		'a node with a generated name',
		create(nodeObject({ name: '', generateName: 'a' })),
		'node "a" is not allowed to modify node ""',
	],
	[
		"another node's status",
		write('UPDATE', resources.nodes, { name: 'b', subresource: 'status' }),
		'node "a" is not allowed to modify node "b"',
	],
	[
		'its own new node',
		create(nodeObject({ labels: { 'kubernetes.io/hostname': 'a', mine: 'x' } }, { taints: [taint] })),
		undefined,
	],
	['deleting its own node', write('DELETE', resources.nodes, { name: 'a' }), undefined],
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
	['an update without the objects', write('UPDATE', resources.nodes, { name: 'a' }), 'unexpected type <nil>'],
	['its own new lease', lease('CREATE', 'a'), undefined],
	[
		'a new lease of another',
		lease('CREATE', 'b'),
		'can only access node lease with the same name as the requesting node',
	],
	['a lease of another', lease('UPDATE', 'b'), 'can only access node lease with the same name as the requesting node'],
	[
		'a lease elsewhere',
		lease('UPDATE', 'a', 'kube-system'),
		'can only access leases in the "kube-node-lease" system namespace',
	],
	['a CSINode of another', csiNode('CREATE', 'b'), 'can only access CSINode with the same name as the requesting node'],
	['its own CSINode', csiNode('UPDATE', 'a'), undefined],
	[
		'a spec through the status of its CSINode',
		csiNode('UPDATE', 'a', {
			subresource: 'status',
			previous: named('storage.k8s.io/v1', 'CSINode', 'a', { spec: { drivers: [] } }),
		}),
		'node "a" is not allowed to modify CSINode spec via status',
	],
	[
		'a certificate request of another form',
		csr('kubernetes.io/kubelet-serving', 'no PEM'),
		'unable to parse csr: PEM block type must be CERTIFICATE REQUEST',
	],
	['a certificate of another signer', csr('example.com/signer', ''), undefined],
	['an update of a certificate request', csr('kubernetes.io/kubelet-serving', '', 'UPDATE'), undefined],
	['its own mirror pod', createPod(pod()), undefined],
	[
		'a pod that is no mirror',
		createPod(pod({}, { annotations: {} })),
		'pod does not have "kubernetes.io/config.mirror" annotation, node "a" can only create mirror pods',
	],
	[
		'a mirror pod of another node',
		createPod(pod({ nodeName: 'b' })),
		'node "a" can only create pods with spec.nodeName set to itself',
	],
	[
		'a mirror pod with two owners',
		createPod(pod({}, { ownerReferences: [ofNode, ofNode] })),
		'node "a" can only create pods with a single owner reference set to itself',
	],
	[
		'a mirror pod without an owner',
		createPod(pod({}, { ownerReferences: [] })),
		'node "a" can only create pods with an owner reference set to itself',
	],
	[
		'a mirror pod owned by another node',
		createPod(pod({}, { ownerReferences: [{ ...ofNode, name: 'b' }] })),
		'node "a" can only create pods with an owner reference set to itself',
	],
	[
		'a mirror pod without a controller',
		createPod(pod({}, { ownerReferences: [{ ...ofNode, controller: false }] })),
		'node "a" can only create pods with a controller owner reference set to itself',
	],
	[
		'a mirror pod that blocks the deletion of its node',
		createPod(pod({}, { ownerReferences: [{ ...ofNode, blockOwnerDeletion: true }] })),
		'node "a" must not set blockOwnerDeletion on an owner reference',
	],
	[
		'a mirror pod of an earlier node',
		createPod(pod({}, { ownerReferences: [{ ...ofNode, uid: 'old' }] })),
		'node a UID mismatch: expected old got uid-a',
	],
	[
		'a mirror pod with a service account',
		createPod(pod({ serviceAccountName: 's' })),
		'node "a" can not create pods that reference serviceaccounts',
	],
	...Object.entries({
		env: [{ valueFrom: { secretKeyRef: { name: 's' } } }],
		envFrom: [{ secretRef: { name: 's' } }],
	}).map(([field, value]): [string, Write, string] => [
		`a mirror pod with a secret in ${field}`,
		createPod(pod({ containers: [{ [field]: value }] })),
		'node "a" can not create pods that reference secrets',
	]),
	[
		'a mirror pod with a config map in an init container',
		createPod(pod({ initContainers: [{ envFrom: [{ configMapRef: { name: 'c' } }] }] })),
		'node "a" can not create pods that reference configmaps',
	],
	[
		'a mirror pod with a secret volume',
		withVolume({ secret: { secretName: 's' } }),
		'node "a" can not create pods that reference secrets',
	],
	[
		'a mirror pod with a secret volume without a name',
		withVolume({ secret: {} }),
		'node "a" can not create pods that reference secrets (via secret volumes)',
	],
	[
		'a mirror pod with a secret behind a volume',
		withVolume({ cephfs: { secretRef: { name: 's' } } }),
		'node "a" can not create pods that reference secrets',
	],
	[
		'a mirror pod with a claim',
		withVolume({ persistentVolumeClaim: {} }),
		'node "a" can not create pods that reference persistentvolumeclaims',
	],
	[
		'a mirror pod with a projected token',
		withVolume({ projected: { sources: [{ downwardAPI: {} }, { serviceAccountToken: {} }] } }),
		'node "a" can not create pods that reference serviceaccounts (via projected volumes)',
	],
	['a mirror pod with local volumes', withVolume({ hostPath: { path: '/' } }), undefined],
	[
		'a mirror pod with an unknown volume',
		withVolume({ other: {} }),
		'error checking mirror pod for API references: unknown volume type for volume  "v"',
	],
	[
		'deleting a pod of another node',
		write('DELETE', resources.pods, { namespace: 'ns', name: 'q', previous: pod({ nodeName: 'b' }) }),
		'node "a" can only delete pods with spec.nodeName set to itself',
	],
	['deleting its pod', write('DELETE', resources.pods, { namespace: 'ns', name: 'p', previous: pod() }), undefined],
	[
		'an update of its pod',
		write('UPDATE', resources.pods, { namespace: 'ns', name: 'p', previous: pod(), object: pod() }),
		'unexpected operation "UPDATE", node "a" can only create and delete mirror pods',
	],
	['the status of its pod', podStatus(pod(), pod()), undefined],
	[
		'the status of a pod of another node',
		podStatus(pod({ nodeName: 'b' }), pod()),
		'node "a" can only update pod status for pods with spec.nodeName set to itself',
	],
	[
		'labels through the status of its pod',
		podStatus(pod(), pod({}, { labels: { x: 'y' } })),
		'node "a" cannot update labels through pod status',
	],
	[
		'a binding of a pod',
		write('CREATE', resources.pods, { namespace: 'ns', name: 'p', subresource: 'binding' }),
		"unexpected pod subresource \"binding\", only 'status' and 'eviction' are allowed",
	],
	['an eviction of its pod', evict('p'), undefined],
	['an eviction from another node', evict('q'), 'node a can only evict pods with spec.nodeName set to itself'],
	['an eviction of a missing pod', evict('none'), '404 NotFound: pods "none" not found'],
	['a token for no pod', token(undefined), 'node requested token not bound to a pod'],
	[
		'a token for a pod without a uid',
		token({ ...toPod, uid: '' }),
		'node requested token with a pod binding without a uid',
	],
	[
		'a token for a pod with another uid',
		token({ ...toPod, uid: 'old' }),
		'the UID in the bound object reference (old) does not match the UID in record. ' +
			'The object might have been deleted and then recreated',
	],
	[
		'a token for a pod of another node',
		token({ ...toPod, name: 'q', uid: 'uid-q' }),
		'node requested token bound to a pod scheduled on a different node',
	],
	['a token for two audiences', token(toPod, ['vault', 'csi']), 'node may only request 0 or 1 audiences'],
	['a token for the audience of a volume', token(toPod, ['vault']), undefined],
	['a token for the audience of a CSI driver', token(toPod, ['csi']), undefined],
	['a token for an audience that RBAC allows', token(toPod, ['allowed']), undefined],
	[
		'a token for another audience',
		token(toPod, ['other']),
		'system:node:a is not authorized to request tokens for audience "other"',
	],
	['nothing that is restricted', write('CREATE', resources.events, { namespace: 'default' }), undefined],
	[
		'anything, by a node without a name',
		write('CREATE', resources.events, { user: node('') }),
		'could not determine node from user "system:node:"',
	],
	[
		'anything, by a user that is not a node',
		update(nodeObject(), nodeObject({ labels: { [role]: '' } }), '', userNamed('u')),
		undefined,
	],
];

describe('NodeRestriction', () => {
	let keys: KeyPair;
	before(async () => {
		keys = await generateKeyPair('ECDSA-P256');
	});

	for (const [title, given, expected] of rows) {
		it(`${title}: ${expected ?? 'admitted'}`, async () => assert.equal(await refusal(given), expected ?? 'admitted'));
	}
	it('admits only certificate requests with the name of the node', async () => {
		const requestOf = (commonName: string) => createCsr({ subject: { commonName, organizations: [] } }, keys);
		for (const signer of ['kubernetes.io/kube-apiserver-client-kubelet', 'kubernetes.io/kubelet-serving']) {
			assert.equal(await refusal(csr(signer, requestOf('system:node:a'))), 'admitted');
			const other = csr(signer, requestOf('system:node:b'));
			assert.equal(await refusal(other), 'can only create a node CSR with CN=system:node:a');
		}
	});
	it('admits no write to a node of another name', async () => {
		await fc.assert(
			fc.asyncProperty(
				fc.constantFrom<Operation>('CREATE', 'UPDATE', 'DELETE'),
				fc.string(),
				fc.constantFrom('', 'status'),
				async (operation, name, subresource) => {
					fc.pre(name !== 'a');
					const given = write(operation, resources.nodes, { name, subresource, object: nodeObject({ name }) });
					assert.notEqual(await refusal(given), 'admitted');
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
