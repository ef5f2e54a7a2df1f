/**
 * Keeps metadata.managedFields with each write, and applies configurations.
 *
 * @source apimachinery/pkg/util/managedfields/internal: fieldmanager.go and the managers that it wraps
 */
import { convertMessage } from '../../codec/convert.ts';
import { nameOf } from '../../codec/read.ts';
import { messageOf } from '../../codec/schema.ts';
import { KubejoinError } from '../../errors.ts';
import { getOwn, isJsonObject, type JsonObject, jsonEqual } from '../../json-object.ts';
import { limits } from '../../limits.ts';
import { requireBounded } from '../json-depth.ts';
import { goPrint } from '../patch/go-print.ts';
import { malformed } from '../patch/patch-error.ts';
import { emptyObject, goForm } from '../schema/go-form.ts';
import { type GroupVersionKind, type KubeType, typeOfKind } from '../schema/schema.ts';
import type { KubeObject } from '../types.ts';
import { applyConflict } from './conflict.ts';
import { capOwners, keyOf, type ManagerId, type Owners, readOwners, writeOwners } from './entries.ts';
import { isTrackable } from './field-count.ts';
import { difference, type FieldSet, isEmpty, setOf, union } from './field-set.ts';
import { forcesLastApplied, withLastApplied } from './last-applied.ts';
import { SchemaMismatch } from './list-elements.ts';
import { type Applied, applyConfiguration, ownersAfterUpdate, type Write } from './ownership.ts';
import { fieldElement } from './path-element.ts';
import { resetFieldsOf } from './reset-fields.ts';
import { entriesOfSameOwner } from './same-owner.ts';
import { typeProblems } from './validate.ts';
import { withoutManagedFields } from './without.ts';

export interface ManagedWrite {
	readonly kind: GroupVersionKind;
	/** Empty for the resource itself. */
	readonly subresource: string;
	/** Empty for an unknown one. */
	readonly manager: string;
	readonly now: string;
}

const neverOwned = setOf(
	...['apiVersion', 'kind', 'metadata'].map((name) => [fieldElement(name)]),
	...['name', 'namespace', 'creationTimestamp', 'selfLink', 'uid', 'clusterName', 'generation', 'managedFields']
		.concat('resourceVersion')
		.map((name) => [fieldElement('metadata'), fieldElement(name)]),
);

/**
 * The object of a create, update or patch with its managedFields. The manager owns the fields that differ from the live
 * object. An object with more fields than the limit has no managedFields.
 *
 * @param live  undefined for a create
 */
export function withUpdatedFields<T extends KubeObject>(live: KubeObject | undefined, next: T, write: ManagedWrite): T {
	const entries = live === undefined ? undefined : unchangedOwners(live, next, write);
	if (entries !== undefined) return setManagedFields(next, entries);
	const type = typeOfKind(write.kind);
	if (!isTrackable(type, next) || (live !== undefined && !isTrackable(type, live)))
		return setManagedFields(next, undefined);
	const liveEntries = managedFieldsOf(live);
	const owners = ownersOfUpdate(liveEntries, next, write);
	const isTracked = live === undefined || owners.size > 0;
	try {
		return withEntries(next, isTracked ? updated(type, live, next, owners, write) : owners);
	} catch (error) {
		if (!(error instanceof SchemaMismatch)) throw error;
		return setManagedFields(next, liveEntries);
	}
}

function unchangedOwners(live: KubeObject, next: KubeObject, { kind, subresource, manager, now }: ManagedWrite) {
	const [entries, sent] = [managedFieldsOf(live), managedFieldsOf(next)];
	if (!isEmpty(resetFieldsOf(kind.kind, subresource)) || (sent !== undefined && !jsonEqual(sent, entries)))
		return undefined;
	return entriesOfSameOwner({ live, next, entries }, managerId(kind, subresource, manager, 'Update'), now);
}

/**
 * An empty list, or one empty entry, removes all owners. Entries that are absent or invalid keep those of the live
 * object, and so does a write to a subresource.
 */
