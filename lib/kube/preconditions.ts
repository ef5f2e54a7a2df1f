/** Checks that a deletion applies to the intended object. @source apiserver/pkg/registry/rest/delete.go BeforeDelete */
import { KubejoinError } from '../errors.ts';
import type { ObjectMeta } from './types.ts';

/** An empty or absent precondition is not checked. */
export interface Preconditions {
	readonly uid?: string;
	readonly resourceVersion?: string;
}

/**
 * @param isOfStore  the text of upstream's store, which checks the deletion of a namespace
 * @throws API_CONFLICT  with upstream's text
 */
export function requirePreconditions(
	{ uid, resourceVersion }: Preconditions,
	found: ObjectMeta,
	details: { readonly resource: string; readonly group: string; readonly name: string },
	isOfStore = false,
): void {
	const refuse = (what: string, wanted: string, has: string | undefined, guess: string): never => {
		const because = isOfStore
			? `Precondition failed: ${what} in precondition: ${wanted}, ${what} in object meta: ${has}`
			: `the ${what} in the precondition (${wanted}) does not match the ${what} in record (${has}). ` +
				`The object might have been ${guess}`;
		throw new KubejoinError('API_CONFLICT', { ...details, because });
	};
	if (uid && uid !== found.uid) refuse('UID', uid, found.uid, 'deleted and then recreated');
	if (resourceVersion && resourceVersion !== found.resourceVersion)
		refuse('ResourceVersion', resourceVersion, found.resourceVersion, 'modified');
}
