import { setFlagsFromString } from 'node:v8';

/** As in Node 20 and 22. A part of a pool that is kept keeps the whole pool, and the pools of Node 24 have 64 KiB. */
const POOL_BYTES = 8 * 1024;

/**
 * From now on the heap grows by 30 % between two collections; by default, V8 lets it grow to several times its live
 * objects. As an argument of Node, the flag delays each start by 20 to 40 ms of processor time: the compiled code of
 * Node's own modules is only for default flags. New pools of buffers are small.
 */
export function keepLittleMemory(): void {
	setFlagsFromString('--heap-growing-percent=30');
	Buffer.poolSize = POOL_BYTES;
}

/** As before `keepLittleMemory`, apart from the pools. */
export const growHeapByDefault = (): void => setFlagsFromString('--heap-growing-percent=0');