function ownersOfUpdate(liveEntries: unknown, next: KubeObject, { subresource }: ManagedWrite): Owners {
	const live = readOwners(liveEntries) ?? noOwners();
	if (subresource !== '') return live;
	const sent = managedFieldsOf(next);
	if (Array.isArray(sent) && (sent.length === 0 || (sent.length === 1 && jsonEqual(goEntry(sent[0]), {}))))
		return noOwners();
	const owners = readOwners(sent);
	return owners === undefined || owners.size === 0 ? live : owners;
}
const noOwners = (): Owners => new Map();
const goEntry = (entry: unknown): unknown =>
	isJsonObject(entry)
		? Object.fromEntries(Object.entries(entry).filter(([, value]) => value !== null && value !== ''))
		: entry;

function updated(
	type: KubeType,
	live: KubeObject | undefined,
	next: KubeObject,
	owners: Owners,
	{ kind, subresource, manager, now }: ManagedWrite,
): Owners {
	const id = managerId(kind, subresource, manager, 'Update');
	const write = writeOf(type, live, owners, kind, subresource);
	const { owners: remaining, changed } = ownersAfterUpdate(write, goObject(type, next));
	const fields = difference(changed, neverOwned);
	if (!isEmpty(fields)) {
		const key = keyOf(id);
		const before = remaining.get(key)?.fields;
		remaining.set(key, { ...id, time: now, fields: before === undefined ? fields : union(fields, before) });
	}
	return capOwners(remaining);
}

const managerId = (
	{ apiVersion }: GroupVersionKind,
	subresource: string,
	manager: string,
	operation: ManagerId['operation'],
): ManagerId => ({ manager: manager === '' ? 'unknown' : manager, operation, apiVersion, subresource });

const writeOf = (
	type: KubeType,
	live: KubeObject | undefined,
	owners: Owners,
	{ kind }: GroupVersionKind,
	subresource: string,
): Write => ({
	type,
	kind,
	live: live === undefined ? emptyObject(type) : goObject(type, live),
	owners,
	reset: resetFieldsOf(kind, subresource),
});

/** In its Go form, without managedFields. */
const goObject = (type: KubeType, object: KubeObject): unknown => goForm(type, withoutManagedFields(object));

const managedFieldsOf = (object: KubeObject | undefined): unknown =>
	getOwn((object?.metadata ?? {}) as JsonObject, 'managedFields') ?? undefined;

function setManagedFields<T extends KubeObject>(object: T, entries: unknown): T {
	if (entries === undefined) return withoutManagedFields(object);
	return { ...object, metadata: { ...object.metadata, managedFields: entries } };
}
const withEntries = <T extends KubeObject>(object: T, owners: Owners): T =>
	setManagedFields(object, writeOwners(owners));

/** A subresource's rules take most fields from the stored object; the managedFields are those of the written one. */
export const withManagedFieldsOf = <T extends KubeObject>(object: T, written: KubeObject): T =>
	object === written ? object : setManagedFields(object, managedFieldsOf(written));

export interface ManagedApply extends ManagedWrite {
	/** Take over the fields of other managers. */
	readonly force: boolean;
}

/**
 * The live object with the applied configuration merged into it.
 *
 * @param live  undefined when the apply creates the object
 * @throws API_BAD_REQUEST  the configuration is of another kind, or does not fit its type
 * @throws API_APPLY_CONFLICT  other managers own fields with other values, and `force` is not set
 */
export function appliedObject(live: KubeObject | undefined, configuration: unknown, write: ManagedApply): KubeObject {
	requireBounded(configuration);
	const applied = requireConfiguration(configuration, write);
	const type = typeOfKind(write.kind);
	for (const object of [applied, live ?? {}]) {
		if (isTrackable(type, object)) continue;
		const limit = limits.trackedFields.value;
		const because = `a server-side apply keeps the managers of at most ${limit} fields`;
		throw new KubejoinError('API_TOO_LARGE', { limit: String(limit), because });
	}
	const problems = typeProblems(type, applied);
	if (problems.length > 0) throw mismatch({ ...applied }, write, problems);
	try {
		return apply(type, live, applied, write);
	} catch (error) {
		if (!(error instanceof SchemaMismatch)) throw error;
		throw malformed(`failed to merge config: ${error.message}`);
	}
}

