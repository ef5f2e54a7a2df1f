/** Apart from field-manager.ts, so that a client does not load the schemas of all kinds. */
import type { JsonObject } from '../../json-object.ts';
import type { KubeObject } from '../types.ts';

/** An update that omits managedFields keeps those of the stored object. */
export function withoutManagedFields<T extends KubeObject>(object: T): T {
	// A review can have no metadata.
	const { managedFields, ...metadata } = (object.metadata ?? {}) as JsonObject;
	if (managedFields === undefined) return object;
	return { ...object, metadata };
}
