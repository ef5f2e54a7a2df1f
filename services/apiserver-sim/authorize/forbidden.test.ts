/** The exact messages of a 403, with and without name, group, namespace, subresource and reason. */
import { strict as assert } from 'node:assert';
import { hasCode } from '../../../lib/errors.ts';
import type { Attributes } from './attributes.ts';
import { pathRequest, resourceRequest, userNamed } from './fixtures.test.ts';
import { forbidden, forbiddenMessage } from './forbidden.ts';

const lease = {
	apiGroup: 'coordination.k8s.io',
	resource: 'leases',
	namespace: 'kube-node-lease',
	name: 'n',
	verb: 'update',
};
const messages: [Attributes, string, string][] = [
	[
		resourceRequest({ resource: 'nodes', verb: 'list' }),
		'',
		'nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the cluster scope',
	],
	[
		resourceRequest({ resource: 'nodes', verb: 'list' }),
		"node 'a' cannot read all nodes, only its own Node object",
		'nodes is forbidden: User "u" cannot list resource "nodes" in API group "" at the cluster scope: ' +
			"node 'a' cannot read all nodes, only its own Node object",
	],
	[
		resourceRequest({ resource: 'configmaps', namespace: 'kube-system', name: 'x' }),
		'',
		'configmaps "x" is forbidden: User "u" cannot get resource "configmaps" in API group "" ' +
			'in the namespace "kube-system"',
	],
	[
		resourceRequest(lease),
		'',
		'leases.coordination.k8s.io "n" is forbidden: User "u" cannot update resource "leases" ' +
			'in API group "coordination.k8s.io" in the namespace "kube-node-lease"',
	],
	[
		resourceRequest({ resource: 'nodes', subresource: 'status', name: 'n', verb: 'patch' }),
		'',
		'nodes "n" is forbidden: User "u" cannot patch resource "nodes/status" in API group "" at the cluster scope',
	],
	[pathRequest(userNamed('u'), 'get', '/x'), '', 'forbidden: User "u" cannot get path "/x"'],
	[
		pathRequest(userNamed('system:anonymous'), 'get', '/'),
		'RBAC: clusterrole.rbac.authorization.k8s.io "x" not found',
		'forbidden: User "system:anonymous" cannot get path "/": RBAC: clusterrole.rbac.authorization.k8s.io "x" not found',
	],
];

describe('forbidden', () => {
	for (const [attributes, reason, message] of messages) {
		it(message, () => {
			const error = forbidden(attributes, reason);
			assert.ok(hasCode(error, attributes.resourceRequest ? 'API_FORBIDDEN' : 'API_PATH_FORBIDDEN'));
			assert.equal(error.message, message);
		});
	}
	it('escapes HTML in the input of the caller, and not in the reason', () => {
		const message = forbiddenMessage(pathRequest(userNamed('<b>&"'), 'get', '/<script>'), '<reason>');
		assert.equal(message, 'User "&lt;b&gt;&amp;\\"" cannot get path "/&lt;script&gt;": <reason>');
	});
});
