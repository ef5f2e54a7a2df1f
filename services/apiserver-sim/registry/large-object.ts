import { countValues } from '../../../lib/kube/json-depth.ts';

/** A step of a write, as defaults or validation, takes milliseconds for so many values. */
const MANY_VALUES = 2_000;

/** Other work should run between two steps of a write of this object. */
export const isLarge = (object: object): boolean => countValues(object, MANY_VALUES) > MANY_VALUES;
