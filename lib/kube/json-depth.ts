/** Bounds the nesting of a value, because later code reads it with recursion. */
import { KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';

/** @throws API_BAD_REQUEST */
export function requireDepth(value: unknown): void {
	if (isDeeperThan(limits.patchDepth.value, value))
		throw new KubejoinError('API_BAD_REQUEST', { problem: 'exceeded max depth' });
}

/** The recursion ends at the limit. */
function isDeeperThan(depth: number, value: unknown): boolean {
	if (typeof value !== 'object' || value === null) return false;
	if (depth === 0) return true;
	for (const entry of Array.isArray(value) ? value : Object.values(value)) {
		if (typeof entry === 'object' && isDeeperThan(depth - 1, entry)) return true;
	}
	return false;
}
