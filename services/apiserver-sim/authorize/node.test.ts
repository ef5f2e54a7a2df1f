/** The node authorizer: a row for each rule, with upstream's reason. */
import { strict as assert } from 'node:assert';
import fc from 'fast-check';
import type { ResourceRequest } from './attributes.ts';
import { anyRequest, node, pathRequest, resourceRequest, userNamed } from './fixtures.test.ts';
import { createNodeAuthorizer } from './node.ts';

/** Related to node a: everything that is called `mine`. */
const authorizer = createNodeAuthorizer({
	related: (of, _resource, _namespace, name) => of === 'a' && name === 'mine',
});
const onNodeA = (field: string, operator: '=' | '!=' = '=', value = 'a'): Partial<ResourceRequest> => ({
	fieldSelector: [{ field, operator, value }],
});

const leaseVerbs = 'can only get, create, update, patch, or delete a node lease';
const leaseNamespace = 'can only access leases in the "kube-node-lease" system namespace';
const leaseName = 'can only access node lease with the same name as the requesting node';
const unrelated = "no relationship found between node 'a' and this object";
const inNamespace = { namespace: 'ns' };
const lease = { apiGroup: 'coordination.k8s.io', resource: 'leases', namespace: 'kube-node-lease' };
const csiNode = { apiGroup: 'storage.k8s.io', resource: 'csinodes' };
const csr = { apiGroup: 'certificates.k8s.io', resource: 'certificatesigningrequests' };
const podCertificate = { apiGroup: 'certificates.k8s.io', ...inNamespace };
const slice = { apiGroup: 'resource.k8s.io', resource: 'resourceslices' };
const allowed = 'Allow';

/** verb, resource and what else there is; then `Allow` or the reason. */
const rows: [string, string, Partial<ResourceRequest>, string][] = [
	['get', 'secrets', { ...inNamespace, name: 'mine' }, allowed],
	['list', 'secrets', { ...inNamespace, name: 'mine' }, allowed],
	['watch', 'configmaps', { ...inNamespace, name: 'mine' }, allowed],
	['get', 'secrets', { ...inNamespace, name: 'other' }, unrelated],
	['list', 'secrets', inNamespace, 'No Object name found'],
	['create', 'secrets', inNamespace, 'can only read resources of this type'],
	['get', 'secrets', { ...inNamespace, name: 'mine', subresource: 'x' }, 'cannot read subresource'],
	['list', 'configmaps', {}, 'can only read namespaced object of this type'],
	['get', 'persistentvolumeclaims', { ...inNamespace, name: 'mine' }, allowed],
	['list', 'persistentvolumeclaims', inNamespace, 'can only get individual resources of this type'],
	['get', 'persistentvolumes', { name: 'mine', subresource: 'x' }, 'cannot get subresource'],
	['patch', 'persistentvolumeclaims', { ...inNamespace, name: 'mine', subresource: 'status' }, allowed],
	[
		'get',
		'persistentvolumeclaims',
		{ ...inNamespace, name: 'mine', subresource: 'status' },
		'can only get/update/patch this type',
	],
	['get', 'resourceclaims', { apiGroup: 'resource.k8s.io', ...inNamespace, name: 'other' }, unrelated],
	['get', 'volumeattachments', { apiGroup: 'storage.k8s.io', name: 'mine' }, allowed],
	['create', 'serviceaccounts', { ...inNamespace, name: 'mine', subresource: 'token' }, allowed],
	['create', 'serviceaccounts', { ...inNamespace, name: 'other', subresource: 'token' }, unrelated],
	[
		'create',
		'serviceaccounts',
		{ ...inNamespace, name: 'mine' },
		'can only create token subresource of serviceaccount',
	],
	['get', 'serviceaccounts', { ...inNamespace, name: 'mine' }, allowed],
	['get', 'serviceaccounts', { ...inNamespace, name: 'other' }, unrelated],
	['get', 'serviceaccounts', { name: 'mine' }, 'can only read namespaced object of this type'],
	['list', 'serviceaccounts', inNamespace, 'can only create tokens for individual service accounts'],
	['create', 'podcertificaterequests', podCertificate, allowed],
	['get', 'podcertificaterequests', { ...podCertificate, name: 'mine' }, allowed],
	['get', 'podcertificaterequests', { ...podCertificate, name: 'other' }, unrelated],
	['watch', 'podcertificaterequests', { ...podCertificate, ...onNodeA('spec.nodeName') }, allowed],
	[
		'list',
		'podcertificaterequests',
		podCertificate,
		'can only list/watch podcertificaterequests with nodeName field selector',
	],
	['delete', 'podcertificaterequests', podCertificate, 'nodes may not delete podcertificaterequests'],
	[
		'update',
		'podcertificaterequests',
		{ ...podCertificate, subresource: 'status' },
		'nodes may not access the status subresource of PodCertificateRequests',
	],
	[
		'get',
		'csinodes',
		{ ...csiNode, name: 'a', subresource: 'status' },
		'CSINode status access requires CSIVolumeHealth feature',
	],
	['create', 'leases', lease, allowed],
	['update', 'leases', { ...lease, name: 'a' }, allowed],
	['update', 'leases', { ...lease, name: 'b' }, leaseName],
	['list', 'leases', lease, leaseVerbs],
	['get', 'leases', { ...lease, namespace: 'kube-system', name: 'a' }, leaseNamespace],
	['patch', 'csinodes', { ...csiNode, name: 'a' }, allowed],
	['get', 'csinodes', { ...csiNode, name: 'b' }, 'can only access CSINode with the same name as the requesting node'],
	['list', 'csinodes', csiNode, 'can only get, create, update, patch, or delete a CSINode'],
	['get', 'csinodes', { ...csiNode, name: 'a', subresource: 'x' }, 'cannot authorize CSINode subresources'],
	['create', 'resourceslices', slice, allowed],
	['delete', 'resourceslices', { ...slice, name: 'other' }, unrelated],
	['list', 'resourceslices', { ...slice, ...onNodeA('spec.nodeName') }, allowed],
	['list', 'resourceslices', slice, 'can only list/watch/deletecollection resourceslices with nodeName field selector'],
	['get', 'resourceslices', { ...slice, subresource: 'x' }, 'cannot authorize ResourceSlice subresources'],
	[
		'approve',
		'resourceslices',
		slice,
		'only the following verbs are allowed for a ResourceSlice: ' +
			'get, watch, list, create, update, patch, delete, deletecollection',
	],
	['create', 'nodes', {}, allowed],
	['update', 'nodes', { name: 'b' }, allowed],
	['patch', 'nodes', { name: 'b', subresource: 'status' }, allowed],
	['get', 'nodes', { name: 'a' }, allowed],
	['watch', 'nodes', { name: 'a' }, allowed],
	['get', 'nodes', { name: 'b' }, "node 'a' cannot read 'b', only its own Node object"],
	['list', 'nodes', {}, "node 'a' cannot read all nodes, only its own Node object"],
	['delete', 'nodes', { name: 'a' }, ''],
	['get', 'nodes', { name: 'a', subresource: 'status' }, ''],
	['get', 'nodes', { name: 'a', subresource: 'proxy' }, ''],
	['get', 'pods', { ...inNamespace, name: 'mine' }, allowed],
	['get', 'pods', { ...inNamespace, name: 'other' }, unrelated],
	['list', 'pods', onNodeA('spec.nodeName'), allowed],
	['watch', 'pods', onNodeA('spec.nodeName', '!='), 'can only list/watch pods with spec.nodeName field selector'],
	['watch', 'pods', onNodeA('spec.nodeName', '=', 'b'), 'can only list/watch pods with spec.nodeName field selector'],
	['list', 'pods', {}, 'can only list/watch pods with spec.nodeName field selector'],
	['list', 'pods', { ...inNamespace, name: 'mine' }, allowed],
	['create', 'pods', inNamespace, allowed],
	['patch', 'pods', { ...inNamespace, name: 'other', subresource: 'status' }, allowed],
	['create', 'pods', { ...inNamespace, name: 'other', subresource: 'eviction' }, allowed],
	['create', 'pods', { ...inNamespace, name: 'mine', subresource: 'exec' }, ''],
	['update', 'pods', { ...inNamespace, name: 'mine' }, ''],
	['list', 'services', {}, allowed],
	['delete', 'services', { ...inNamespace, name: 'x' }, ''],
	['create', 'events', inNamespace, allowed],
	['create', 'certificatesigningrequests', csr, allowed],
	['watch', 'certificatesigningrequests', csr, allowed],
	['update', 'certificatesigningrequests', { ...csr, name: 'x', subresource: 'approval' }, ''],
	['create', 'subjectaccessreviews', { apiGroup: 'authorization.k8s.io' }, allowed],
];

