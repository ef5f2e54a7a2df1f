/**
 * JSON patch as the library of the API server applies it. It differs from RFC 6902: a negative index counts from the
 * end, `replace` adds a missing field, and `test` of a missing field passes for an absent or null value. Therefore no
 * npm library fits.
 *
 * @source gopkg.in/evanphx/json-patch.v4 patch.go; apiserver/pkg/endpoints/handlers/patch.go applyJSPatch
 * @differs a field that was set to null counts as missing for `remove` and `test` as it does upstream, but `replace`
 *   beyond the end of a list is refused where upstream panics
 */
import { KubejoinError } from '../../errors.ts';
import { getOwn, isJsonObject, type JsonObject, jsonEqual, setOwn } from '../../json-object.ts';
import { limits } from '../../limits.ts';
import { quoteInput } from '../../text.ts';
import { countValues, requireFewValues } from '../json-depth.ts';
import { inapplicable, jsonKind, malformed } from './patch-error.ts';

interface Operation {
	readonly op: string;
	readonly path: string | undefined;
	readonly from: string | undefined;
	/** Undefined when the operation has none. */
	readonly value: unknown;
}
type Container = JsonObject | unknown[];

/** The patched document, and the problems that strict field validation refuses. */
export interface Patched {
	readonly document: unknown;
	readonly strictProblems: readonly string[];
}

/**
 * The document with the operations applied, in a copy.
 *
 * @throws API_BAD_REQUEST  the patch is not a list of operations
 * @throws API_TOO_LARGE  too many operations
 * @throws API_PATCH_REJECTED  an operation does not apply
 */
export function applyJsonPatch(document: unknown, patch: unknown): Patched {
	const { operations, strictProblems } = readOperations(patch);
	const work: Work = {
		root: structuredClone(document) as Container,
		copiedBytes: 0,
		copiedValues: 0,
		shifted: 0,
		pathParts: 0,
	};
	for (const operation of operations) apply(work, operation);
	return { document: work.root, strictProblems };
}

interface Work {
	root: Container;
	copiedBytes: number;
	copiedValues: number;
	/** Elements of lists that inserts and removals moved. */
	shifted: number;
	pathParts: number;
}

function readOperations(patch: unknown): { operations: Operation[]; strictProblems: string[] } {
	if (patch !== null && !Array.isArray(patch)) throw undecodable(patch, '[]handlers.jsonPatchOp');
	const max = limits.jsonPatchOperations.value;
	const list = patch ?? [];
	if (list.length > max) {
		const because = `The allowed maximum operations in a JSON patch is ${max}, got ${list.length}`;
		throw new KubejoinError('API_TOO_LARGE', { limit: String(max), because });
	}
	const strictProblems: string[] = [];
	const operations = list.map((entry: unknown, at: number) => {
		if (!isJsonObject(entry)) throw undecodable(entry, 'handlers.jsonPatchOp');
		for (const name of Object.keys(entry))
			if (!known.has(name)) strictProblems.push(`json patch unknown field "[${at}].${name}"`);
		const value = getOwn(entry, 'value');
		return { op: text(entry, 'op') ?? 'unknown', path: text(entry, 'path'), from: text(entry, 'from'), value };
	});
	return { operations, strictProblems };
}
const known = new Set(['op', 'path', 'from', 'value']);

function text(entry: JsonObject, name: string): string | undefined {
	const value = getOwn(entry, name) ?? undefined;
	if (value === undefined || typeof value === 'string') return value;
	throw undecodable(value, `string`, ` struct field jsonPatchOp.${name}`);
}
const undecodable = (value: unknown, goType: string, field = ' value'): KubejoinError =>
	malformed(`error decoding patch: json: cannot unmarshal ${jsonKind(value)} into Go${field} of type ${goType}`);

const appliers: Readonly<Record<string, (work: Work, operation: Operation) => void>> = {
	add: (work, operation) => insert(work, place(work, operation.path, 'add'), present(operation)),
	remove: (work, { path }) => remove(work, place(work, path, 'remove')),
	replace,
	move(work, { from, path }) {
		const source = place(work, from, 'move');
		const moved = get(source.container, source.key);
		remove(work, source);
		insert(work, place(work, path, 'move'), moved);
	},
	copy,
	test,
};

function apply(work: Work, operation: Operation): void {
	const { op } = operation;
	const applier = Object.hasOwn(appliers, op) ? appliers[op] : undefined;
	if (applier === undefined) throw inapplicable(`Unexpected kind: ${op}`);
	applier(work, operation);
}

