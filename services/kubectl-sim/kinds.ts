/** Resource types with their columns and clients. */
import type { ApiClient, ResourceClient } from '../../lib/kube/client.ts';
import { type ApiResource, apiVersionOf, resources } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import {
	type Column,
	configMapColumns,
	csrColumns,
	leaseColumns,
	nodeColumns,
	roleBindingColumns,
	roleColumns,
	secretColumns,
} from './columns.ts';
import { unknownType } from './command-errors.ts';
import { findResource, parseResourceArgument } from './resource-types.ts';

export type KindClient = Pick<ResourceClient<KubeObject>, 'create' | 'get' | 'list' | 'delete'> &
	Partial<Pick<ResourceClient<KubeObject>, 'watch' | 'update'>>;
export interface Kind {
	readonly resource: ApiResource;
	readonly columns: readonly Column<KubeObject>[];
	readonly client: (api: ApiClient) => KindClient;
}

const kinds: readonly Kind[] = [
	{ resource: resources.nodes, columns: nodeColumns, client: ({ nodes }) => nodes },
	{
		resource: resources.certificateSigningRequests,
		columns: csrColumns,
		client: ({ certificateSigningRequests }) => certificateSigningRequests,
	},
	{ resource: resources.secrets, columns: secretColumns, client: ({ secrets }) => secrets },
	{ resource: resources.configMaps, columns: configMapColumns, client: ({ configMaps }) => configMaps },
	{ resource: resources.leases, columns: leaseColumns, client: ({ leases }) => leases },
	{ resource: resources.clusterRoles, columns: roleColumns, client: ({ clusterRoles }) => clusterRoles },
	{
		resource: resources.clusterRoleBindings,
		columns: roleBindingColumns,
		client: ({ clusterRoleBindings }) => clusterRoleBindings,
	},
	{ resource: resources.roles, columns: roleColumns, client: ({ roles }) => roles },
	{ resource: resources.roleBindings, columns: roleBindingColumns, client: ({ roleBindings }) => roleBindings },
];

/** @param type  as typed: `nodes`, `csr` @throws COMMAND_INVALID  unknown type */
export function kindNamed(type: string, command: string): Kind {
	const resource = findResource(parseResourceArgument(type));
	const found = kinds.find((kind) => kind.resource === resource);
	if (found === undefined) throw unknownType(type, command);
	return found;
}

/** The kind of an object in a file. */
export const kindOfObject = (apiVersion: string, kind: string): Kind | undefined =>
	kinds.find(({ resource }) => resource.kind === kind && apiVersionOf(resource) === apiVersion);
