/** @source apiserver/pkg/storage/interfaces.go Preconditions.Check, errors.go StorageError */
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { ObjectMeta } from '../../../lib/kube/types.ts';

/** Resources that upstream keeps under another name. */
const etcdNames: Readonly<Record<string, string>> = { nodes: 'minions', services: 'services/specs' };

/** The reason of a conflict: the stored object is another one, or has another version, than the writer expects. */
export function failedPrecondition(
	{ resource }: ApiResource,
	{ name = '', namespace = '' }: ObjectMeta,
	field: 'UID' | 'ResourceVersion',
	[wanted, found]: readonly [string, string],
): string {
	const key = ['/registry', etcdNames[resource] ?? resource, namespace, name]
		.filter((part, index) => index === 0 || part !== '')
		.join('/');
	return (
		`StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ` +
		`Precondition failed: ${field} in precondition: ${wanted}, ${field} in object meta: ${found}`
	);
}
