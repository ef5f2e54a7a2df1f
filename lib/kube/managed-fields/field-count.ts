/** Bounds the work of one write: the managed fields of an object with very many of them are not kept. */
import { isJsonObject } from '../../json-object.ts';
import { limits } from '../../limits.ts';
import { type KubeType, typeOfField } from '../schema/schema.ts';

/** Whether the managed fields of the object are kept. */
export const isTrackable = (type: KubeType, object: unknown): boolean =>
	remaining(type, object, limits.trackedFields.value) >= 0;

/** @returns less than 0 when the value has more fields than `left` */
function remaining(type: KubeType, value: unknown, left: number): number {
	if (left < 0 || typeof value !== 'object' || value === null) return left - 1;
	if (type.form === 'list') {
		if (type.listType === 'atomic' || !Array.isArray(value)) return left - 1;
		return value.reduce((sum: number, element) => remaining(type.element, element, sum), left - 1);
	}
	if (type.form === 'scalar' || !isJsonObject(value) || (type.form !== 'any' && type.isAtomic)) return left - 1;
	let sum = left - 1;
	for (const [name, entry] of Object.entries(value)) {
		if (sum < 0) return sum;
		sum = remaining(typeOfField(type, name), entry, sum);
	}
	return sum;
}
