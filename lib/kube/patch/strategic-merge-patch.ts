/**
 * Strategic merge patch: objects merge by field, and the lists that the schema declares merge by the key of their
 * elements. Directives: `$patch`, `$retainKeys`, `$deleteFromPrimitiveList/FIELD`, `$setElementOrder/FIELD`.
 *
 * @source apimachinery/pkg/util/strategicpatch/patch.go StrategicMergeMapPatch
 * @differs upstream answers a missing merge key, an unknown directive, elements of different types, and a list in a map
 *   that is there already with 500; here the same text comes with 400
 */
import { getOwn, isJsonObject, type JsonObject, setOwn, withoutNulls } from '../../json-object.ts';
import { anyType, type Field, type KubeType, type StructType } from '../schema/schema.ts';
import { goPrint } from './go-print.ts';
import { inapplicable, jsonKind, malformed } from './patch-error.ts';
import {
	type MergedList,
	MergeWork,
	mergedLists,
	orderedBySetElementOrder,
	withoutDirectives,
} from './strategic-lists.ts';

const deletePrefix = '$deleteFromPrimitiveList/';
const orderPrefix = '$setElementOrder/';

/**
 * The document with the patch applied. The document is not changed; unchanged parts are shared.
 *
 * @throws API_BAD_REQUEST
 * @throws API_PATCH_REJECTED
 */
export function applyStrategicMergePatch(type: KubeType, document: JsonObject, patch: unknown): JsonObject {
	if (patch === null) return document;
	if (isJsonObject(patch)) return mergedObject(type, document, patch, new MergeWork());
	const goType = 'map[string]interface {}';
	throw malformed(`json: cannot unmarshal ${jsonKind(patch)} into Go value of type ${goType}`);
}

function mergedObject(type: KubeType, original: JsonObject, patch: Readonly<JsonObject>, work: MergeWork): JsonObject {
	work.copy(Object.keys(original).length + Object.keys(patch).length);
	const directive = getOwn(patch, '$patch');
	if (directive === 'replace') return without(patch, '$patch');
	if (directive === 'delete') return {};
	if (directive !== undefined) throw malformed(`unknown patch type: ${goPrint(directive)} in map: ${goPrint(patch)}`);
	const result = retained(original, patch);
	const done = applyElementOrders(type, result, patch, work);
	for (const [name, change] of Object.entries(patch)) {
		if (name === '$retainKeys' || name.startsWith(orderPrefix) || done.has(name)) continue;
		if (name === '$deleteFromPrimitiveList') throw malformed('invalid patch format of primitive list');
		if (name.startsWith(deletePrefix)) deleteElements(result, name.slice(deletePrefix.length), change);
		else mergeField(type, result, name, change, work);
	}
	return result;
}

function mergeField(type: KubeType, result: JsonObject, name: string, change: unknown, work: MergeWork): void {
	if (change === null) {
		delete result[name];
		return;
	}
	const found = getOwn(result, name);
	if (found === undefined || found === null || jsonKind(found) !== jsonKind(change)) {
		const added = withoutDirectives(withoutNulls(change));
		if (added === undefined) delete result[name];
		else setOwn(result, name, added);
		return;
	}
	if (type.form === 'map' && typeof found === 'object')
		throw malformed('merging an object in json but data type is not struct, instead is: map');
	const { field, type: fieldType } = fieldOf(type, name);
	if (isJsonObject(found) && isJsonObject(change))
		setOwn(result, name, strategyOf(field) === 'replace' ? change : mergedObject(fieldType, found, change, work));
	else if (Array.isArray(found) && Array.isArray(change))
		setOwn(result, name, strategyOf(field) === 'merge' ? mergedLists(found, change, listOf(field, work)) : change);
	else setOwn(result, name, change);
}

interface FoundField {
	/** Undefined for an entry of a map, and for a field that the schema does not have. */
	readonly field: Field | undefined;
	readonly type: KubeType;
}
function fieldOf(type: KubeType, name: string): FoundField {
	const field = type.form === 'struct' ? (type as StructType).fields.get(name) : undefined;
	return { field, type: type.form === 'map' ? type.element : (field?.type ?? anyType) };
}
const strategyOf = (field: Field | undefined): string | undefined =>
	field?.patchStrategies.find((strategy) => strategy !== 'retainKeys');

const listOf = (field: Field | undefined, work: MergeWork): MergedList => {
	const element = field?.type.form === 'list' ? field.type.element : anyType;
	return {
		mergeKey: field?.patchMergeKey ?? '',
		mergeElements: (left, right) => mergedObject(element, left, right, work),
		work,
	};
};

/** Of the original: all fields, or those that `$retainKeys` lists. */
function retained(original: JsonObject, patch: Readonly<JsonObject>): JsonObject {
	const keys = getOwn(patch, '$retainKeys');
	if (keys === undefined) return { ...original };
	if (!Array.isArray(keys)) throw malformed('invalid patch format of retainKeys');
	const kept = new Set(keys);
	for (const [name, value] of Object.entries(patch)) {
		const isDirective = name === '$retainKeys' || name.startsWith(deletePrefix) || name.startsWith(orderPrefix);
		if (!isDirective && value !== null && !kept.has(name)) throw malformed('invalid patch format of retainKeys');
	}
	return Object.fromEntries(Object.entries(original).filter(([name]) => kept.has(name)));
}

/** @returns the fields of the patch that were merged */
function applyElementOrders(
	type: KubeType,
	result: JsonObject,
	patch: Readonly<JsonObject>,
	work: MergeWork,
): ReadonlySet<string> {
	const done = new Set<string>();
	for (const [directive, order] of Object.entries(patch)) {
		if (!directive.startsWith('$setElementOrder')) continue;
		if (!directive.startsWith(orderPrefix)) throw malformed('invalid patch format of setElementOrder list');
		const name = directive.slice(orderPrefix.length);
		const original = getOwn(result, name);
		const change = getOwn(patch, name);
		if (!Array.isArray(order)) throw notAList(order);
		for (const list of [original, change]) if (list !== undefined && !Array.isArray(list)) throw notAList(list);
		const { field } = fieldOf(type, name);
		const isMerged = strategyOf(field) === 'merge';
		const list = orderedBySetElementOrder(original as unknown[] | undefined, change as unknown[] | undefined, order, {
			...listOf(field, work),
			isMerged,
		});
		if (list === undefined) continue;
		setOwn(result, name, list);
		done.add(name);
	}
	return done;
}
const goTypes: Readonly<Record<string, string>> = {
	object: 'map[string]interface {}',
	number: 'int64',
	array: '[]interface {}',
};
const notAList = (value: unknown) =>
	malformed(`expected a []interface {}, but received a ${goTypes[jsonKind(value)] ?? jsonKind(value)}`);

function deleteElements(result: JsonObject, name: string, toDelete: unknown): void {
	const found = getOwn(result, name);
	if (toDelete === null) {
		delete result[name];
		return;
	}
	if (!Array.isArray(found) || !Array.isArray(toDelete)) return;
	if ([...found, ...toDelete].some(Array.isArray)) throw inapplicable('lists of lists are not supported');
	const deleted = new Set(toDelete);
	setOwn(
		result,
		name,
		found.filter((element) => !deleted.has(element)),
	);
}

const without = (object: Readonly<JsonObject>, name: string): JsonObject => {
	const { [name]: _removed, ...rest } = object;
	return rest;
};
