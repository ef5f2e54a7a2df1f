/**
 * Which manager owns which fields after an update or an apply.
 *
 * @source structured-merge-diff merge/update.go
 */
import { jsonEqual } from '../../json-object.ts';
import { anyType, type KubeType, typeOfKind } from '../schema/schema.ts';
import { type Comparison, compareObjects } from './compare.ts';
import { keyOf, type ManagerId, type Owner, type Owners } from './entries.ts';
import {
	difference,
	type FieldSet,
	intersection,
	isEmpty,
	recursiveDifference,
	union,
	withNamedFields,
} from './field-set.ts';
import { mergeObjects } from './merge.ts';
import { removeItems } from './remove-items.ts';
import { setOfObject } from './set-of-object.ts';

/** A write to an object, which is in its Go form, without managedFields. */
export interface Write {
	readonly type: KubeType;
	readonly kind: string;
	readonly live: unknown;
	/** Those of the live object. */
	readonly owners: Owners;
	/** Fields that the write cannot change. */
	readonly reset: FieldSet;
}

export interface Conflict {
	readonly owner: Owner;
	readonly fields: FieldSet;
}

interface Taken {
	readonly owners: Map<string, Owner>;
	readonly comparison: Comparison;
	readonly conflicts: readonly Conflict[];
}

/** Takes the changed and removed fields from all owners but one. */
function takeFields({ type, kind, live, owners, reset }: Write, next: unknown, exceptKey?: string): Taken {
	const found = compareObjects(type, live, next);
	const comparison: Comparison = {
		removed: recursiveDifference(found.removed, reset),
		modified: recursiveDifference(found.modified, reset),
		added: recursiveDifference(found.added, reset),
	};
	const changed = union(comparison.modified, comparison.added);
	const remaining = new Map<string, Owner>();
	const conflicts: Conflict[] = [];
	for (const [key, owner] of owners) {
		// The entry of a version that is no longer served.
		if (typeOfKind({ apiVersion: owner.apiVersion, kind }) === anyType && type !== anyType) continue;
		let { fields } = owner;
		if (key !== exceptKey) {
			const taken = intersection(fields, changed);
			if (!isEmpty(taken)) conflicts.push({ owner, fields: taken });
			fields = difference(difference(fields, changed), comparison.removed);
		}
		if (!isEmpty(fields)) remaining.set(key, { ...owner, fields });
	}
	return { owners: remaining, comparison, conflicts };
}

/**
 * The owners after an update, without the fields that it changed, which the writer owns now.
 *
 * @throws SchemaMismatch
 */
export function ownersAfterUpdate(write: Write, next: unknown): { owners: Map<string, Owner>; changed: FieldSet } {
	const { owners, comparison } = takeFields(write, next);
	return { owners, changed: union(comparison.modified, comparison.added) };
}

export interface Applied {
	readonly owners: Owners;
	/** Undefined when it equals the live object. */
	readonly object: unknown;
	readonly conflicts: readonly Conflict[];
}

/**
 * The merged object and its owners. The conflicts are the fields that the writer takes over.
 *
 * @throws SchemaMismatch
 */
export function applyConfiguration(write: Write, manager: ManagerId, applied: unknown): Applied {
	const { type, live } = write;
	const merged = mergeObjects(type, live, applied);
	const key = keyOf(manager);
	const last = write.owners.get(key);
	const fields = recursiveDifference(setOfObject(type, applied), write.reset);
	const owners = new Map(write.owners).set(key, { ...manager, time: last?.time, fields });
	const next = pruned(type, merged, owners, last?.fields);
	const taken = takeFields({ ...write, owners }, next, key);
	const isSame = jsonEqual(live, next);
	return { owners: taken.owners, object: isSame ? undefined : next, conflicts: taken.conflicts };
}

/** Without the fields that the applier owned, does not apply any more, and no other manager owns. */
function pruned(type: KubeType, merged: unknown, owners: Owners, last: FieldSet | undefined): unknown {
	if (last === undefined || isEmpty(last)) return merged;
	const named = (set: FieldSet): FieldSet => withNamedFields(set, type);
	const all = named(setOfObject(type, merged));
	const withoutLast = removeItems(type, merged, named(last));
	const owned = union(...[...owners.values()].map(({ fields }) => named(fields)));
	const kept = named(setOfObject(type, withoutLast));
	const withOwned = removeItems(type, merged, difference(all, union(kept, owned)));
	const remaining = named(setOfObject(type, withOwned));
	return removeItems(type, merged, intersection(difference(all, remaining), named(last)));
}
