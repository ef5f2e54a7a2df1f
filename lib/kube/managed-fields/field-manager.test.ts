import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { KubejoinError } from '../../errors.ts';
import type { JsonObject } from '../../json-object.ts';
import { limits } from '../../limits.ts';
import type { KubeObject } from '../types.ts';
import { appliedObject, type ManagedApply, withUpdatedFields } from './field-manager.ts';

const now = '2026-01-01T00:00:00Z';
const later = '2026-01-01T00:00:09Z';
const configMap = { apiVersion: 'v1', kind: 'ConfigMap' };
const object = (data: Record<string, string> | undefined, metadata: object = {}): KubeObject =>
	({ ...configMap, metadata: { name: 'c', namespace: 'n', ...metadata }, ...(data && { data }) }) as KubeObject;

const write = { kind: configMap, subresource: '', manager: 'm', now };
const update = (live: KubeObject | undefined, next: KubeObject, more: Partial<typeof write> = {}): KubeObject =>
	withUpdatedFields(live, next, { ...write, ...more });
const apply = (live: KubeObject | undefined, applied: unknown, more: Partial<ManagedApply> = {}): KubeObject =>
	appliedObject(live, applied, { ...write, force: false, ...more });

interface Entry {
	readonly manager: string;
	readonly operation: string;
	readonly time?: string;
	readonly fieldsV1: object;
}
const entriesOf = ({ metadata }: KubeObject): Entry[] =>
	((metadata as JsonObject).managedFields as Entry[] | undefined) ?? [];
const fieldsOf = (object: KubeObject, manager: string): object | undefined =>
	entriesOf(object).find((entry) => entry.manager === manager)?.fieldsV1;

/** Recorded from a real kube-apiserver 1.37.2, which answers 500. */
const unconvertible: readonly (readonly [object: object, problem: string])[] = [
	[
		{ ...configMap, metadata: { name: 'c', namespace: 'n' }, binaryData: { b: 'Bad Value!' } },
		'failed to convert new object (n/c; /v1, Kind=ConfigMap) to proper version: unable to convert unstructured object ' +
			'to /v1, Kind=ConfigMap: error decoding from json: illegal base64 data at input byte 3',
	],
	[
		{ ...configMap, metadata: { name: 'c', creationTimestamp: 5 } },
		'failed to convert new object (/c; /v1, Kind=ConfigMap) to proper version: unable to convert unstructured object ' +
			'to /v1, Kind=ConfigMap: json: cannot unmarshal number into Go value of type string',
	],
	[
		{ ...configMap, metadata: { name: 'c', generation: 1.5 } },
		'failed to convert new object (/c; /v1, Kind=ConfigMap) to proper version: unable to convert unstructured object ' +
			'to /v1, Kind=ConfigMap: cannot convert float64 to int64',
	],
	[
		{ ...configMap, metadata: { name: 'c', finalizers: {} } },
		'failed to create typed patch object (/c; /v1, Kind=ConfigMap): .metadata.finalizers: expected list, got &{map[]}',
	],
	[
		{ ...configMap, metadata: 'x' },
		'failed to create typed patch object (/; /v1, Kind=ConfigMap): .metadata: expected map, got &{x}',
	],
];

describe('an applied object that its type cannot hold', () => {
	for (const [applied, problem] of unconvertible)
		it(`is refused with the text of upstream: ${JSON.stringify(applied)}`, () => {
			assert.throws(() => apply(undefined, applied), { details: { problem } });
		});
});

