/** @source apiserver/pkg/storage/interfaces.go Preconditions.Check, errors.go StorageError */
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { ObjectMeta } from '../../../lib/kube/types.ts';

/** Resources that upstream keeps under another name. */
const etcdNames: Readonly<Record<string, string>> = { nodes: 'minions', services: 'services/specs' };

/** The reason of a conflict: the stored object is another one, or has another version, than the writer expects. */
export const failedPrecondition = (
	resource: ApiResource,
	stored: ObjectMeta,
	field: 'UID' | 'ResourceVersion',
	[wanted, found]: readonly [string, string],
): string =>
	invalidObject(
		resource,
		stored,
		`Precondition failed: ${field} in precondition: ${wanted}, ${field} in object meta: ${found}`,
	);

/** The reason of a conflict: the write is for another object than the stored one. */
export function invalidObject(
	{ resource }: ApiResource,
	{ name = '', namespace = '' }: ObjectMeta,
	detail: string,
): string {
	const key = ['/registry', etcdNames[resource] ?? resource, namespace, name]
		.filter((part, index) => index === 0 || part !== '')
		.join('/');
	return `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${detail}`;
}
