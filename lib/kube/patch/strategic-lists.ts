/**
 * Merges and orders the lists of a strategic merge patch. Elements are scalars, or objects with a merge key.
 *
 * @source apimachinery/pkg/util/strategicpatch/patch.go mergeSlice, mergePatchIntoOriginal, normalizeElementOrder
 */
import { getOwn, isJsonObject, type JsonObject, pruned } from '../../json-object.ts';
import { limits } from '../../limits.ts';
import { goPrint } from './go-print.ts';
import { inapplicable, jsonKind, malformed } from './patch-error.ts';

export interface MergedList {
	/** Empty for a list of scalars. */
	readonly mergeKey: string;
	readonly mergeElements: (original: JsonObject, patch: JsonObject) => JsonObject;
	readonly work: MergeWork;
}

/** An element of a list is found by its key, and ordered. */
const COPIES_OF_ELEMENT = 2;

/** The fields and elements that one patch has copied. A patch that changes an element often copies it as often. */
export class MergeWork {
	#copied = 0;

	/** @throws API_PATCH_REJECTED */
	copy(count: number): void {
		this.#copied += count;
		const limit = limits.mergeCopies.value;
		if (this.#copied > limit)
			throw inapplicable(`the patch copies more than ${limit} fields and elements of lists`, 'mergeCopies');
	}
}

/** The merged list: the order of the patch goes before that of the original. */
export function mergedLists(original: readonly unknown[], patch: readonly unknown[], list: MergedList): unknown[] {
	if (original.length === 0 && patch.length === 0) return [];
	list.work.copy(COPIES_OF_ELEMENT * (original.length + patch.length));
	if (elementKind(original, patch) !== 'object')
		return arranged([...new Set([...original, ...patch])], patch, original, '');
	const { mergeKey } = list;
	if (mergeKey === '') throw malformed('cannot merge lists without merge key for struct');
	const { kept, changes } = withDirectives(original as JsonObject[], patch as JsonObject[], mergeKey);
	return arranged(mergedByKey(kept, changes, list), changes, kept, mergeKey);
}

/**
 * The list in the order that `$setElementOrder` states.
 *
 * @returns undefined when neither the original nor the patch has the list
 */
export function orderedBySetElementOrder(
	original: readonly unknown[] | undefined,
	patch: readonly unknown[] | undefined,
	order: readonly unknown[],
	list: MergedList & { readonly isMerged: boolean },
): unknown[] | undefined {
	const { mergeKey, work } = list;
	work.copy(COPIES_OF_ELEMENT * ((original?.length ?? 0) + (patch?.length ?? 0) + order.length));
	requireOrder(patch ?? [], order, mergeKey);
	if (original === undefined && patch === undefined) return undefined;
	const merged = mergedForOrder(original, patch, list);
	elementKind(original ?? [], patch ?? [], true);
	return arranged(merged, order, serverOrder(original ?? [], patch ?? [], mergeKey), mergeKey);
}

/**
 * The order of the server, as upstream has it after the merge: new elements take the places of those that `$patch:
 * delete` removed, because both share one array.
 */
function serverOrder(original: readonly unknown[], patch: readonly unknown[], mergeKey: string): readonly unknown[] {
	if (mergeKey === '') return original;
	const deleted = patch.filter((element) => hasDirective(element) && element.$patch === 'delete');
	const deletedKeys = new Set(deleted.map((element) => identityOf(element, mergeKey)));
	const kept = original.filter((element) => !deletedKeys.has(identityOf(element, mergeKey)));
	const present = placesOf(kept, mergeKey);
	const added = patch.filter((element) => !hasDirective(element) && !present.has(identityOf(element, mergeKey)));
	return [...kept, ...added.slice(0, original.length - kept.length)];
}

function mergedForOrder(
	original: readonly unknown[] | undefined,
	patch: readonly unknown[] | undefined,
	list: MergedList & { readonly isMerged: boolean },
): readonly unknown[] {
	if (patch === undefined) return original ?? [];
	if (original === undefined) return withoutDirectives(patch) as unknown[];
	return list.isMerged ? mergedLists(original, patch, list) : patch;
}

const hasDirective = (element: unknown): element is JsonObject =>
	isJsonObject(element) && Object.hasOwn(element, '$patch');

/** @returns `object` for maps, another kind for scalars @throws API_BAD_REQUEST  the kinds differ */
function elementKind(original: readonly unknown[], patch: readonly unknown[], mustExist = false): string {
	const elements = [...original, ...patch];
	const kinds = new Set(elements.map((element) => (element === null ? 'null' : jsonKind(element))));
	if (kinds.has('array')) throw inapplicable('lists of lists are not supported');
	if (kinds.size > 1) {
		const lists = `[${[original, patch].map(goPrint).join(' ')}]`;
		throw malformed(`list element types are not identical: ${lists}`);
	}
	if (mustExist && kinds.size === 0) throw malformed('no elements in any of the given slices');
	return [...kinds][0] ?? 'object';
}

interface Directed {
	/** The original elements that the directives keep. */
	readonly kept: readonly JsonObject[];
	/** The elements of the patch without a directive. */
	readonly changes: readonly JsonObject[];
}

function withDirectives(original: readonly JsonObject[], patch: readonly JsonObject[], mergeKey: string): Directed {
	const changes = patch.filter((element) => !hasDirective(element));
	const deleted = new Set<unknown>();
	let isReplaced = false;
	for (const element of patch.filter(hasDirective)) {
		const directive = element.$patch;
		if (directive === 'delete') deleted.add(keyOf(element, mergeKey));
		else if (directive === 'replace') isReplaced = true;
		else if (directive === 'merge') throw malformed('merging lists cannot yet be specified in the patch');
		else throw malformed(`unknown patch type: ${goPrint(directive)} in map: ${goPrint(element)}`);
	}
	if (isReplaced) return { kept: changes, changes: [] };
	const kept = deleted.size === 0 ? original : original.filter((element) => !deleted.has(getOwn(element, mergeKey)));
	return { kept, changes };
}

function mergedByKey(original: readonly JsonObject[], changes: readonly JsonObject[], list: MergedList): JsonObject[] {
	const merged = [...original];
	const places = new Map<unknown, number>();
	for (const [at, element] of merged.entries()) {
		const key = getOwn(element, list.mergeKey);
		if (!places.has(key)) places.set(key, at);
	}
	for (const change of changes) {
		const key = keyOf(change, list.mergeKey);
		const at = places.get(key);
		const found = at === undefined ? undefined : merged[at];
		if (at !== undefined && found !== undefined) merged[at] = list.mergeElements(found, change);
		else places.set(key, merged.push(change) - 1);
	}
	return merged;
}

function keyOf(element: JsonObject, mergeKey: string): unknown {
	if (Object.hasOwn(element, mergeKey)) return element[mergeKey];
	throw malformed(`map: ${goPrint(element)} does not contain declared merge key: ${mergeKey}`);
}

/** The key of an element: the element itself when it is a scalar. */
function identityOf(element: unknown, mergeKey: string): unknown {
	if (mergeKey === '') return element;
	if (isJsonObject(element)) return keyOf(element, mergeKey);
	throw malformed(`expected a map[string]interface {}, but received a ${jsonKind(element)}`);
}

const placesOf = (elements: readonly unknown[], mergeKey: string): ReadonlyMap<unknown, number> => {
	const places = new Map<unknown, number>();
	for (const [at, element] of elements.entries()) {
		const identity = identityOf(element, mergeKey);
		if (!places.has(identity)) places.set(identity, at);
	}
	return places;
};

/**
 * The elements that `order` names in its order, and the others in the order of the server before the first element
 * that the server has later.
 */
function arranged(
	merged: readonly unknown[],
	order: readonly unknown[],
	server: readonly unknown[],
	mergeKey: string,
): unknown[] {
	const wanted = placesOf(order, mergeKey);
	const present = placesOf(server, mergeKey);
	const placed = merged.map((element) => ({ element, identity: identityOf(element, mergeKey) }));
	const byPlace = (places: ReadonlyMap<unknown, number>) => (a: { identity: unknown }, b: { identity: unknown }) =>
		(places.get(a.identity) ?? 0) - (places.get(b.identity) ?? 0);
	const named = placed.filter(({ identity }) => wanted.has(identity)).sort(byPlace(wanted));
	const others = placed.filter(({ identity }) => !wanted.has(identity)).sort(byPlace(present));
	const result: unknown[] = [];
	let at = 0;
	for (const { element, identity } of named) {
		const place = present.get(identity);
		for (let other = others[at]; other !== undefined; other = others[at]) {
			const before = present.get(other.identity);
			if (place === undefined || before === undefined || before >= place) break;
			result.push(other.element);
			at += 1;
		}
		result.push(element);
	}
	return [...result, ...others.slice(at).map(({ element }) => element)];
}

/** The elements of the patch have the relative order that `$setElementOrder` states. */
function requireOrder(patch: readonly unknown[], order: readonly unknown[], mergeKey: string): void {
	if (patch.length === 0 || order.length === 0) return;
	const elements = patch.filter((element) => !(hasDirective(element) && element.$patch === 'delete'));
	let at = 0;
	for (let next = 0; at < elements.length && next < order.length; ) {
		if (hasDirective(elements[at])) at += 1;
		else if (identityOf(elements[at], mergeKey) === identityOf(order[next++], mergeKey)) at += 1;
	}
	if (at === elements.length) return;
	const lists = `The order in patch list:\n${goPrint(patch)}\n doesn't match $setElementOrder list:`;
	throw malformed(`${lists}\n${goPrint(order)}\n`);
}

/** The value without the objects that carry a directive; undefined for such an object. */
export const withoutDirectives = (value: unknown): unknown =>
	hasDirective(value) ? undefined : pruned(value, hasDirective);
