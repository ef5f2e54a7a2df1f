import assert from 'node:assert/strict';
import type { FieldProblem } from '../../lib/errors.ts';
import { decodeJson } from '../../lib/kube/codec/json.ts';
import { labelMatcher, parseLabelSelector } from '../../lib/kube/label-selector.ts';
import { appliedObject } from '../../lib/kube/managed-fields/field-manager.ts';
import { metadataProblems } from '../../lib/kube/object-meta.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import type { KubeObject, ObjectMeta } from '../../lib/kube/types.ts';
import { type LimitName, limits } from '../../lib/limits.ts';
import { bounded, WatchCount } from './bounds.ts';
import { refusalOf, registryOn, request, storeOfEachTest } from './fixtures.test.ts';
import { sentObject } from './registry/stored-objects.ts';
import { createStorage, storeKey } from './registry.ts';
import { runtimeClasses } from './resources/cluster-kinds.ts';
import { configMaps, leases, nodes } from './resources/plain.ts';
import { serviceProblems } from './resources/service-rules.ts';

const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i));
const entries = (count: number) => Object.fromEntries(many(count, (index) => [`k${index}`, 'v']));

describe('bounds on the input of a caller', () => {
	const store = storeOfEachTest();
	let refused: LimitName[];
	beforeEach(async () => {
		refused = [];
		await store().create(storeKey(resources.namespaces, '', 'ns'), {});
	});
	const strategies = { configmaps: configMaps, leases, nodes } as const;
	const on = (resource: ApiResource) =>
		bounded(
			resource,
			createStorage(strategies[resource.resource as keyof typeof strategies] as never, registryOn(store())),
			(limit) => refused.push(limit),
		);
	const write = (verb: 'create' | 'update', resource: ApiResource, object: object): Promise<KubeObject> => {
		const sent = { apiVersion: 'v1', kind: resource.kind, metadata: { name: 'x' }, ...object };
		const namespace = resource.namespaced ? 'ns' : '';
		const name = verb === 'create' ? '' : 'x';
		return on(resource)[verb]?.(request(verb, resource, { object: sent, namespace, name })) as Promise<KubeObject>;
	};
	const create = (resource: ApiResource, object: object) => write('create', resource, object);

	it('413: an object of more than 1.5 MiB, on create and update', async () => {
		const spec = (bytes: number) => ({ spec: { holderIdentity: 'x'.repeat(bytes) } });
		const { metadata } = await create(resources.leases, spec(1));
		const { resourceVersion = '' } = metadata;
		const tooLarge = '413 RequestEntityTooLarge: etcdserver: request is too large';
		const large = spec(limits.objectBytes.value);
		assert.equal(await refusalOf(create(resources.leases, { metadata: { name: 'y' }, ...large })), tooLarge);
		const current = { metadata: { name: 'x', resourceVersion } };
		assert.equal(await refusalOf(write('update', resources.leases, { ...current, ...large })), tooLarge);
		await write('update', resources.leases, { ...current, ...spec(limits.objectBytes.value - 1000) });
		assert.deepEqual(refused, ['objectBytes', 'objectBytes']);
	});

	it('422: lists and maps with too many entries, wherever they are', async () => {
		const conditions = many(limits.listEntries.value + 1, (index) => ({ type: `T${index}`, status: 'True' }));
		const max = limits.listEntries.value;
		assert.equal(
			await refusalOf(create(resources.nodes, { status: { conditions } })),
			`422 Invalid: Node "x" is invalid: status.conditions: Too many: ${max + 1}: must have at most ${max} items`,
		);
		const labels = entries(limits.mapEntries.value + 1);
		assert.match(
			await refusalOf(create(resources.nodes, { metadata: { name: 'x', labels } })),
			/: metadata.labels: Too many: 4097: must have at most 4096 items$/,
		);
		assert.deepEqual(refused, ['listEntries', 'mapEntries']);
		await create(resources.nodes, { metadata: { name: 'x', labels: entries(limits.mapEntries.value) } });
	});

	it('422: a generateName of more than 256 bytes', async () => {
		const refusal = await refusalOf(create(resources.nodes, { metadata: { generateName: 'x'.repeat(1_000_000) } }));
		assert.equal(
			refusal,
			'422 Invalid: Node "" is invalid: metadata.generateName: Too long: may not be more than 256 bytes',
		);
		assert.deepEqual(refused, ['requestNameBytes']);
	});

	it('429: more watches of one user than are allowed; each that ends makes room', async () => {
		const watches = new WatchCount();
		const user = (username: string) => ({ username, groups: [] });
		for (let count = 0; count < limits.watchesPerCaller.value; count++) watches.enter(user('a'));
		const endpoint = bounded(
			resources.nodes,
			{ subresources: [], watch: async function* () {} },
			(limit) => refused.push(limit),
			watches,
		);
		const watch = async (username: string) => {
			const events = await endpoint.watch?.({ ...request('watch', resources.nodes), user: user(username) });
			for await (const _ of events ?? []) assert.fail('there are no events');
		};
		assert.match(
			await refusalOf(watch('a')),
			/^429 TooManyRequests: too many requests: this user has 2000 open watches/,
		);
		assert.deepEqual(refused, ['watchesPerCaller']);
		await watch('b');
		watches.leave(user('a'));
		await watch('a');
		await watch('a');
	});

	it('422 names at most 20 problems, and says how many more there are', async () => {
		const labels = Object.fromEntries(many(1000, (index) => [`k${index}`, '-']));
		const refusal = create(resources.nodes, { metadata: { name: 'x', labels } });
		await assert.rejects(refusal, (error: { details: { causes: FieldProblem[] }; message: string }) => {
			assert.equal(error.details.causes.length, 20);
			assert.match(error.message, /, and 980 more problems\]$/);
			assert.ok(error.message.length < 10_000);
			return true;
		});
	});

	it('400: a field of another type, in Go’s words', async () => {
		const cannot = (kind: string, problem: string) =>
			`400 BadRequest: ${kind} in version "v1" cannot be handled as a ${kind}: ${problem}`;
		assert.equal(
			await refusalOf(create(resources.nodes, { metadata: { name: { toString: 1 } } })),
			cannot('Node', 'json: cannot unmarshal object into Go struct field ObjectMeta.metadata.name of type string'),
		);
		assert.match(
			await refusalOf(create(resources.leases, { spec: { renewTime: '5 seconds, -1 nanoseconds' } })),
			/cannot be handled as a Lease: parsing time "5 seconds, -1 nanoseconds" as/,
		);
	});

	it('keys like __proto__ are refused or kept as they are, and change nothing', async () => {
		const hostile = JSON.parse('{"__proto__":"x","constructor":"y"}');
		assert.match(await refusalOf(create(resources.nodes, { metadata: { name: 'x', labels: hostile } })), /^422/);
		const { metadata: _metadata, ...made } = await create(resources.configMaps, { data: hostile });
		assert.deepEqual(Object.entries((made as unknown as { data: object }).data), Object.entries(hostile));
		assert.equal(({} as Record<string, unknown>).x, undefined);
	});

	/** CPU time compared with that of a quarter, so that a slow machine changes nothing. */
	async function requireProportion(name: string, work: (share: number) => unknown): Promise<void> {
		const measure = async (share: number) => {
			let best = Number.POSITIVE_INFINITY;
			for (let round = 0; round < 5; round++) {
				const before = process.cpuUsage();
				await work(share);
				const { user, system } = process.cpuUsage(before);
				best = Math.min(best, (user + system) / 1000);
			}
			return best;
		};
		await measure(1);
		const [quarter, whole] = [await measure(0.25), await measure(1)];
		assert.ok(whole < 12 * quarter + 20, `${name}: ${quarter} ms for a quarter, ${whole} ms for all`);
	}

	const longName = 'x'.repeat(1_000_000);
	const owner = (manager: string, fieldsV1: object) => ({
		...{ manager, operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1 },
	});
	const largest: readonly (readonly [title: string, ApiResource, (share: number) => object])[] = [
		['labels', resources.nodes, (share) => ({ metadata: { labels: entries(4096 * share) } })],
		[
			'conditions',
			resources.nodes,
			(share) => ({ status: { conditions: many(1000 * share, (i) => ({ type: `T${i}`, status: 'True' })) } }),
		],
		[
			'taints',
			resources.nodes,
			(share) => ({ spec: { taints: many(1000 * share, (i) => ({ key: `k${i}`, effect: 'NoExecute' })) } }),
		],
		['data', resources.configMaps, (share) => ({ data: entries(4096 * share) })],
		[
			'owned fields below a long name',
			resources.configMaps,
			(share) => {
				const fields = Object.fromEntries(many(1900 * share, (at) => [`f:k${at}`, {}]));
				return { metadata: { managedFields: [owner('m', { [`f:${longName}`]: fields })] } };
			},
		],
		[
			'owners',
			resources.configMaps,
			(share) => {
				const fields = (at: number) => ({ 'f:data': Object.fromEntries(many(9, (k) => [`f:k${9 * at + k}`, {}])) });
				return { metadata: { managedFields: many(1000 * share, (at) => owner(`m${at}`, fields(at))) } };
			},
		],
	];
	for (const [title, resource, make] of largest) {
		it(`the work grows in proportion to the input: the largest object with many ${title}`, async () => {
			let made = 0;
			await requireProportion(title, (share) => {
				const object = { metadata: {}, ...make(share) };
				Object.assign(object.metadata, { name: `x${made++}` });
				return create(resource, object);
			});
		});
	}

	const owned = (count: number, controller: boolean): ObjectMeta => ({
		name: 'a',
		ownerReferences: many(count, (at) => ({
			apiVersion: 'v1',
			kind: 'Pod',
			name: `p${at}`,
			uid: `u${at}`,
			controller,
		})),
	});
	const configMap = { apiVersion: 'v1', kind: 'ConfigMap' };
	const runtimeClass = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'r' } };
	const applied = {
		kind: configMap,
		subresource: '',
		manager: 'm',
		now: '2026-01-01T00:00:00Z',
		namespace: 'n',
		force: true,
	};
	const work: readonly (readonly [title: string, (share: number) => unknown])[] = [
		[
			'a JSON text with one object many times',
			(share) => {
				const again = many(1000 * share, () => '"data":{}').join();
				decodeJson(`{"data":${JSON.stringify(entries(7000 * share))},${again}}`, configMap);
			},
		],
		[
			'a server-side apply to an object with many owners',
			(share) => {
				const fields = (at: number) => ({ 'f:data': Object.fromEntries(many(9, (k) => [`f:k${9 * at + k}`, {}])) });
				const managedFields = many(1000 * share, (at) => owner(`m${at}`, fields(at)));
				const live = { ...configMap, metadata: { name: 'a', managedFields }, data: entries(1000) };
				appliedObject(
					live as KubeObject,
					{ ...configMap, metadata: { name: 'a' }, data: entries(10) },
					{
						...applied,
						manager: 'm0',
					},
				);
			},
		],
		[
			'a selector with many requirements',
			(share) => {
				const matches = labelMatcher(parseLabelSelector(many(1100 * share, (at) => `!k${at}`).join()));
				for (let object = 0; object < 1000; object++) matches({ a: 'b' });
			},
		],
		['problems whose value is a list of owners', (share) => metadataProblems(owned(3000 * share, true))],
		[
			'owners without repetition',
			(share) =>
				sentObject(
					request('create', resources.configMaps, { object: { ...configMap, metadata: owned(2000 * share, false) } }),
				),
		],
		[
			'tolerations without repetition',
			(share) => {
				const tolerations = many(3000 * share, (at) => ({ key: `k${at}`, operator: 'Exists' }));
				runtimeClasses.validate?.({ ...runtimeClass, handler: 'h', scheduling: { tolerations } });
			},
		],
		[
			'ports without repetition',
			(share) => {
				const port = (at: number) => ({ name: `p${at}`, port: at + 1, nodePort: 30_000 + at, protocol: 'TCP' });
				serviceProblems({ type: 'NodePort', sessionAffinity: 'None', ports: many(3000 * share, port) });
			},
		],
	];
	for (const [title, run] of work)
		it(`the work grows in proportion to the input: ${title}`, () => requireProportion(title, run));
});