describe('createNodeAuthorizer', () => {
	for (const [verb, resource, given, expected] of rows) {
		const request = resourceRequest({ user: node('a'), verb, resource, ...given });
		const what = `${verb} ${request.namespace}/${resource}/${request.name}/${request.subresource}`;
		it(`${what}: ${expected || 'no opinion'}`, () => {
			const decision =
				expected === allowed ? { decision: allowed, reason: '' } : { decision: 'NoOpinion', reason: expected };
			assert.deepEqual(authorizer.authorize(request), decision);
		});
	}

	const ownNode = { resource: 'nodes', name: 'a' };
	it('has no opinion of users that are no nodes', () => {
		for (const user of [
			userNamed('system:node:a'),
			userNamed('a', 'system:nodes'),
			userNamed('system:bootstrap:abcdef', 'system:bootstrappers'),
		]) {
			assert.deepEqual(authorizer.authorize(resourceRequest({ user, ...ownNode })), {
				decision: 'NoOpinion',
				reason: '',
			});
		}
	});
	it('says that it does not know a node without a name', () => {
		const decision = authorizer.authorize(resourceRequest({ user: node(''), ...ownNode }));
		assert.deepEqual(decision, { decision: 'NoOpinion', reason: 'unknown node for user "system:node:"' });
	});
	it('leaves paths to RBAC', () =>
		assert.equal(authorizer.authorize(pathRequest(node('a'), 'get', '/healthz')).decision, 'NoOpinion'));
	it('never denies, and allows only nodes', () => {
		fc.assert(
			fc.property(anyRequest, fc.boolean(), (request, related) => {
				const { decision } = createNodeAuthorizer({ related: () => related }).authorize(request);
				assert.notEqual(decision, 'Deny');
				const isNode = request.user.username === 'system:node:a' && request.user.groups.includes('system:nodes');
				if (!isNode) assert.equal(decision, 'NoOpinion');
			}),
		);
	});
});
