/** Refusals of patches, in upstream's words. */
import { KubejoinError } from '../../errors.ts';
import type { LimitName } from '../../limits.ts';

/** The patch has not the form of its type. */
export const malformed = (problem: string): KubejoinError => new KubejoinError('API_BAD_REQUEST', { problem });

/**
 * The patch does not apply to the object; upstream hides the reason from the caller, so does the message.
 *
 * @param limit  that the patch exceeds
 */
export const inapplicable = (because: string, limit?: LimitName): KubejoinError =>
	new KubejoinError('API_PATCH_REJECTED', { because, limit });

/** The name of a JSON value in the messages of encoding/json. */
export function jsonKind(value: unknown): string {
	if (Array.isArray(value)) return 'array';
	return typeof value === 'boolean' ? 'bool' : typeof value;
}
