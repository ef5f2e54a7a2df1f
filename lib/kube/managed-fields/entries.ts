/**
 * metadata.managedFields: which manager owns which fields. Entries of one manager, operation, version and subresource
 * are one.
 *
 * @source apimachinery/pkg/util/managedfields/internal/managedfields.go
 */
import { isJsonObject, type JsonObject } from '../../json-object.ts';
import { type FieldSet, union } from './field-set.ts';
import { fieldsV1Of, setOfFieldsV1 } from './fields-v1.ts';
import { compareTexts } from './path-element.ts';

export interface ManagerId {
	readonly manager: string;
	readonly operation: 'Apply' | 'Update';
	readonly apiVersion: string;
	/** Empty for the resource itself. */
	readonly subresource: string;
}

export interface Owner extends ManagerId {
	readonly time: string | undefined;
	readonly fields: FieldSet;
}

/** By `keyOf`. */
export type Owners = ReadonlyMap<string, Owner>;

/** An applier keeps its entry when it applies another version. */
export const keyOf = ({ manager, operation, apiVersion, subresource }: ManagerId): string =>
	JSON.stringify([manager, operation, operation === 'Apply' ? '' : apiVersion, subresource]);

/** @returns undefined when an entry is invalid */
export function readOwners(entries: unknown): Owners | undefined {
	const owners = new Map<string, Owner>();
	if (entries === undefined || entries === null) return owners;
	if (!Array.isArray(entries)) return undefined;
	for (const entry of entries) {
		const owner = isJsonObject(entry) ? readOwner(entry) : undefined;
		if (owner === undefined) return undefined;
		owners.set(keyOf(owner), owner);
	}
	return owners;
}

function readOwner(entry: JsonObject): Owner | undefined {
	const { manager = '', operation, apiVersion, subresource = '', time, fieldsType, fieldsV1 } = entry;
	if (operation !== 'Apply' && operation !== 'Update') return undefined;
	if (typeof apiVersion !== 'string' || apiVersion === '' || fieldsType !== 'FieldsV1') return undefined;
	if (typeof manager !== 'string' || typeof subresource !== 'string') return undefined;
	try {
		const fields = setOfFieldsV1(fieldsV1);
		return { manager, operation, apiVersion, subresource, time: typeof time === 'string' ? time : undefined, fields };
	} catch (error) {
		if (error instanceof SyntaxError) return undefined;
		throw error;
	}
}

/** The entries in upstream's order. @returns undefined when no manager owns a field */
export function writeOwners(owners: Owners): JsonObject[] | undefined {
	if (owners.size === 0) return undefined;
	return [...owners.values()].sort(compareOwners).map((owner) => ({
		manager: owner.manager,
		operation: owner.operation,
		apiVersion: owner.apiVersion,
		...(owner.time === undefined ? {} : { time: owner.time }),
		fieldsType: 'FieldsV1',
		fieldsV1: fieldsV1Of(owner.fields),
		...(owner.subresource === '' ? {} : { subresource: owner.subresource }),
	}));
}

const seconds = (time: unknown): number => (typeof time === 'string' ? Math.floor(Date.parse(time) / 1000) || 0 : 0);

/** Of owners, or of their entries. */
export const compareOwners = (left: object, right: object): number => {
	const [a, b]: readonly Partial<Record<keyof Owner, unknown>>[] = [left, right];
	const byText = (field: keyof ManagerId) => compareTexts(String(a?.[field] ?? ''), String(b?.[field] ?? ''));
	return (
		byText('operation') ||
		seconds(a?.time) - seconds(b?.time) ||
		byText('manager') ||
		byText('apiVersion') ||
		byText('subresource')
	);
};

const MAX_UPDATE_OWNERS = 10;

/**
 * At most ten entries of updates: the oldest of a version become one of the manager `ancient-changes`.
 *
 * @source apimachinery/pkg/util/managedfields/internal/capmanagers.go
 */
export function capOwners(owners: Owners): Owners {
	const updates = [...owners].filter(([, { operation }]) => operation === 'Update');
	if (updates.length <= MAX_UPDATE_OWNERS) return owners;
	updates.sort(([a, left], [b, right]) => seconds(left.time) - seconds(right.time) || compareTexts(a, b));
	const capped = new Map(owners);
	const firstOfVersion = new Map<string, string>();
	/** Of the owners that become one, by its key. */
	const parts = new Map<string, FieldSet[]>();
	let count = updates.length;
	for (const [key, { apiVersion, time, fields }] of updates) {
		if (count <= MAX_UPDATE_OWNERS) break;
		const first = firstOfVersion.get(apiVersion);
		if (first === undefined) {
			firstOfVersion.set(apiVersion, key);
			continue;
		}
		const bucket: ManagerId = { manager: 'ancient-changes', operation: 'Update', apiVersion, subresource: '' };
		const bucketKey = keyOf(bucket);
		const merged = capped.get(bucketKey) ?? capped.get(first);
		const all = parts.get(bucketKey) ?? [merged?.fields ?? fields];
		all.push(fields);
		parts.set(bucketKey, all);
		capped.delete(first);
		capped.delete(key);
		capped.set(bucketKey, { ...bucket, time, fields });
		count -= 1;
	}
	for (const [key, all] of parts) {
		const owner = capped.get(key);
		if (owner !== undefined) capped.set(key, { ...owner, fields: union(...all) });
	}
	return capped;
}