describe('managed fields of updates', () => {
	it('give the creator the fields of a new object', () => {
		const created = update(undefined, object({ a: '1' }, { labels: { l: 'x' } }));
		assert.deepEqual(entriesOf(created), [
			{
				manager: 'm',
				operation: 'Update',
				apiVersion: 'v1',
				time: now,
				fieldsType: 'FieldsV1',
				fieldsV1: { 'f:data': { '.': {}, 'f:a': {} }, 'f:metadata': { 'f:labels': { '.': {}, 'f:l': {} } } },
			},
		]);
	});
	it('give a changed field to the manager that changed it', () => {
		const created = update(undefined, object({ a: '1', b: '1' }));
		const { managedFields: _sent, ...metadata } = created.metadata as JsonObject;
		const changed = update(created, object({ a: '2', b: '1' }, metadata), { manager: 'other', now: later });
		assert.deepEqual(fieldsOf(changed, 'other'), { 'f:data': { 'f:a': {} } });
		assert.deepEqual(fieldsOf(changed, 'm'), { 'f:data': { '.': {}, 'f:b': {} } });
	});
	it('keep the time of an entry that changes nothing', () => {
		const created = update(undefined, object({ a: '1' }));
		assert.deepEqual(update(created, created, { now: later }), created);
	});
	it('are removed by an empty list, and are not tracked again until an apply', () => {
		const created = update(undefined, object({ a: '1' }));
		for (const managedFields of [[], [{}]]) {
			const reset = update(created, object({ a: '2' }, { managedFields }));
			assert.deepEqual(entriesOf(reset), []);
			assert.deepEqual(entriesOf(update(reset, object({ a: '3' }))), []);
			const applied = apply(reset, object({ a: '2' }), { manager: 'applier' });
			assert.deepEqual(
				entriesOf(applied).map(({ manager }) => manager),
				['applier', 'before-first-apply'],
			);
		}
	});
	it('stay those of the live object when a client sends invalid ones', () => {
		const created = update(undefined, object({ a: '1' }));
		for (const managedFields of [
			'x',
			[{ operation: 'Steal' }],
			[{ ...entriesOf(created)[0], fieldsV1: { 'f:a': 1 } }],
			[{ ...entriesOf(created)[0], fieldsV1: { 'k:{': {} } }],
		])
			assert.deepEqual(entriesOf(update(created, object({ a: '1' }, { managedFields }))), entriesOf(created));
	});
	it('leave out fields that the resource or subresource cannot change', () => {
		const node = { apiVersion: 'v1', kind: 'Node' };
		const sent = { ...node, metadata: { name: 'n' }, spec: { unschedulable: true }, status: { phase: 'x' } };
		const created = update(undefined, sent as KubeObject, { kind: node });
		assert.deepEqual(fieldsOf(created, 'm'), { 'f:spec': { 'f:unschedulable': {} } });
		const changed = { ...created, spec: {}, status: { phase: 'y' } };
		const status = update(created, changed as KubeObject, { kind: node, manager: 's', subresource: 'status' });
		assert.deepEqual(fieldsOf(status, 's'), { 'f:status': { 'f:phase': {} } });
	});
	it('merge the oldest of more than ten managers', () => {
		let live = update(undefined, object({ a: '0' }));
		for (let at = 0; at < 20; at += 1)
			live = update(live, object({ ...(live as { data?: object }).data, [`k${at}`]: '1' }), {
				manager: `m${at}`,
				now: `2026-01-01T00:00:${10 + at}Z`,
			});
		const managers = entriesOf(live).map(({ manager }) => manager);
		assert.equal(managers.length, 10);
		assert.equal(managers[0], 'ancient-changes');
		assert.equal(managers.at(-1), 'm19');
	});
});

