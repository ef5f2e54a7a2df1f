/** The names by which a person may call a resource. Pure. */
import { type ApiResource, resources } from '../../lib/kube/resources.ts';

const shortNames: Readonly<Record<string, string>> = {
	no: 'nodes',
	csr: 'certificatesigningrequests',
	cm: 'configmaps',
	ns: 'namespaces',
};

/** `nodes`, `deployments.apps` or `deployments.v1.apps`, as typed. */
export interface ResourceArgument {
	readonly resource: string;
	readonly group: string;
}

/** @source apimachinery schema.ParseResourceArg; a version is passed over, for there is only one of each */
export function parseResourceArgument(text: string): ResourceArgument {
	const [resource = '', ...group] = text.toLowerCase().split('.');
	return { resource, group: (/^v\d/.test(group[0] ?? '') ? group.slice(1) : group).join('.') };
}

/** By plural, singular or short name; with a group, only of that group. */
export function findResource({ resource, group }: ResourceArgument): ApiResource | undefined {
	const plural = Object.hasOwn(shortNames, resource) ? shortNames[resource] : resource;
	return Object.values<ApiResource>(resources).find(
		(known) =>
			(known.resource === plural || known.kind.toLowerCase() === resource) && (group === '' || known.group === group),
	);
}
