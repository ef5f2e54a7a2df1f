/**
 * The version that a read asks for.
 * @source apiserver/pkg/storage/cacher
 */
import { KubejoinError } from '../../../lib/errors.ts';
import { quotedInput } from '../authorize/go-text.ts';
import { numberProblem } from './go-number.ts';

/** Of an object that replaces another. @throws API_BAD_REQUEST */
export function requireVersionNumber(text: string): void {
	const problem = problemOf(text);
	if (problem !== undefined) throw new KubejoinError('API_BAD_REQUEST', { problem });
}

const problemOf = (text: string): string | undefined =>
	text === '' ? undefined : numberProblem('ParseUint', text, /^\d+$/, 2n ** 64n - 1n);

/** @throws API_BAD_REQUEST */
export function requireResourceVersion(text: string): void {
	const problem = problemOf(text);
	if (problem === undefined) return;
	throw new KubejoinError('API_BAD_REQUEST', {
		problem: `invalid resource version: resourceVersion: Invalid value: ${quotedInput(text)}: ${problem}`,
	});
}

/** Undefined for the latest version, 0 for any. @throws API_BAD_REQUEST */
export function versionNumber(text: string): number | undefined {
	requireResourceVersion(text);
	return text === '' ? undefined : Number(text);
}