describe('an object with very many fields', () => {
	const max = limits.trackedFields.value;
	const many = object(Object.fromEntries(Array.from({ length: max + 1 }, (_, at) => [`k${at}`, ''])));
	it('is stored without managed fields', () => {
		assert.deepEqual(entriesOf(update(undefined, many)), []);
		assert.deepEqual(entriesOf(update(many, object({ a: '1' }))), []);
	});
	it('is not applied', () => {
		const refusal = {
			code: 'API_TOO_LARGE',
			message: `Request entity too large: a server-side apply keeps the managers of at most ${max} fields`,
		};
		assert.throws(() => apply(undefined, many), refusal);
		assert.throws(() => apply(many, object({ a: '1' })), refusal);
	});
	it('may have any number of elements in atomic lists', () => {
		const kind = { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice' };
		const endpoints = Array.from({ length: max + 1 }, () => ({ addresses: ['10.0.0.1'] }));
		const slice = { ...kind, metadata: { name: 's' }, addressType: 'IPv4', endpoints } as unknown as KubeObject;
		assert.deepEqual(fieldsOf(update(undefined, slice, { kind }), 'm'), { 'f:addressType': {}, 'f:endpoints': {} });
	});
});

describe('server-side apply', () => {
	const created = apply(undefined, object({ a: '1', b: '1' }));
	it('removes the fields that the manager no longer applies', () => {
		const applied = apply(created, object({ a: '1' }), { now: later });
		assert.deepEqual((applied as { data?: object }).data, { a: '1' });
		assert.deepEqual(fieldsOf(applied, 'm'), { 'f:data': { 'f:a': {} } });
		assert.equal(entriesOf(applied)[0]?.time, later);
	});
	it('keeps fields that another manager applies as well', () => {
		const shared = apply(created, object({ b: '1' }), { manager: 'other' });
		assert.deepEqual((apply(shared, object({ a: '1' })) as { data?: object }).data, { a: '1', b: '1' });
	});
	it('refuses a value that another manager set, with its name and the field', () => {
		assert.throws(
			() => apply(created, object({ a: '2' }), { manager: 'other' }),
			(error: unknown) => {
				assert.ok(error instanceof KubejoinError);
				assert.equal(error.code, 'API_APPLY_CONFLICT');
				assert.equal(error.message, 'Apply failed with 1 conflict: conflict with "m": .data.a');
				assert.deepEqual(error.details.causes, [
					{ reason: 'FieldManagerConflict', message: 'conflict with "m"', field: '.data.a' },
				]);
				return true;
			},
		);
		const updated = update(created, object({ a: '9', b: '9' }), { manager: 'u' });
		assert.throws(() => apply(updated, object({ a: '1', b: '1' })), {
			message: 'Apply failed with 2 conflicts: conflicts with "u" using v1:\n- .data.a\n- .data.b',
		});
	});
	it('takes over fields when it is forced', () => {
		const forced = apply(created, object({ a: '2' }), { manager: 'other', force: true });
		assert.deepEqual((forced as { data?: object }).data, { a: '2', b: '1' });
		assert.deepEqual(fieldsOf(forced, 'm'), { 'f:data': { 'f:b': {} } });
	});
	it('changes nothing when it is repeated, not even the time', () => {
		assert.deepEqual(apply(created, object({ a: '1', b: '1' }), { now: later }), created);
	});
	it('takes over what kubectl applied on the client, and updates its annotation', () => {
		const annotation = 'kubectl.kubernetes.io/last-applied-configuration';
		const last = JSON.stringify(object({ a: '1' }));
		const live = update(undefined, object({ a: '1' }, { annotations: { [annotation]: last } }), {
			manager: 'kubectl-client-side-apply',
		});
		const applied = apply(live, object({ a: '2' }), { manager: 'kubectl' });
		assert.equal(
			applied.metadata.annotations?.[annotation],
			'{"apiVersion":"v1","data":{"a":"2"},"kind":"ConfigMap","metadata":{"name":"c","namespace":"n"}}\n',
		);
		assert.throws(() => apply(live, object({ a: '2' }), { manager: 'other' }), { code: 'API_APPLY_CONFLICT' });
	});
	for (const [title, configuration, message] of [
		['another kind', { ...object({}), kind: 'Secret' }, 'invalid object type: /v1, Kind=Secret'],
		['managed fields', object({}, { managedFields: [] }), 'metadata.managedFields must be nil'],
		[
			'a field that the type does not have',
			{ ...object({}), more: 1 },
			'failed to create typed patch object (n/c; /v1, Kind=ConfigMap): .more: field not declared in schema',
		],
		[
			'a list',
			[],
			'error decoding patch: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}',
		],
	] as const) {
		it(`refuses a configuration with ${title}`, () => {
			assert.throws(() => apply(created, configuration), { code: 'API_BAD_REQUEST', message });
		});
	}
});

interface Step {
	readonly op: 'apply' | 'update';
	readonly manager: string;
	readonly subresource: string;
	readonly force: boolean;
	readonly sent: KubeObject;
	readonly result?: KubeObject;
	readonly error?: string;
}
interface Scenario {
	readonly kind: string;
	readonly steps: readonly Step[];
}
const scenarios: readonly Scenario[] = readFileSync(new URL('upstream-steps.jsonl', import.meta.url), 'utf8')
	.trim()
	.split('\n')
	.map((line) => JSON.parse(line));

/** The times of upstream's run are not those of this one, and they decide the order. */
const withoutTimes = (object: KubeObject): object[] =>
	entriesOf(object)
		.map(({ time: _time, ...entry }) => entry)
		.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

const comparable = (object: KubeObject): object => ({
	...object,
	metadata: { ...object.metadata, managedFields: withoutTimes(object) },
});

describe('managed fields, beside the field manager of the API server', () => {
	for (const [at, { kind, steps }] of scenarios.entries()) {
		it(`are the same after the writes to ${kind} ${at}`, () => {
			let live: KubeObject | undefined;
			for (const { op, sent, result, error, ...step } of steps) {
				const options = { ...step, kind: { apiVersion: 'v1', kind }, now, namespace: 'ns' };
				const run = () =>
					op === 'apply' ? appliedObject(live, sent, options) : withUpdatedFields(live, sent, options);
				if (error !== undefined) assert.throws(run, { message: error });
				else if (result !== undefined) {
					const written = run();
					if (op === 'apply') {
						const metadata = { ...written.metadata, uid: result.metadata.uid ?? '' };
						assert.deepEqual(comparable({ ...written, metadata }), comparable(result));
					} else assert.deepEqual(withoutTimes(written), withoutTimes(result));
					live = result;
				}
			}
		});
	}
});

describe('managed fields of any content', () => {
	const key = fc.constantFrom('a', 'b', '__proto__', '.', 'f:a');
	const data = fc.dictionary(key, fc.constantFrom('1', '2'), { minKeys: 1, maxKeys: 3 });
	const manager = fc.constantFrom('m', 'other', '');
	it('apply twice as once, and lose exactly the owned fields when nothing is applied', () => {
		fc.assert(
			fc.property(data, data, manager, (first, second, name) => {
				const live = update(undefined, object(first), { manager: 'creator' });
				const once = apply(live, object(second), { manager: `${name}x`, force: true });
				assert.deepEqual(apply(once, object(second), { manager: `${name}x`, now: later }), once);
				const none = apply(once, object(undefined), { manager: `${name}x` });
				const isKept = ([key, value]: [string, string]) => !Object.hasOwn(second, key) || second[key] === value;
				const kept = Object.entries(first).filter(isKept).sort();
				assert.deepEqual(Object.entries((none as { data?: object }).data ?? {}).sort(), kept);
			}),
			{ numRuns: 200 },
		);
	});
	it('are read or refused with an error of the table', () => {
		const fields = fc.letrec<{ any: unknown }>((tie) => ({
			any: fc.oneof(
				{ maxDepth: 3 },
				fc.constantFrom(1, null, 'x'),
				fc.dictionary(fc.constantFrom('f:data', 'f:a', '.', 'k:{"a":1}', 'v:"x"', 'v:{', 'i:0', 'q:1', ''), tie('any')),
			),
		})).any;
		const entry = fc.record({
			manager: fc.oneof(manager, fc.constant(1)),
			operation: fc.constantFrom('Apply', 'Update', 'x'),
			apiVersion: fc.constantFrom('v1', 'v2', ''),
			fieldsType: fc.constantFrom('FieldsV1', ''),
			fieldsV1: fields,
		});
		fc.assert(
			fc.property(fc.array(entry, { maxLength: 3 }), data, (managedFields, content) => {
				const live = update(undefined, object({ a: '1' }));
				const next = update(live, object(content, { managedFields }));
				try {
					apply(next, object(content), { manager: 'applier' });
				} catch (error) {
					assert.ok(error instanceof KubejoinError, String(error));
				}
			}),
			{ numRuns: 300 },
		);
	});
});
