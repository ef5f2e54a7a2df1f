/** The resources with few rules of their own: ConfigMaps, Namespaces, Nodes and Leases. */
import { resources } from '../../../lib/kube/resources.ts';
import type { ConfigMap, Lease, Namespace, Node } from '../../../lib/kube/types.ts';
import { checkNodeRestriction } from '../authorize/node-restriction.ts';
import { invalid } from '../object-meta.ts';
import type { Strategy } from '../registry.ts';
import { toNodeWrite } from './node-write.ts';

export const configMaps: Strategy<ConfigMap> = { resource: resources.configMaps, subresources: [] };
export const namespaces: Strategy<Namespace> = { resource: resources.namespaces, subresources: [] };

/** The spec and the status of a Node are written by different callers and never overwrite each other. */
export const nodes: Strategy<Node> = {
	resource: resources.nodes,
	subresources: ['status'],
	fields: ({ spec }) => ({ 'spec.unschedulable': String(spec?.unschedulable ?? false) }),
	prepareForUpdate({ spec, status, ...next }, previous, subresource) {
		const kept = subresource === 'status' ? { spec: previous.spec, status } : { spec, status: previous.status };
		return {
			...next,
			...(kept.spec === undefined ? {} : { spec: kept.spec }),
			...(kept.status === undefined ? {} : { status: kept.status }),
		};
	},
	admit: (request, object, previous) => checkNodeRestriction(toNodeWrite(request, object, previous)),
};

export const leases: Strategy<Lease> = {
	resource: resources.leases,
	subresources: [],
	validate({ spec }) {
		const seconds = spec?.leaseDurationSeconds;
		return seconds !== undefined && seconds <= 0
			? [invalid('spec.leaseDurationSeconds', seconds, 'must be greater than 0')]
			: [];
	},
	admit: (request, object, previous) => checkNodeRestriction(toNodeWrite(request, object, previous)),
};
