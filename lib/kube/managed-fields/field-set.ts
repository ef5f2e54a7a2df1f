/**
 * A set of fields, as a tree. An element can be a member of the set itself, the parent of members, or both.
 *
 * @source structured-merge-diff fieldpath/set.go
 */
import type { KubeType } from '../schema/schema.ts';
import { typeOfField } from '../schema/schema.ts';
import { type Path, type PathElement, sortedElements } from './path-element.ts';

export interface FieldSet {
	readonly members: Set<PathElement>;
	readonly children: Map<PathElement, FieldSet>;
}

export const emptySet = (): FieldSet => ({ members: new Set(), children: new Map() });

/** The whole object has no owner: an empty path adds nothing. */
function insert(set: FieldSet, path: Path): void {
	const last = path.at(-1);
	if (last === undefined) return;
	let at = set;
	for (const element of path.slice(0, -1)) {
		let child = at.children.get(element);
		if (child === undefined) {
			child = emptySet();
			at.children.set(element, child);
		}
		at = child;
	}
	at.members.add(last);
}

export function setOf(...paths: readonly Path[]): FieldSet {
	const set = emptySet();
	for (const path of paths) insert(set, path);
	return set;
}

export const isEmpty = ({ members, children }: FieldSet): boolean => members.size === 0 && children.size === 0;

export function union(...sets: readonly FieldSet[]): FieldSet {
	const all = emptySet();
	for (const set of sets) addAll(all, set);
	return all;
}

/** Adds copies, so that a long series of additions takes time in proportion to the added fields. */
function addAll(into: FieldSet, set: FieldSet): void {
	for (const element of set.members) into.members.add(element);
	for (const [element, child] of set.children) {
		const own = into.children.get(element) ?? emptySet();
		into.children.set(element, own);
		addAll(own, child);
	}
}

/** The children of `set` that `keep` does not empty. */
function childrenOf(
	set: FieldSet,
	keep: (child: FieldSet, element: PathElement) => FieldSet | undefined,
): Map<PathElement, FieldSet> {
	const children = new Map<PathElement, FieldSet>();
	for (const [element, child] of set.children) {
		const kept = keep(child, element);
		if (kept !== undefined && !isEmpty(kept)) children.set(element, kept);
	}
	return children;
}
const membersOf = (set: FieldSet, keep: (element: PathElement) => boolean): Set<PathElement> =>
	new Set([...set.members].filter(keep));

export const intersection = (left: FieldSet, right: FieldSet): FieldSet => ({
	members: membersOf(left, (element) => right.members.has(element)),
	children: childrenOf(left, (child, element) => {
		const other = right.children.get(element);
		return other === undefined ? undefined : intersection(child, other);
	}),
});

/** A field stays when only its parent is removed. */
export const difference = (left: FieldSet, right: FieldSet): FieldSet => ({
	members: membersOf(left, (element) => !right.members.has(element)),
	children: childrenOf(left, (child, element) => {
		const other = right.children.get(element);
		return other === undefined ? child : difference(child, other);
	}),
});

/** A field is removed with its parent. */
export const recursiveDifference = (left: FieldSet, right: FieldSet): FieldSet => ({
	members: membersOf(left, (element) => !right.members.has(element)),
	children: childrenOf(left, (child, element) => {
		if (right.members.has(element)) return undefined;
		const other = right.children.get(element);
		return other === undefined ? child : recursiveDifference(child, other);
	}),
});

/** Adds the fields of structs that are parents of members; not the entries of maps and lists. */
export function withNamedFields(set: FieldSet, type: KubeType | undefined): FieldSet {
	const members = new Set(set.members);
	const children = new Map<PathElement, FieldSet>();
	for (const [element, child] of set.children) {
		const isNamed = type?.form === 'struct' && element.startsWith('f:') && type.fields.has(element.slice(2));
		if (isNamed) members.add(element);
		children.set(element, withNamedFields(child, typeOfElement(type, element)));
	}
	return { members, children };
}

function typeOfElement(type: KubeType | undefined, element: PathElement): KubeType | undefined {
	if (element.startsWith('k:')) return type?.form === 'list' ? type.element : undefined;
	if (!element.startsWith('f:')) return undefined;
	if (type?.form === 'struct' || type?.form === 'map' || type?.form === 'any')
		return typeOfField(type, element.slice(2));
	return undefined;
}

/** The members, sorted; those of a level before those of its children. */
export function pathsOf(set: FieldSet): Path[] {
	const paths: Path[] = [];
	const visit = ({ members, children }: FieldSet, prefix: Path): void => {
		for (const element of sortedElements(members)) paths.push([...prefix, element]);
		for (const element of sortedElements(children.keys())) {
			const child = children.get(element);
			if (child !== undefined) visit(child, [...prefix, element]);
		}
	};
	visit(set, []);
	return paths;
}