function apply(type: KubeType, live: KubeObject | undefined, applied: KubeObject, write: ManagedApply): KubeObject {
	const { kind, subresource, manager, now, force } = write;
	const id = managerId(kind, subresource, manager, 'Apply');
	const target = writeOf(type, live, liveOwners(type, live, write), kind, subresource);
	const result = applyConfiguration(target, id, applied);
	requireNoConflict(type, live, result, manager, force);
	const key = keyOf(id);
	const owners = new Map(result.owners);
	const owner = owners.get(key);
	const fields: FieldSet | undefined = owner && difference(owner.fields, neverOwned);
	if (owner === undefined || fields === undefined || isEmpty(fields)) owners.delete(key);
	else owners.set(key, { ...owner, fields, time: result.object === undefined ? owner.time : now });
	const merged = result.object && convertedObject(result.object as JsonObject, { ...applied }, kind);
	const object = goForm(type, merged ?? target.live) as KubeObject;
	const named = { ...object, apiVersion: kind.apiVersion, kind: kind.kind };
	return withEntries(manager === 'kubectl' ? withLastApplied(named, applied) : named, owners);
}

/** Before the first apply, all fields belong to one owner. */
function liveOwners(type: KubeType, live: KubeObject | undefined, write: ManagedApply): Owners {
	const owners = readOwners(managedFieldsOf(live)) ?? noOwners();
	if (live === undefined || owners.size > 0) return owners;
	return updated(type, undefined, live, owners, { ...write, manager: 'before-first-apply' });
}

function requireNoConflict(
	type: KubeType,
	live: KubeObject | undefined,
	{ conflicts }: Applied,
	manager: string,
	force: boolean,
): void {
	if (force || conflicts.length === 0) return;
	const allowed = manager === 'kubectl' && live !== undefined ? forcesLastApplied(type, live) : undefined;
	const remaining = conflicts
		.map(({ owner, fields }) => ({ owner, fields: allowed === undefined ? fields : difference(fields, allowed) }))
		.filter(({ fields }) => !isEmpty(fields));
	if (remaining.length > 0) throw applyConflict(remaining);
}

const notAnObject = (value: unknown): string =>
	'error unmarshaling JSON: while decoding JSON: ' +
	`json: cannot unmarshal ${nameOf(value)} into Go value of type map[string]interface {}`;

/** @throws API_BAD_REQUEST */
function requireConfiguration(configuration: unknown, { kind, ...write }: ManagedApply): KubeObject {
	if (!isJsonObject(configuration)) throw malformed(`error decoding patch: ${notAnObject(configuration)}`);
	const { apiVersion, kind: sentKind, metadata } = configuration;
	if (apiVersion !== kind.apiVersion || sentKind !== kind.kind)
		throw malformed(`invalid object type: ${gvkText({ apiVersion: text(apiVersion), kind: text(sentKind) })}`);
	if (metadata !== undefined && metadata !== null && !isJsonObject(metadata))
		throw mismatch(configuration, { kind, ...write }, [`.metadata: expected map, got &{${goPrint(metadata)}}`]);
	const applied = { ...configuration, metadata: metadata ?? {} } as unknown as KubeObject;
	if (managedFieldsOf(applied) !== undefined) throw malformed('metadata.managedFields must be nil');
	return applied;
}
const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** @source apimachinery/pkg/runtime/schema GroupVersionKind.String */
function gvkText({ apiVersion, kind }: GroupVersionKind): string {
	return `${apiVersion.includes('/') ? apiVersion : `/${apiVersion}`}, Kind=${kind}`;
}

/** @differs upstream answers with 500 */
function mismatch(object: JsonObject, { kind }: ManagedApply, problems: readonly string[]) {
	const found = problems.length === 1 ? problems[0] : ['errors:', ...problems.map((one) => `  ${one}`)].join('\n');
	return malformed(`failed to create typed patch object (${objectText(object, kind)}): ${found}`);
}

/** @source structuredmerge.go objectGVKNN */
function objectText({ metadata }: JsonObject, kind: GroupVersionKind): string {
	const { namespace, name } = isJsonObject(metadata) ? metadata : {};
	return `${text(namespace)}/${text(name)}; ${gvkText(kind)}`;
}

/** The merged object with the types of its kind. @throws API_BAD_REQUEST */
function convertedObject(merged: JsonObject, applied: JsonObject, kind: GroupVersionKind): JsonObject {
	const message = messageOf(kind);
	const { object, problem } = message === undefined ? { object: merged } : convertMessage(message, merged);
	if (problem === undefined) return object;
	const what = `failed to convert new object (${objectText(applied, kind)}) to proper version`;
	throw malformed(`${what}: unable to convert unstructured object to ${gvkText(kind)}: ${problem}`);
}
