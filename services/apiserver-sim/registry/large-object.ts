import { setImmediate as turn } from 'node:timers/promises';
import { countValues } from '../../../lib/kube/json-depth.ts';

/** A step of a write, as defaults or validation, takes milliseconds for so many values. */
const MANY_VALUES = 2_000;

/** Lets other work run between two steps of a write if the object is large. */
export async function betweenSteps(object: object): Promise<void> {
	if (countValues(object, MANY_VALUES) > MANY_VALUES) await turn();
}
