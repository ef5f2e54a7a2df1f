import { setFlagsFromString } from 'node:v8';

/**
 * From now on the heap grows by 30 % between two collections; by default, V8 lets it grow to several times its live
 * objects. As an argument of Node, the flag delays each start by 20 to 40 ms of processor time: the compiled code of
 * Node's own modules is only for default flags.
 */
export const growHeapSlowly = (): void => setFlagsFromString('--heap-growing-percent=30');

/** As before `growHeapSlowly`. */
export const growHeapByDefault = (): void => setFlagsFromString('--heap-growing-percent=0');
