/** The user that a service account is. @source apiserver/pkg/authentication/serviceaccount/util.go */
import { labelProblems, subdomainProblems } from './names.ts';
import { wellKnown } from './types.ts';

export interface ServiceAccountName {
	readonly namespace: string;
	readonly name: string;
}

const prefix = wellKnown.serviceAccountUserPrefix;

export const serviceAccountUsername = ({ namespace, name }: ServiceAccountName): string =>
	`${prefix}${namespace}:${name}`;

export const serviceAccountGroups = (namespace: string): string[] => [
	wellKnown.groups.serviceAccounts,
	`${wellKnown.groups.serviceAccounts}:${namespace}`,
];

/** Undefined for a user that is no service account. */
export function parseServiceAccountUsername(username: string): ServiceAccountName | undefined {
	if (!username.startsWith(prefix)) return undefined;
	const [namespace = '', name = '', ...more] = username.slice(prefix.length).split(':');
	const isValid = more.length === 0 && labelProblems(namespace).length === 0 && subdomainProblems(name).length === 0;
	return isValid ? { namespace, name } : undefined;
}
