/** The names of resource types on the command line. */
import { type ApiResource, resources } from '../../lib/kube/resources.ts';

/** Types that `get`, `delete` and `label` accept; `kinds.ts` has a row for each. */
export const allTypes: readonly string[] = [
	'nodes',
	'certificatesigningrequests',
	'secrets',
	'configmaps',
	'leases',
	'clusterroles',
	'clusterrolebindings',
	'roles',
	'rolebindings',
];
export const describableTypes: readonly string[] = ['nodes', 'certificatesigningrequests'];
export const typesOf = (command: string): readonly string[] => (command === 'describe' ? describableTypes : allTypes);

/** `nodes`, `deployments.apps` or `deployments.v1.apps`, as typed. */
export interface ResourceArgument {
	readonly resource: string;
	readonly group: string;
}

/** @source apimachinery schema.ParseResourceArg; the version is ignored because each resource has only one */
export function parseResourceArgument(text: string): ResourceArgument {
	const [resource = '', ...group] = text.toLowerCase().split('.');
	return { resource, group: (/^v\d/.test(group[0] ?? '') ? group.slice(1) : group).join('.') };
}

/** Finds a resource by plural, singular or short name; with a group, only in that group. */
export function findResource({ resource, group }: ResourceArgument): ApiResource | undefined {
	return Object.values<ApiResource>(resources).find(
		(known) =>
			(known.resource === resource || known.kind.toLowerCase() === resource || known.shortNames.includes(resource)) &&
			(group === '' || known.group === group),
	);
}

/** `csr` of `certificatesigningrequests`. */
export const shortNamesOf = (type: string): readonly string[] =>
	Object.values<ApiResource>(resources).find(({ resource }) => resource === type)?.shortNames ?? [];