/** A field or an element: its container and its key. */
interface Place {
	readonly container: Container;
	readonly key: string;
	readonly path: string;
}

function place(work: Work, path: string | undefined, op: string): Place {
	if (path === undefined) throw inapplicable(`${op} operation failed to decode path: missing value`);
	const maxParts = limits.jsonDepth.value;
	const [, ...parts] = path.split('/', maxParts + 1);
	countParts(work, parts.length);
	const last = parts.pop();
	let container: unknown = last === undefined || parts.length === maxParts - 1 ? undefined : work.root;
	for (const part of parts) {
		if (!isContainer(container)) break;
		container = get(container, decodeKey(part));
	}
	if (isContainer(container)) return { container, key: decodeKey(last ?? ''), path };
	throw inapplicable(`${op} operation does not apply: doc is missing path: ${quoteInput(path)}: missing value`);
}
function countParts(work: Work, parts: number): void {
	work.pathParts += parts;
	const limit = limits.jsonPatchParts.value;
	if (work.pathParts > limit)
		throw inapplicable(`the paths of the operations have more than ${limit} parts`, 'jsonPatchParts');
}
const decodeKey = (part: string): string =>
	part.includes('~') ? part.replaceAll('~1', '/').replaceAll('~0', '~') : part;
const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null;

/** @param end  the first index after those that are allowed */
function indexOf(key: string, length: number, end: number): number {
	if (!/^[+-]?\d{1,9}$/.test(key)) throw inapplicable(`value was not a proper array index: '${key}'`);
	const index = Number(key);
	const found = index < 0 ? index + length : index;
	if (found < 0 || found >= end) throw inapplicable(`Unable to access invalid index: ${key}: invalid index referenced`);
	return found;
}

/** @returns undefined for a missing field of an object */
function get(container: Container, key: string): unknown {
	if (!Array.isArray(container)) return getOwn(container, key);
	return container[indexOf(key, container.length, container.length)];
}

function insert(work: Work, { container, key }: Place, value: unknown): void {
	const entry = value ?? null;
	if (!Array.isArray(container)) {
		setOwn(container, key, entry);
		return;
	}
	const { length } = container;
	const at = key === '-' ? length : indexOf(key, length + 1, length + 1);
	countShifts(work, length - at);
	container.splice(at, 0, entry);
}

function countShifts(work: Work, elements: number): void {
	work.shifted += elements;
	const limit = limits.jsonPatchShifts.value;
	if (work.shifted > limit)
		throw inapplicable(`the operations move more than ${limit} elements of lists`, 'jsonPatchShifts');
}

function remove(work: Work, { container, key }: Place): void {
	if (Array.isArray(container)) {
		const at = indexOf(key, container.length, container.length);
		countShifts(work, container.length - at);
		container.splice(at, 1);
	} else if (Object.hasOwn(container, key)) delete container[key];
	else throw inapplicable(`Unable to remove nonexistent key: ${key}: missing value`);
}

function replace(work: Work, operation: Operation): void {
	const value = present(operation);
	if (operation.path === '') {
		if (!isContainer(value)) throw inapplicable('replace operation value must be object or array');
		work.root = value;
		return;
	}
	const { container, key } = place(work, operation.path, 'replace');
	if (Array.isArray(container)) container[indexOf(key, container.length, container.length)] = value;
	else setOwn(container, key, value);
}

/** A copy, because a later operation may change it. */
const present = ({ value }: Operation): unknown => structuredClone(value ?? null);

function copy(work: Work, { from, path }: Operation): void {
	const source = place(work, from, 'copy');
	const value = get(source.container, source.key) ?? null;
	const json = JSON.stringify(value);
	work.copiedValues += 1 + countValues(value, limits.jsonValues.value);
	requireFewValues(work.copiedValues);
	work.copiedBytes += Buffer.byteLength(json);
	const limit = limits.jsonPatchCopiedBytes.value;
	if (work.copiedBytes > limit) {
		const size = `the accumulated size increase of copy is ${work.copiedBytes}, exceeding the limit ${limit}`;
		throw inapplicable(`Unable to complete the copy, ${size}`, 'jsonPatchCopiedBytes');
	}
	insert(work, place(work, path, 'copy'), JSON.parse(json));
}

function test(work: Work, { path, value }: Operation): void {
	const { container, key } = path === '' ? { container: [work.root], key: '0' } : place(work, path, 'test');
	const found = get(container, key);
	if (!jsonEqual(found ?? null, value ?? null)) throw inapplicable(`testing value ${path} failed: test failed`);
}
