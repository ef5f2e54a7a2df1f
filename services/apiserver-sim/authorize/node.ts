/**
 * The node authorizer: permissions that depend on which node asks. It never denies, so RBAC may still allow, and its
 * reasons end the 403 that the kubelet receives. node-restriction.ts decides which of its own objects a node may
 * change.
 * @source plugin/pkg/auth/authorizer/node/node_authorizer.go release 1.37 with its default feature gates
 */
import { wellKnown } from '../../../lib/kube/types.ts';
import type { Authorizer, Decision, ResourceRequest } from './attributes.ts';
import { quoted } from './go-text.ts';
import { nodeNameOf } from './node-identity.ts';
import { nodeRules } from './node-rules.ts';
import { ruleAllows } from './rbac.ts';

/** A resource that can be related to a node, mostly through its pods; in the form of the resource. */
export type RelatedResource =
	| 'secrets'
	| 'configmaps'
	| 'persistentvolumeclaims'
	| 'persistentvolumes'
	| 'resourceclaims'
	| 'volumeattachments'
	| 'serviceaccounts'
	| 'resourceslices'
	| 'podcertificaterequests'
	| 'pods';
export interface NodeGraph {
	related(node: string, resource: RelatedResource, namespace: string, name: string): boolean;
}

type Check = (node: string, request: ResourceRequest, graph: NodeGraph) => Decision;

const allow: Decision = { decision: 'Allow', reason: '' };
const noOpinion = (reason = ''): Decision => ({ decision: 'NoOpinion', reason });
const isOneOf = (verb: string, ...verbs: readonly string[]) => verbs.includes(verb);

function ifRelated(
	node: string,
	resource: RelatedResource,
	{ namespace, name }: ResourceRequest,
	graph: NodeGraph,
): Decision {
	if (name === '') return noOpinion('No Object name found');
	return graph.related(node, resource, namespace, name)
		? allow
		: noOpinion(`no relationship found between node '${node}' and this object`);
}

const getRelated =
	(resource: RelatedResource): Check =>
	(node, request, graph) => {
		if (request.verb !== 'get') return noOpinion('can only get individual resources of this type');
		if (request.subresource !== '') return noOpinion('cannot get subresource');
		return ifRelated(node, resource, request, graph);
	};

const readRelatedNamespaced =
	(resource: RelatedResource): Check =>
	(node, request, graph) => {
		if (!isOneOf(request.verb, 'get', 'list', 'watch')) return noOpinion('can only read resources of this type');
		if (request.subresource !== '') return noOpinion('cannot read subresource');
		if (request.namespace === '') return noOpinion('can only read namespaced object of this type');
		return ifRelated(node, resource, request, graph);
	};

const checkClaim: Check = (node, request, graph) => {
	if (request.subresource !== 'status') return getRelated('persistentvolumeclaims')(node, request, graph);
	if (!isOneOf(request.verb, 'update', 'patch')) return noOpinion('can only get/update/patch this type');
	return ifRelated(node, 'persistentvolumeclaims', request, graph);
};

/** The account itself, for plug-ins of the kubelet that fetch credentials for images, and its tokens. */
const checkServiceAccount: Check = (node, request, graph) => {
	if (request.verb === 'get' && request.subresource === '')
		return readRelatedNamespaced('serviceaccounts')(node, request, graph);
	if (request.verb !== 'create' || request.name === '')
		return noOpinion('can only create tokens for individual service accounts');
	if (request.subresource !== 'token') return noOpinion('can only create token subresource of serviceaccount');
	return ifRelated(node, 'serviceaccounts', request, graph);
};

/** On create the name is not known yet; admission compares it. */
const checkLease: Check = (node, { verb, namespace, name }) => {
	if (!isOneOf(verb, 'get', 'create', 'update', 'patch', 'delete'))
		return noOpinion('can only get, create, update, patch, or delete a node lease');
	if (namespace !== wellKnown.kubeNodeLease)
		return noOpinion(`can only access leases in the ${quoted(wellKnown.kubeNodeLease)} system namespace`);
	if (verb !== 'create' && name !== node)
		return noOpinion('can only access node lease with the same name as the requesting node');
	return allow;
};

const checkCsiNode: Check = (node, { verb, subresource, name }) => {
	if (subresource === 'status') return noOpinion('CSINode status access requires CSIVolumeHealth feature');
	if (subresource !== '') return noOpinion('cannot authorize CSINode subresources');
	if (!isOneOf(verb, 'get', 'create', 'update', 'patch', 'delete'))
		return noOpinion('can only get, create, update, patch, or delete a CSINode');
	if (verb !== 'create' && name !== node)
		return noOpinion('can only access CSINode with the same name as the requesting node');
	return allow;
};

