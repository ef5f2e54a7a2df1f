/**
 * The version that a read asks for.
 * @source apiserver/pkg/storage/cacher
 */
import { KubejoinError } from '../../../lib/errors.ts';
import { quotedInput } from '../authorize/go-text.ts';
import { numberProblem } from './go-number.ts';

export interface ListOptions {
	/** Empty or `0`: any version. */
	readonly resourceVersion: string;
	/** Only the state of exactly that version will do. */
	readonly isExact: boolean;
}

/** @throws API_BAD_REQUEST */
export function requireResourceVersion(text: string): void {
	const problem = text === '' ? undefined : numberProblem('ParseUint', text, /^\d+$/, 2n ** 64n - 1n);
	if (problem === undefined) return;
	throw new KubejoinError('API_BAD_REQUEST', {
		problem: `invalid resource version: resourceVersion: Invalid value: ${quotedInput(text)}: ${problem}`,
	});
}

/**
 * Refuse a list that is older than the caller asked for, or not of the version that it asked for.
 *
 * @param current  the version of the list
 * @throws API_VERSION_TOO_LARGE, API_EXPIRED
 * @differs upstream waits three seconds for a version that is to come; and it keeps old versions for five minutes, here
 *   there is only the latest
 */
export function requireVersion({ resourceVersion, isExact }: ListOptions, current: string): void {
	if (resourceVersion === '' || resourceVersion === '0') return;
	const [asked, has] = [BigInt(resourceVersion), BigInt(current)];
	if (asked > has)
		throw new KubejoinError('API_VERSION_TOO_LARGE', { requested: resourceVersion, current, ...tooLarge });
	if (isExact && asked !== has) {
		const because = 'The resourceVersion for the provided list is too old.';
		throw new KubejoinError('API_EXPIRED', { requested: resourceVersion, oldest: current, because });
	}
}

const tooLarge = {
	causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }],
	retryAfterSeconds: 1,
};
