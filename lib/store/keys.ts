/**
 * The keys and values that can be stored, the same in every backend. It accepts or refuses them and never changes one.
 */
import { KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import type { StoredValue } from './store.ts';

/** In UTF-8; LMDB's own limit is a little under 2 KB. */
const maxKeyBytes = 1024;

/** Why a key cannot be stored; undefined if it can. */
function keyProblem(key: string): string | undefined {
	if (key === '') return 'it is empty';
	const bytes = Buffer.from(key);
	if (bytes.length > maxKeyBytes) return `it has ${bytes.length} bytes, and ${maxKeyBytes} are allowed`;
	if (bytes.toString() !== key) return 'it is not well-formed Unicode';
	return undefined;
}

/**
 * The JSON of a record or of a change.
 *
 * @throws Error  without the text, of which the error of JSON.parse quotes a part: it can be one of a secret
 */
export function parseStored(text: string) {
	try {
		return JSON.parse(text);
	} catch {
		throw new Error('a record of the store is not JSON');
	}
}

/** How every record begins, in both stores. */
export const recordHead = (revision: number): string => `{"r":${revision},"v":`;
/** Where the revision begins in a record. */
export const REVISION_AT = '{"r":'.length;

/** True for a key that may exist. */
export const isStorable = (key: string): boolean => keyProblem(key) === undefined;

/** @throws STORE_KEY_INVALID */
export function checkKey(key: string): void {
	const problem = keyProblem(key);
	if (problem !== undefined) throw new KubejoinError('STORE_KEY_INVALID', { key: key.slice(0, 80), problem });
}

/** The JSON text of a value that goes under a key. @throws STORE_VALUE_TOO_LARGE */
export function valueText(key: string, value: StoredValue): string {
	const text = JSON.stringify(value);
	const [bytes, limit] = [Buffer.byteLength(text), limits.objectBytes.value];
	if (bytes > limit) throw new KubejoinError('STORE_VALUE_TOO_LARGE', { key, bytes, limit });
	return text;
}