const selects = (request: ResourceRequest, field: string, node: string) =>
	(request.fieldSelector ?? []).some((r) => r.field === field && r.operator === '=' && r.value === node);

const checkResourceSlice: Check = (node, request, graph) => {
	if (request.subresource !== '') return noOpinion('cannot authorize ResourceSlice subresources');
	switch (request.verb) {
		case 'create':
			return allow;
		case 'get':
		case 'update':
		case 'patch':
		case 'delete':
			return ifRelated(node, 'resourceslices', request, graph);
		case 'watch':
		case 'list':
		case 'deletecollection':
			if (selects(request, 'spec.nodeName', node)) return allow;
			return noOpinion('can only list/watch/deletecollection resourceslices with nodeName field selector');
		default:
			return noOpinion(
				'only the following verbs are allowed for a ResourceSlice: ' +
					'get, watch, list, create, update, patch, delete, deletecollection',
			);
	}
};

const checkPodCertificateRequest: Check = (node, request, graph) => {
	const { verb, subresource } = request;
	if (subresource !== '') return noOpinion('nodes may not access the status subresource of PodCertificateRequests');
	if (verb === 'create') return allow;
	if (verb === 'get') return ifRelated(node, 'podcertificaterequests', request, graph);
	if (!isOneOf(verb, 'list', 'watch')) return noOpinion(`nodes may not ${verb} podcertificaterequests`);
	if (selects(request, 'spec.nodeName', node)) return allow;
	return noOpinion('can only list/watch podcertificaterequests with nodeName field selector');
};

/**
 * Admission narrows writes to the node's own object. The name is compared, not looked up: a kubelet reads its Node
 * before it exists.
 */
const checkNode: Check = (node, { verb, subresource, name }) => {
	if (subresource === 'status') return isOneOf(verb, 'update', 'patch') ? allow : noOpinion();
	if (subresource !== '') return noOpinion();
	if (isOneOf(verb, 'create', 'update', 'patch')) return allow;
	if (!isOneOf(verb, 'get', 'list', 'watch')) return noOpinion();
	if (name === node) return allow;
	if (name === '') return noOpinion(`node '${node}' cannot read all nodes, only its own Node object`);
	return noOpinion(`node '${node}' cannot read '${name}', only its own Node object`);
};

const checkPod: Check = (node, request, graph) => {
	const { verb, subresource } = request;
	if (subresource === 'status') return isOneOf(verb, 'update', 'patch') ? allow : noOpinion();
	if (subresource === 'eviction') return verb === 'create' ? allow : noOpinion();
	if (subresource !== '') return noOpinion();
	if (isOneOf(verb, 'create', 'delete')) return allow;
	if (verb === 'get') return ifRelated(node, 'pods', request, graph);
	if (!isOneOf(verb, 'list', 'watch')) return noOpinion();
	if (selects(request, 'spec.nodeName', node)) return allow;
	if (request.name !== '') return ifRelated(node, 'pods', request, graph);
	return noOpinion('can only list/watch pods with spec.nodeName field selector');
};

/**
 * Resources with a decision for each node, as group/resource. The rules that all nodes share decide everything else.
 */
const checks: ReadonlyMap<string, Check> = new Map([
	['/secrets', readRelatedNamespaced('secrets')],
	['/configmaps', readRelatedNamespaced('configmaps')],
	['/persistentvolumeclaims', checkClaim],
	['/persistentvolumes', getRelated('persistentvolumes')],
	['resource.k8s.io/resourceclaims', getRelated('resourceclaims')],
	['storage.k8s.io/volumeattachments', getRelated('volumeattachments')],
	['/serviceaccounts', checkServiceAccount],
	['coordination.k8s.io/leases', checkLease],
	['storage.k8s.io/csinodes', checkCsiNode],
	['resource.k8s.io/resourceslices', checkResourceSlice],
	['certificates.k8s.io/podcertificaterequests', checkPodCertificateRequest],
	['/nodes', checkNode],
	['/pods', checkPod],
]);

/**
 * The node authorizer. It has no opinion of users that are no nodes.
 * @param graph  the objects that are related to each node
 */
export function createNodeAuthorizer(graph: NodeGraph): Authorizer {
	const sharedRules = nodeRules();
	return {
		authorize(attributes) {
			const node = nodeNameOf(attributes.user);
			if (node === undefined) return noOpinion();
			if (node === '') return noOpinion(`unknown node for user ${quoted(attributes.user.username)}`);
			const check = attributes.resourceRequest
				? checks.get(`${attributes.apiGroup}/${attributes.resource}`)
				: undefined;
			if (attributes.resourceRequest && check !== undefined) return check(node, attributes, graph);
			return sharedRules.some((rule) => ruleAllows(rule, attributes)) ? allow : noOpinion();
		},
	};
}
