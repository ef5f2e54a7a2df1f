/** Resource types with their clients. */
import type { ApiClient, ResourceClient } from '../../lib/kube/client.ts';
import { type ApiResource, apiVersionOf, resources } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { unknownType } from './command-errors.ts';
import { findResource, parseResourceArgument } from './resource-types.ts';

export type KindClient = Pick<ResourceClient<KubeObject>, 'create' | 'get' | 'list' | 'delete'> &
	Partial<Pick<ResourceClient<KubeObject>, 'watch' | 'update'>>;
export interface Kind {
	readonly resource: ApiResource;
	readonly client: (api: ApiClient) => KindClient;
}

const kinds: readonly Kind[] = [
	{ resource: resources.nodes, client: ({ nodes }) => nodes },
	{
		resource: resources.certificateSigningRequests,
		client: ({ certificateSigningRequests }) => certificateSigningRequests,
	},
	{ resource: resources.secrets, client: ({ secrets }) => secrets },
	{ resource: resources.configMaps, client: ({ configMaps }) => configMaps },
	{ resource: resources.leases, client: ({ leases }) => leases },
	{ resource: resources.clusterRoles, client: ({ clusterRoles }) => clusterRoles },
	{ resource: resources.clusterRoleBindings, client: ({ clusterRoleBindings }) => clusterRoleBindings },
	{ resource: resources.roles, client: ({ roles }) => roles },
	{ resource: resources.roleBindings, client: ({ roleBindings }) => roleBindings },
];

/** @param type  as typed: `nodes`, `csr` @throws COMMAND_INVALID  unknown type */
export function kindNamed(type: string, command: string): Kind {
	const resource = findResource(parseResourceArgument(type));
	const found = kinds.find((kind) => kind.resource === resource);
	if (found === undefined) throw unknownType(type, command);
	return found;
}

/** Whether the server has a kind, which kubectl-sim may lack. */
export const isServed = (apiVersion: string, kind: string): boolean =>
	Object.values(resources).some((resource) => resource.kind === kind && apiVersionOf(resource) === apiVersion);

/** The kind of an object in a file. */
export const kindOfObject = (apiVersion: string, kind: string): Kind | undefined =>
	kinds.find(({ resource }) => resource.kind === kind && apiVersionOf(resource) === apiVersion);
