import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { withoutManagedFields } from '../../lib/kube/managed-fields/without.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import type { ConfigMap, KubeObject, Lease, ObjectMeta } from '../../lib/kube/types.ts';
import { limits } from '../../lib/limits.ts';
import type { Store } from '../../lib/store/store.ts';
import { type AdmissionAttributes, type AdmissionPlugin, notAdmitted } from './admit/admission.ts';
import {
	admin,
	fakeAuthorizer,
	loggedErrors,
	now,
	refusalOf,
	registryOn,
	request,
	storeOfEachTest,
} from './fixtures.test.ts';
import { createStorage, type Strategy, storeKey } from './registry.ts';
import type { ApiRequest, ObjectList, PatchType } from './request/api-request.ts';
import { parseFieldSelector } from './selectors.ts';

const { configMaps, nodes, namespaces } = resources;
const configMap = (
	name: string,
	data: Record<string, string> = {},
	metadata: ConfigMap['metadata'] = {},
): ConfigMap => ({
	apiVersion: 'v1',
	kind: 'ConfigMap',
	metadata: { name, ...metadata },
	data,
});

describe('the registry', () => {
	const store = storeOfEachTest();
	const endpoint = (
		strategy: Partial<Strategy<ConfigMap>> = {},
		over: Store = store(),
		...plugins: Omit<AdmissionPlugin, 'name'>[]
	) =>
		createStorage<ConfigMap>(
			{ resource: configMaps, subresources: [], ...strategy },
			registryOn(
				over,
				plugins.map((plugin) => ({ name: 'Test', ...plugin })),
			),
		);
	const asked = (verb: ApiRequest['verb'], more: Partial<ApiRequest> = {}) =>
		request(verb, configMaps, { namespace: 'ns', ...more });
	const create = (object: ConfigMap, more: Partial<ApiRequest> = {}, strategy?: Partial<Strategy<ConfigMap>>) =>
		endpoint(strategy).create(asked('create', { object, ...more })) as Promise<ConfigMap>;
	const update = (object: ConfigMap, strategy?: Partial<Strategy<ConfigMap>>) =>
		endpoint(strategy).update(asked('update', { object, name: object.metadata.name ?? '' })) as Promise<ConfigMap>;
	const get = (name: string) => endpoint().get(asked('get', { name })) as Promise<ConfigMap>;
	const remove = (name: string, preconditions: ApiRequest['preconditions'] = {}) =>
		endpoint().delete(asked('delete', { name, preconditions }));
	const list = async (more: Partial<ApiRequest> = {}, of: ApiResource = configMaps) =>
		(
			await createStorage({ resource: of, subresources: [] }, registryOn(store())).list(request('list', of, more))
		).items.map(({ metadata }) => metadata.name);
	/** So many events, or all until the watch ends. */
	async function events(count: number, more: Partial<ApiRequest> = {}): Promise<string[]> {
		const stop = new AbortController();
		const found: string[] = [];
		for await (const { type, object } of await endpoint().watch(asked('watch', { lifetime: stop, ...more }))) {
			found.push(`${type} ${object.metadata.name} ${object.metadata.resourceVersion}`);
			if (found.length === count) stop.abort();
		}
		return found;
	}

	beforeEach(async () => {
		for (const name of ['ns', 'other']) {
			await store().create(storeKey(namespaces, '', name), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
		}
	});

	describe('create', () => {
		it('gives a uid, a time, a version and the namespace of the request', async () => {
			const { metadata, ...rest } = await create(configMap('a', { k: 'v' }, { labels: { l: '1' } }));
			const { uid, managedFields, ...known } = metadata as ObjectMeta & { readonly managedFields: readonly object[] };
			assert.equal(managedFields.length, 1);
			assert.match(uid ?? '', /^[0-9a-f]{8}-[0-9a-f-]{27}$/);
			assert.deepEqual(known, {
				name: 'a',
				namespace: 'ns',
				labels: { l: '1' },
				creationTimestamp: now,
				resourceVersion: '3',
			});
			assert.deepEqual(rest, { apiVersion: 'v1', kind: 'ConfigMap', data: { k: 'v' } });
			assert.deepEqual(await get('a'), { ...rest, metadata });
		});

		it('ignores server-managed fields of the sender', async () => {
			const { metadata } = await create(
				configMap('a', {}, { uid: 'mine', creationTimestamp: 'x', deletionTimestamp: 'x', selfLink: '/x' } as never),
			);
			assert.notEqual(metadata.uid, 'mine');
			assert.ok(!('selfLink' in metadata));
			assert.deepEqual([metadata.creationTimestamp, metadata.deletionTimestamp], [now, undefined]);
			const { managedFields = [] } = metadata as unknown as { managedFields?: { fieldsV1: object }[] };
			assert.ok(managedFields.every(({ fieldsV1 }) => !('f:metadata' in fieldsV1)));
		});

		it('makes a name out of generateName, and keeps a name that was given', async () => {
			const [first, second] = await Promise.all([1, 2].map(() => create(configMap('', {}, { generateName: 'csr-' }))));
			for (const made of [first, second])
				assert.match(made?.metadata.name ?? '', /^csr-[bcdfghjklmnpqrstvwxz2456789]{5}$/);
			assert.notEqual(first?.metadata.name, second?.metadata.name);
			assert.equal((await create(configMap('a', {}, { generateName: 'b-' }))).metadata.name, 'a');
		});

		it('409 AlreadyExists', async () => {
			await create(configMap('a'));
			assert.equal(await refusalOf(create(configMap('a'))), '409 AlreadyExists: configmaps "a" already exists');
			await create(configMap('a'), { namespace: 'other' });
		});

		it('400: no namespace, a version, no metadata', async () => {
			const bad = '400 BadRequest:';
			assert.equal(
				await refusalOf(create(configMap('a'), { namespace: '' })),
				`${bad} an empty namespace may not be set during creation`,
			);
			const versioned = create(configMap('a', {}, { resourceVersion: '1' }));
			assert.equal(await refusalOf(versioned), `${bad} resourceVersion should not be set on objects to be created`);
			assert.equal(await refusalOf(create({} as ConfigMap)), `${bad} the ConfigMap has no metadata`);
		});

		it('422: no name, a name that is no DNS subdomain, a generateName that cannot become one', async () => {
			assert.equal(
				await refusalOf(create(configMap(''))),
				'422 Invalid: ConfigMap "" is invalid: metadata.name: Required value: name or generateName is required',
			);
			const subdomain =
				"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', " +
				'and must start and end with an alphanumeric character ' +
				"(e.g. 'example.com', regex used for validation is " +
				"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
			for (const name of ['A', 'a_b', '-a', 'a-', 'a..b', '../b', 'a/b', 'ä', 'a\n']) {
				const quoted = JSON.stringify(name);
				const expected =
					`422 Invalid: ConfigMap "${name}" is invalid: ` + `metadata.name: Invalid value: ${quoted}: ${subdomain}`;
				assert.equal(await refusalOf(create(configMap(name))), expected);
			}
			const long = 'a'.repeat(254);
			assert.match(await refusalOf(create(configMap(long))), /must be no more than 253 characters/);
			assert.match(
				await refusalOf(create(configMap('', {}, { generateName: 'a/b-' }))),
				/metadata\.generateName: Invalid value: "a\/b-": a lowercase/,
			);
			assert.deepEqual(await list(), []);
		});

		it('admission changes the object before it is prepared, and sees it again after validation', async () => {
			const seen: unknown[] = [];
			const strategy: Partial<Strategy<ConfigMap>> = {
				prepareForCreate: (sent, user) => ({ ...sent, data: { ...sent.data, by: user.username } }),
				validate: ({ data }) => {
					seen.push(data);
					return [];
				},
			};
			const plugin: Omit<AdmissionPlugin, 'name'> = {
				mutate: ({ object, previous, operation, namespace, name }) => {
					seen.push([operation, namespace, name, previous]);
					return { ...object, data: { admitted: 'yes' } } as KubeObject;
				},
				validate(attributes) {
					seen.push((attributes.object as ConfigMap).data);
					throw notAdmitted(attributes, 'no');
				},
			};
			const write = endpoint(strategy, store(), plugin).create(asked('create', { object: configMap('a') }));
			assert.equal(await refusalOf(write), '403 Forbidden: configmaps "a" is forbidden: no');
			const prepared = { admitted: 'yes', by: admin.username };
			assert.deepEqual(seen, [['CREATE', 'ns', 'a', undefined], prepared, prepared]);
			assert.deepEqual(await list(), []);
		});

		it('422 with all causes', async () => {
			const problem = { field: 'data', reason: 'FieldValueInvalid', message: 'Invalid value: 1: no' };
			const strategy = { validate: () => [problem, { ...problem, field: 'kind' }] };
			const text = '422 Invalid: ConfigMap "a" is invalid: [data: Invalid value: 1: no, kind: Invalid value: 1: no]';
			assert.equal(await refusalOf(create(configMap('a'), {}, strategy)), text);
			await assert.rejects(get('a'));
		});
	});

	describe('get and list', () => {
		it('504: a version that is to come', async () => {
			await create(configMap('a'));
			const at = (resourceVersion: string) => endpoint().get(asked('get', { name: 'a', resourceVersion }));
			const version = (await at('0')).metadata.resourceVersion ?? '';
			assert.equal((await at(version)).metadata.name, 'a');
			const next = String(Number(version) + 1);
			const text = `Timeout: Too large resource version: ${next}, current: ${version}`;
			assert.equal(await refusalOf(at(next)), `504 Timeout: ${text}`);
		});

		it('404 NotFound', async () => {
			assert.equal(await refusalOf(get('a')), '404 NotFound: configmaps "a" not found');
			const csrs = createStorage(
				{ resource: resources.certificateSigningRequests, subresources: [] },
				registryOn(store()),
			);
			const text = '404 NotFound: certificatesigningrequests.certificates.k8s.io "a" not found';
			assert.equal(
				await refusalOf(csrs.get(request('get', resources.certificateSigningRequests, { name: 'a' }))),
				text,
			);
		});

		it('one namespace or all, by name, at a version', async () => {
			await create(configMap('b'));
			await create(configMap('a'));
			await create(configMap('c'), { namespace: 'other' });
			assert.deepEqual(await list({ namespace: 'ns' }), ['a', 'b']);
			assert.deepEqual(await list(), ['a', 'b', 'c']);
			assert.deepEqual(await list({ namespace: 'n' }), []);
			assert.equal((await endpoint().list(asked('list'))).resourceVersion, '5');
			assert.deepEqual(await list({}, namespaces), ['ns', 'other']);
		});

		it('a namespace whose name begins with another’s is another', async () => {
			await store().create(storeKey(namespaces, '', 'ns2'), { metadata: { name: 'ns2' } });
			await create(configMap('x'), { namespace: 'ns2' });
			assert.deepEqual(await list({ namespace: 'ns' }), []);
		});

		it('field selectors: the name, and not the names that begin with it; the namespace', async () => {
			for (const name of ['a', 'a1', 'b']) await create(configMap(name));
			await create(configMap('a'), { namespace: 'other' });
			const select = (text: string, namespace = '') => list({ namespace, fieldSelector: parseFieldSelector(text) });
			assert.deepEqual(await select('metadata.name=a', 'ns'), ['a']);
			assert.deepEqual(await select('metadata.name=a'), ['a', 'a']);
			assert.deepEqual(await select('metadata.name!=a', 'ns'), ['a1', 'b']);
			assert.deepEqual(await select('metadata.namespace=other'), ['a']);
			assert.deepEqual(await select('metadata.name=none', 'ns'), []);
			const known = 'is not a known field selector: only "metadata.name", "metadata.namespace"';
			assert.equal(await refusalOf(select('spec.x=1', 'ns')), `400 BadRequest: "spec.x" ${known}`);
		});
	});

	describe('update', () => {
		it('replaces; identity stays as it was made', async () => {
			const created = await create(configMap('a', { k: '1' }, { labels: { l: '1' } }));
			const next = await update(configMap('a', { k: '2' }, { creationTimestamp: 'x', generateName: 'y' }));
			const { uid, creationTimestamp } = created.metadata;
			assert.deepEqual(withoutManagedFields(next).metadata, {
				name: 'a',
				namespace: 'ns',
				uid,
				creationTimestamp,
				generateName: 'y',
				resourceVersion: '4',
			});
			assert.deepEqual(next.data, { k: '2' });
			assert.deepEqual(await get('a'), next);
		});

		it('409 Conflict: the version is not the present one', async () => {
			const { metadata } = await create(configMap('a'));
			await update(configMap('a', { k: '1' }, { resourceVersion: metadata.resourceVersion ?? '' }));
			const text =
				'409 Conflict: Operation cannot be fulfilled on configmaps "a": the object has been modified; ' +
				'please apply your changes to the latest version and try again';
			assert.equal(
				await refusalOf(update(configMap('a', { k: '2' }, { resourceVersion: metadata.resourceVersion ?? '' }))),
				text,
			);
			assert.deepEqual((await get('a')).data, { k: '1' });
		});

		it('400: the version is no number', async () => {
			await create(configMap('a'));
			assert.equal(
				await refusalOf(update(configMap('a', {}, { resourceVersion: 'abc' }))),
				'400 BadRequest: strconv.ParseUint: parsing "abc": invalid syntax',
			);
		});

		it('409 Conflict: another object of the same name', async () => {
			const { metadata } = await create(configMap('a'));
			const text =
				'StorageError: invalid object, Code: 4, Key: /registry/configmaps/ns/a, ResourceVersion: 0, ' +
				'AdditionalErrorMsg: Precondition failed: UID in precondition: other, ' +
				`UID in object meta: ${metadata.uid}`;
			assert.equal(
				await refusalOf(update(configMap('a', {}, { uid: 'other' }))),
				`409 Conflict: Operation cannot be fulfilled on configmaps "a": ${text}`,
			);
		});

		it('without a version applies every update; with one, one of many wins', async () => {
			await create(configMap('a'));
			const results = await Promise.all(Array.from({ length: 10 }, (_, i) => update(configMap('a', { k: String(i) }))));
			assert.equal(new Set(results.map((result) => result.metadata.resourceVersion)).size, 10);
			const { resourceVersion = '' } = (await get('a')).metadata;
			const racing = Array.from({ length: 10 }, (_, i) =>
				update(configMap('a', { r: String(i) }, { resourceVersion })),
			);
			assert.equal((await Promise.allSettled(racing)).filter(({ status }) => status === 'fulfilled').length, 1);
		});

		it('an update that changes nothing writes nothing', async () => {
			const created = await create(configMap('a', { k: '1' }));
			assert.deepEqual(await update(configMap('a', { k: '1' })), created);
			assert.deepEqual(await update(created), created);
		});

		it('404: it is not there, or was deleted meanwhile; 400: another name', async () => {
			const text = '404 NotFound: configmaps "a" not found';
			assert.equal(await refusalOf(update(configMap('a'))), text);
			await create(configMap('a'));
			const deletes = { validate: async () => void (await remove('a')) };
			const raced = endpoint({}, store(), deletes).update(
				asked('update', { object: configMap('a', { k: '1' }), name: 'a' }),
			);
			assert.equal(await refusalOf(raced), text);
			const other = endpoint().update(asked('update', { object: configMap('b'), name: 'a' }));
			assert.equal(
				await refusalOf(other),
				'400 BadRequest: the name of the object (b) does not match the name on the URL (a)',
			);
		});

		it('lets the strategy restrict a subresource; admission and validation see both objects', async () => {
			await create(configMap('a', { k: '1' }));
			const seen: unknown[] = [];
			const strategy: Partial<Strategy<ConfigMap>> = {
				subresources: ['status'],
				prepareForUpdate: (next, previous, subresource, time) => ({
					...next,
					data: { ...previous.data, [subresource]: time },
				}),
				validateUpdate: (next, previous, subresource) => {
					seen.push(next.data, previous.data, subresource);
					return [];
				},
			};
			const object = configMap('a', { k: '2' });
			const dataOf = (one: KubeObject | undefined) => (one as ConfigMap | undefined)?.data;
			const plugin: Omit<AdmissionPlugin, 'name'> = {
				mutate: (write) => void seen.push(dataOf(write.object), dataOf(write.previous)),
				validate: (write) => void seen.push(dataOf(write.object), dataOf(write.previous)),
			};
			const on = endpoint(strategy, store(), plugin);
			await on.update(asked('update', { object, name: 'a', subresource: 'status' }));
			const [before, after] = [{ k: '1' }, { k: '1', status: now }];
			assert.deepEqual(seen, [object.data, before, after, before, 'status', after, before]);
			assert.deepEqual((await get('a')).data, after);
		});
	});

	describe('options of writes', () => {
		it('dryRun admits and validates, and stores nothing', async () => {
			const created = await create(configMap('a'), { dryRun: true });
			assert.equal(created.metadata.name, 'a');
			assert.equal(created.metadata.resourceVersion, undefined);
			assert.deepEqual(await list(), []);
			const stored = await create(configMap('a'));
			const taken = '409 AlreadyExists: configmaps "a" already exists';
			assert.equal(await refusalOf(create(configMap('a'), { dryRun: true })), taken);
			const changed = asked('update', { object: configMap('a', { k: '1' }), name: 'a', dryRun: true });
			const { data, metadata } = (await endpoint().update(changed)) as ConfigMap;
			assert.deepEqual([data, metadata.resourceVersion], [{ k: '1' }, stored.metadata.resourceVersion]);
			await endpoint().delete(asked('delete', { name: 'a', dryRun: true }));
			assert.deepEqual(await get('a'), stored);
		});

		it('generateName tries eight names', async () => {
			const attempts: string[] = [];
			const full: Store = {
				...store(),
				create: async (key) => {
					attempts.push(key);
					throw new KubejoinError('STORE_KEY_EXISTS', { key });
				},
			};
			const object = configMap('', {}, { generateName: 'x-' });
			const refusal = await refusalOf(endpoint({}, full).create(asked('create', { object })));
			assert.match(
				refusal,
				/^409 AlreadyExists: configmaps "x-[^"]{5}" already exists, the server was not able to generate a unique name for/,
			);
			assert.deepEqual([attempts.length, new Set(attempts).size], [8, 8]);
		});

		it('an update creates an object where upstream does, if the user may create it', async () => {
			const strategy = { allowsCreateOnUpdate: true };
			let isCreated = false;
			const created = () => {
				isCreated = true;
			};
			const sent = asked('update', { object: configMap('a', { k: '1' }), name: 'a', created });
			const refusal = await refusalOf(endpoint(strategy).update(sent));
			assert.match(
				refusal,
				/^403 Forbidden: configmaps "a" is forbidden: User "admin" cannot create resource "configmaps"/,
			);
			assert.deepEqual([await list(), isCreated], [[], false]);
			const context = { ...registryOn(store()), authorizer: fakeAuthorizer('admin create configmaps a') };
			const on = createStorage<ConfigMap>({ resource: configMaps, subresources: [], ...strategy }, context);
			const { metadata } = await on.update(sent);
			assert.deepEqual([metadata.creationTimestamp, isCreated], [now, true]);
		});

		it('409: an update that names the uid of an object that is gone, where it would create one', async () => {
			const object = configMap('a', { k: '1' }, { uid: 'gone' });
			assert.equal(
				await refusalOf(update(object, { allowsCreateOnUpdate: true })),
				'409 Conflict: Operation cannot be fulfilled on configmaps "a": StorageError: invalid object, Code: 4, ' +
					'Key: /registry/configmaps/ns/a, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: ' +
					'UID in precondition: gone, UID in object meta: ',
			);
			assert.equal(await refusalOf(update(object)), '404 NotFound: configmaps "a" not found');
			assert.deepEqual(await list(), []);
		});

		it('422: an update without a version, where upstream demands one', async () => {
			await create(configMap('a'));
			const strategy = { requiresVersionOnUpdate: true };
			const problem = 'metadata.resourceVersion: Invalid value: 0: must be specified for an update';
			assert.equal(
				await refusalOf(update(configMap('a', { k: '1' }), strategy)),
				`422 Invalid: configmaps "a" is invalid: ${problem}`,
			);
		});

		it('counts changes of the spec in metadata.generation', async () => {
			const strategy: Partial<Strategy<ConfigMap>> = { generationOf: ({ data }) => data };
			const generation = async (work: Promise<ConfigMap>) => (await work).metadata.generation;
			assert.equal(await generation(create(configMap('a', {}, { generation: 7 }), {}, strategy)), 1);
			assert.equal(await generation(update(configMap('a', {}, { labels: { a: 'b' } }), strategy)), 1);
			assert.equal(await generation(update(configMap('a', { k: '1' }, { generation: 9 }), strategy)), 2);
		});
	});

	describe('patch', () => {
		const patch = (type: PatchType, document: unknown, more: Partial<ApiRequest> = {}, over = store()) =>
			endpoint({}, over).patch(asked('patch', { name: 'a', patch: { type, document }, ...more })) as Promise<ConfigMap>;

		it('422: a patch for an object with another uid', async () => {
			await create(configMap('a'));
			assert.equal(
				await refusalOf(patch('strategic', { metadata: { uid: 'other', labels: { a: 'b' } } })),
				'422 Invalid: ConfigMap "a" is invalid: metadata.uid: Invalid value: "other": field is immutable',
			);
		});

		it('changes the stored object with each type of patch', async () => {
			await create(configMap('a', { k: '1' }));
			assert.deepEqual((await patch('merge', { data: { l: '2' } })).data, { k: '1', l: '2' });
			assert.deepEqual((await patch('json', [{ op: 'remove', path: '/data/k' }])).data, { l: '2' });
			assert.deepEqual((await patch('strategic', { data: { l: null, m: '3' } })).data, { m: '3' });
			assert.deepEqual((await get('a')).data, { m: '3' });
		});

		it('drops a field that the type does not have: refused, with a warning, or silently', async () => {
			await create(configMap('a', { k: '1' }));
			const warnings: string[] = [];
			const warn = (text: string) => warnings.push(text);
			for (const type of ['merge', 'strategic'] as const) {
				const strict = patch(type, { more: 1, metadata: { other: 2 } }, { fieldValidation: 'Strict' });
				const refusal = await refusalOf(strict);
				assert.match(refusal, /^422 Invalid: {2}"" is invalid: patch: Invalid value: ".*": strict decoding error: /);
				assert.match(refusal, /unknown field "metadata.other"/);
				const patched = await patch(type, { more: 1, data: { k: type } }, { fieldValidation: 'Warn', warn });
				assert.deepEqual([patched.data, 'more' in patched], [{ k: type }, false]);
				await patch(type, { more: 1 }, { fieldValidation: 'Ignore', warn });
			}
			assert.deepEqual(warnings, ['unknown field "more"', 'unknown field "more"']);
			assert.equal('more' in (await get('a')), false);
		});

		it('is applied again when another writer was faster', async () => {
			await create(configMap('a', { k: '1' }));
			let overtaken = 0;
			const raced: Store = {
				...store(),
				get: (key) => store().get(key),
				update: async (key, value, revision) => {
					if (overtaken++ === 0) await update(configMap('a', { other: 'x' }));
					return store().update(key, value, revision);
				},
			};
			const patched = await patch('merge', { data: { l: '2' } }, {}, raced);
			assert.deepEqual(patched.data, { other: 'x', l: '2' });
		});

		it('409: names another version than the object has', async () => {
			await create(configMap('a'));
			const refusal = await refusalOf(patch('merge', { metadata: { resourceVersion: '99' }, data: { k: '1' } }));
			assert.match(
				refusal,
				/^409 Conflict: Operation cannot be fulfilled on configmaps "a": the object has been modified/,
			);
		});

		it('404 without an object, 400 for another name or namespace, 422 for another type', async () => {
			assert.equal(await refusalOf(patch('merge', {})), '404 NotFound: configmaps "a" not found');
			await create(configMap('a'));
			const renamed = await refusalOf(patch('merge', { metadata: { name: 'b' } }));
			assert.equal(renamed, '400 BadRequest: the name of the object (b) does not match the name on the URL (a)');
			assert.match(
				await refusalOf(patch('merge', { metadata: { namespace: 'x' } })),
				/^400 BadRequest: the namespace of/,
			);
			const wrong = await refusalOf(patch('merge', { data: { k: 1 } }));
			assert.match(wrong, /^422 Invalid: .*patch: Invalid value: .*json: cannot unmarshal number into Go struct field/);
		});

		it('creates nothing where an update would', async () => {
			const on = createStorage<ConfigMap>(
				{ resource: configMaps, subresources: [], allowsCreateOnUpdate: true },
				registryOn(store()),
			);
			const sent = asked('patch', { name: 'a', patch: { type: 'merge', document: {} } });
			assert.equal(await refusalOf(on.patch(sent)), '404 NotFound: configmaps "a" not found');
		});
	});

	describe('finalizers', () => {
		const finalizers = ['example.com/f'];

		it('keep a deleted object until an update removes the last one', async () => {
			await create(configMap('a', {}, { finalizers }));
			const { metadata } = await remove('a');
			assert.deepEqual([metadata.deletionTimestamp, metadata.deletionGracePeriodSeconds], [now, 0]);
			assert.equal((await get('a')).metadata.deletionTimestamp, now);
			const more = configMap('a', {}, { finalizers: [...finalizers, 'example.com/g'] });
			assert.equal(
				await refusalOf(update(more)),
				'422 Invalid: ConfigMap "a" is invalid: metadata.finalizers: Forbidden: no new finalizers can be added if ' +
					'the object is being deleted, found new finalizers []string{"example.com/g"}',
			);
			const kept = await update(configMap('a', { k: '1' }, { finalizers, deletionTimestamp: '2020-01-01T00:00:00Z' }));
			assert.equal(kept.metadata.deletionTimestamp, now);
			await update(configMap('a'));
			assert.equal(await refusalOf(get('a')), '404 NotFound: configmaps "a" not found');
		});

		it('are the only cause that keeps a deleted object: an update does not mark an object as deleted', async () => {
			await create(configMap('a'));
			const cases: [object, string][] = [
				[{ deletionTimestamp: '2020-01-01T00:00:00Z' }, 'deletionTimestamp: Invalid value: "2020-01-01T00:00:00Z"'],
				[{ deletionGracePeriodSeconds: 7 }, 'deletionGracePeriodSeconds: Invalid value: 7'],
			];
			for (const [fields, problem] of cases)
				assert.equal(
					await refusalOf(update(configMap('a', {}, fields))),
					`422 Invalid: ConfigMap "a" is invalid: metadata.${problem}: field is immutable`,
				);
			await remove('a');
			await create(configMap('a', {}, { finalizers }));
			await remove('a');
			await update(configMap('a', { k: '1' }, { finalizers, deletionGracePeriodSeconds: 0 }));
			const changed = update(configMap('a', { k: '2' }, { finalizers, deletionGracePeriodSeconds: 1 }));
			assert.match(await refusalOf(changed), /deletionGracePeriodSeconds: Invalid value: 1: field is immutable$/);
		});

		it('stay when nothing was deleted', async () => {
			await create(configMap('a', {}, { finalizers }));
			await update(configMap('a'));
			assert.equal((await get('a')).metadata.finalizers, undefined);
		});
	});

	describe('deletecollection', () => {
		it('deletes the selected objects of one namespace', async () => {
			for (const name of ['a', 'b', 'c']) await create(configMap(name));
			await create(configMap('a'), { namespace: 'other' });
			const seen: unknown[] = [];
			const plugin: Omit<AdmissionPlugin, 'name'> = {
				validate: ({ name, operation }) => void seen.push([operation, name]),
			};
			const fieldSelector = parseFieldSelector('metadata.name!=b');
			const { items } = await endpoint({}, store(), plugin).deletecollection(
				asked('deletecollection', { fieldSelector }),
			);
			assert.deepEqual(
				items.map(({ metadata }) => metadata.name),
				['a', 'c'],
			);
			const deleted = [
				['DELETE', 'a'],
				['DELETE', 'c'],
			];
			assert.deepEqual(seen, deleted);
			assert.deepEqual(await list(), ['b', 'a']);
		});
	});

	describe('delete', () => {
		it('answers with the deleted object', async () => {
			const created = await create(configMap('a'));
			const deleted = await remove('a');
			assert.deepEqual([deleted.metadata.uid, deleted.metadata.name], [created.metadata.uid, 'a']);
			assert.equal(await refusalOf(remove('a')), '404 NotFound: configmaps "a" not found');
		});

		it('409 Conflict: deletes only the intended object', async () => {
			const { metadata } = await create(configMap('a'));
			const { uid = '', resourceVersion = '' } = metadata;
			const cannot = '409 Conflict: Operation cannot be fulfilled on ConfigMap "a": the';
			assert.equal(
				await refusalOf(remove('a', { uid: 'other' })),
				`${cannot} UID in the precondition (other) does not match the UID in record (${uid}). ` +
					'The object might have been deleted and then recreated',
			);
			assert.equal(
				await refusalOf(remove('a', { uid, resourceVersion: '99' })),
				`${cannot} ResourceVersion in the precondition (99) does not match the ResourceVersion in record (3). ` +
					'The object might have been modified',
			);
			await remove('a', { uid, resourceVersion });
		});

		it('403: calls admission with the stored object', async () => {
			await create(configMap('a'));
			for (const stage of ['mutate', 'validate'] as const) {
				const refuse = (attributes: AdmissionAttributes) => {
					const { object, previous, operation } = attributes;
					throw notAdmitted(attributes, `${operation} ${object} ${previous?.metadata.name}`);
				};
				const text = '403 Forbidden: configmaps "a" is forbidden: DELETE undefined a';
				const refused = endpoint({}, store(), { [stage]: refuse }).delete(asked('delete', { name: 'a' }));
				assert.equal(await refusalOf(refused), text);
			}
			await get('a');
		});
	});

	describe('a page of a list', () => {
		const page = (more: Partial<ApiRequest>, strategy: Partial<Strategy<ConfigMap>> = {}) =>
			endpoint(strategy).list(asked('list', more));
		const names = ({ items }: ObjectList) => items.map(({ metadata }) => metadata.name).join(' ');
		beforeEach(async () => {
			for (const name of ['a', 'b', 'c', 'd', 'e']) await create(configMap(name, {}, { labels: { of: name } }));
		});

		it('has at most the limit, and says where the next begins and how many follow', async () => {
			const first = await page({ limit: 2 });
			assert.deepEqual([names(first), first.remainingItemCount], ['a b', 3]);
			const token = JSON.parse(Buffer.from(first.continueToken ?? '', 'base64url').toString());
			assert.deepEqual(token, { v: 'meta.k8s.io/v1', rv: Number(first.resourceVersion), start: '/b\0' });
			await create(configMap('cc'));
			await update(configMap('d', { k: 'new' }));
			await remove('e');
			const second = await page({ limit: 2, continueToken: first.continueToken ?? '' });
			assert.deepEqual([names(second), second.resourceVersion], ['c d', first.resourceVersion]);
			assert.deepEqual((second.items[1] as ConfigMap).data, {});
			const last = await page({ limit: 3, continueToken: second.continueToken ?? '' });
			assert.deepEqual([names(last), last.continueToken, last.remainingItemCount], ['e', undefined, undefined]);
			assert.equal((await page({ limit: 6 })).continueToken, undefined);
		});

		it('is of the version that the request asks for', async () => {
			const { resourceVersion } = await page({});
			await remove('a');
			await update(configMap('b', { k: 'new' }));
			const exact = await page({ resourceVersion, resourceVersionMatch: 'Exact' });
			assert.deepEqual([names(exact), exact.resourceVersion], ['a b c d e', resourceVersion]);
			assert.equal(names(await page({ resourceVersion, resourceVersionMatch: 'NotOlderThan' })), 'b c d e');
			assert.equal(names(await page({ resourceVersion })), 'b c d e');
			const first = await page({ resourceVersion, limit: 2 });
			assert.equal(names(first), 'a b');
			assert.equal(names(await page({ limit: 3, continueToken: first.continueToken ?? '' })), 'c d e');
			assert.equal(names(await page({ resourceVersion: '0' })), 'b c d e');
			for (let round = 0; round < 25; round++) await update(configMap('e', { round: String(round) }));
			const old = page({ resourceVersion, resourceVersionMatch: 'Exact' });
			assert.equal(await refusalOf(old), '410 Expired: The resourceVersion for the provided list is too old.');
			assert.match(
				await refusalOf(page({ resourceVersion: '999' })),
				/^504 Timeout: Timeout: Too large resource version: 999/,
			);
			const retryOf = async (resourceVersionMatch: string) => {
				const error: unknown = await page({ resourceVersion: '999', resourceVersionMatch }).catch((one) => one);
				return hasCode(error, 'API_VERSION_TOO_LARGE') ? error.details.retryAfterSeconds : error;
			};
			assert.deepEqual([await retryOf('NotOlderThan'), await retryOf('Exact')], [1, undefined]);
		});

		it('has the selected labels', async () => {
			const selected = async (labelSelector: string) => names(await page({ labelSelector }));
			assert.equal(await selected('of in (a,c)'), 'a c');
			assert.equal(await selected('of!=a,!other'), 'b c d e');
			const first = await page({ labelSelector: 'of notin (b)', limit: 2 });
			assert.deepEqual([names(first), first.remainingItemCount], ['a c', undefined]);
			const bad = "400 BadRequest: found ',', expected: !, identifier, or 'end of string'";
			assert.equal(await refusalOf(page({ labelSelector: ',' })), bad);
		});

		it('of all namespaces, and of a selection, which is not counted', async () => {
			await create(configMap('a'), { namespace: 'other' });
			const all = await page({ limit: 5, namespace: '' });
			const rest = await page({ limit: 5, namespace: '', continueToken: all.continueToken ?? '' });
			assert.deepEqual(
				rest.items.map(({ metadata }) => metadata.namespace),
				['other'],
			);
			const fieldSelector = parseFieldSelector('metadata.name!=b');
			const selected = await page({ limit: 2, fieldSelector });
			assert.deepEqual([names(selected), selected.remainingItemCount], ['a c', undefined]);
			assert.equal(names(await page({ limit: 2, fieldSelector, continueToken: selected.continueToken ?? '' })), 'd e');
		});

		it('400: a token that is none', async () => {
			const of = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
			const cases = [
				['garbage', "invalid character '\\u0081' looking for beginning of value"],
				['a b', 'illegal base64 data at input byte 1'],
				[of({}), 'server does not recognize this encoded version '],
				[of({ v: 'meta.k8s.io/v1', start: 'a' }), 'incorrect encoded start resourceVersion (version meta.k8s.io/v1)'],
				[of({ v: 'meta.k8s.io/v1', rv: 1 }), 'encoded start key empty (version meta.k8s.io/v1)'],
				[of({ v: 'meta.k8s.io/v1', rv: 1, start: '../x' }), '../x'],
				['x'.repeat(10_000), 'it is longer than 8192 characters'],
			];
			for (const [continueToken = '', problem] of cases)
				assert.equal(
					await refusalOf(page({ limit: 1, continueToken })),
					`400 BadRequest: invalid continue token: continue key is not valid: ${problem}`,
				);
			const foreign = of({ v: 'meta.k8s.io/v1', rv: 1, start: '../other/a\0' });
			assert.match(await refusalOf(page({ limit: 9, continueToken: foreign })).catch(() => 'answered'), /410|answered/);
		});

		it('of a forged token has objects of the list alone, or is refused', async () => {
			await create({ ...configMap('a'), metadata: { name: 'a', namespace: 'other' } }, { namespace: 'other' });
			const start = fc.oneof(fc.string(), fc.constantFrom('/../other/', '/a', '', '/', '/\uffff', '../'));
			const token = fc.record({
				v: fc.constantFrom('meta.k8s.io/v1', 'x'),
				rv: fc.oneof(fc.integer(), fc.constant(-1)),
				start: start.map((text) => `${text}\0`),
			});
			await fc.assert(
				fc.asyncProperty(token, async (forged) => {
					const continueToken = Buffer.from(JSON.stringify(forged)).toString('base64url');
					const answer = page({ limit: 9, continueToken });
					const listed = await answer.catch(async () => assert.match(await refusalOf(answer), /^(?:400|410|504) /));
					for (const { metadata } of listed?.items ?? []) assert.equal(metadata.namespace, 'ns');
				}),
				{ numRuns: 100 },
			);
		});

		it('continues a list of which more has changed since than is remembered', async () => {
			const { continueToken = '' } = await page({ limit: 2 });
			const [, , third] = (await page({ limit: 9 })).items;
			for (let round = 0; round < 25; round++) await update(configMap('c', { round: String(round) }));
			const { items } = await page({ limit: 1, continueToken });
			assert.deepEqual(items, [third]);
		});

		it('410: too much changed since the list ended; the token of the refusal continues with what there is', async () => {
			const { continueToken = '' } = await page({ limit: 2 });
			await page({ limit: 9, continueToken });
			for (let round = 0; round < 25; round++) await update(configMap('e', { round: String(round) }));
			const refused = page({ limit: 2, continueToken });
			assert.match(await refusalOf(refused), /^410 Expired: The provided continue parameter is too old to display/);
			const token = await refused.catch((error) => error.details.continue);
			assert.equal(names(await page({ limit: 3, continueToken: token })), 'c d e');
		});

		it('413: all objects, when they are too large for one answer; with a limit they come in pages', async () => {
			const large = { k: 'x'.repeat(1_000_000) };
			const tooMany = Math.ceil(limits.listBytes.value / 1_000_000);
			for (let count = 0; count < tooMany; count++) await create(configMap(`large-${count}`, large));
			assert.equal(
				await refusalOf(page({})),
				`413 RequestEntityTooLarge: the list is larger than ${limits.listBytes.value} bytes`,
			);
			const found: string[] = [];
			let continueToken = '';
			do {
				const next = await page({ limit: 500, continueToken });
				assert.ok(JSON.stringify(next.items).length < 2.1 * limits.listPageBytes.value);
				found.push(names(next));
				continueToken = next.continueToken ?? '';
			} while (continueToken !== '');
			assert.equal(found.join(' ').split(' ').length, tooMany + 5);
			// They are too large to be kept as well.
			const first = await page({ limit: 2 });
			for (let round = 0; round < 25; round++) await update(configMap('e', { round: String(round) }));
			assert.match(await refusalOf(page({ limit: 2, continueToken: first.continueToken ?? '' })), /^410 Expired/);
		});
	});

	it('a stored object that cannot be encoded is left out of lists and watches, and can be deleted', async () => {
		const leaseOf = (renewTime: string) => ({
			apiVersion: 'v1',
			kind: 'Lease',
			metadata: { name: 'x' },
			spec: { renewTime },
		});
		await store().create('leases.coordination.k8s.io/ns/bad', leaseOf('-00001Z'));
		await store().create('leases.coordination.k8s.io/ns/good', leaseOf('2026-01-31T12:00:00.000000Z'));
		const on = createStorage({ resource: resources.leases, subresources: [] }, registryOn(store()));
		const of = (verb: ApiRequest['verb'], more: Partial<ApiRequest> = {}) =>
			request(verb, resources.leases, { namespace: 'ns', ...more });
		assert.equal((await on.list(of('list'))).items.length, 1);
		const stop = new AbortController();
		for await (const { object } of await on.watch(of('watch', { lifetime: stop }))) {
			assert.equal((object as Lease).spec?.renewTime, '2026-01-31T12:00:00.000000Z');
			stop.abort();
		}
		assert.match(
			await refusalOf(on.get(of('get', { name: 'bad' }))),
			/^500 InternalError: .* leases.coordination.k8s.io "bad" cannot be decoded: parsing time/,
		);
		assert.equal(loggedErrors().length, 1);
		assert.match(loggedErrors()[0] ?? '', /leases\.coordination\.k8s\.io\/ns\/bad/);
		const unread = (name: string) => of('delete', { name, ignoreStoreReadError: true });
		const verb = 'unsafe-delete-ignore-read-errors';
		assert.match(await refusalOf(on.delete(unread('bad'))), new RegExp(`^403 .*not permitted to do "${verb}"`));
		const authorizer = fakeAuthorizer(...['good', 'bad'].map((name) => `admin ${verb} leases ${name}`));
		const context = { ...registryOn(store()), authorizer };
		const permitted = createStorage({ resource: resources.leases, subresources: [] }, context);
		assert.match(
			await refusalOf(permitted.delete(unread('good'))),
			/^409 .*unsafe deletion is not allowed because the object is decodable from storage/,
		);
		await permitted.delete(unread('bad'));
	});

	describe('watch', () => {
		it('begins with the existing objects, then reports every change', async () => {
			await create(configMap('a'));
			await create(configMap('b'), { namespace: 'other' });
			for (const resourceVersion of ['', '0']) assert.deepEqual(await events(1, { resourceVersion }), ['ADDED a 3']);
			const watching = events(4);
			await update(configMap('a', { k: '1' }));
			await create(configMap('c'));
			await remove('a');
			assert.deepEqual(await watching, ['ADDED a 3', 'MODIFIED a 5', 'ADDED c 6', 'DELETED a 7']);
		});

		it('resumes after a version: nothing twice, nothing missing', async () => {
			await create(configMap('a'));
			await create(configMap('b'));
			await update(configMap('b', { k: '1' }));
			assert.deepEqual(await events(2, { resourceVersion: '3' }), ['ADDED b 4', 'MODIFIED b 5']);
		});

		it('reports only selected objects', async () => {
			await create(configMap('a'));
			const watching = events(2, { fieldSelector: parseFieldSelector('metadata.name=b') });
			await create(configMap('b'));
			await remove('a');
			await remove('b');
			assert.deepEqual(await watching, ['ADDED b 4', 'DELETED b 6']);
		});

		it('an object that enters a selection is ADDED, one that leaves it is DELETED', async () => {
			const labelled = (value: string, data = {}) => configMap('a', data, { labels: { of: value } });
			await create(labelled('x'));
			const watching = events(4, { labelSelector: 'of=y' });
			const deleted = [await update(labelled('y')), await update(labelled('y', { k: '1' }))];
			await update(labelled('z'));
			await update(labelled('y'));
			assert.deepEqual(await watching, ['ADDED a 4', 'MODIFIED a 5', 'DELETED a 6', 'ADDED a 7']);
			assert.equal(deleted.length, 2);
		});

		it('sends the initial events and then a bookmark', async () => {
			await create(configMap('a'));
			const asks = { sendInitialEvents: true, allowWatchBookmarks: true, resourceVersionMatch: 'NotOlderThan' };
			const watching = events(3, asks);
			assert.deepEqual((await Promise.all([watching, create(configMap('b'))]))[0].slice(0, 2), [
				'ADDED a 3',
				'BOOKMARK undefined 3',
			]);
			const stop = new AbortController();
			const none = await endpoint().watch(asked('watch', { sendInitialEvents: false, lifetime: stop }));
			await create(configMap('c'));
			for await (const { type, object } of none) {
				assert.deepEqual([type, object.metadata.name], ['ADDED', 'c']);
				stop.abort();
			}
		});

		it('410 Expired: the version is older than the history', async () => {
			await create(configMap('a'));
			for (let i = 0; i < 50; i++) await update(configMap('a', { k: String(i) }));
			assert.match(
				await refusalOf(endpoint().watch(asked('watch', { resourceVersion: '3' }))),
				/^410 Expired: too old resource version: 3 \(\d+\)$/,
			);
		});

		it('400: not a version', async () => {
			for (const resourceVersion of ['x', '-1', '1.5', '1e3']) {
				const problem = `strconv.ParseUint: parsing "${resourceVersion}": invalid syntax`;
				const text =
					'400 BadRequest: invalid resource version: resourceVersion: Invalid value: ' +
					`"${resourceVersion}": ${problem}`;
				assert.equal(await refusalOf(endpoint().watch(asked('watch', { resourceVersion }))), text);
			}
		});
	});

	it('objects of another resource, group or name stay apart', () => {
		assert.equal(storeKey(configMaps, 'ns', 'a'), 'configmaps/ns/a');
		assert.equal(storeKey(nodes, 'ignored', 'a'), 'nodes/a');
		assert.equal(storeKey(resources.leases, 'ns', 'a'), 'leases.coordination.k8s.io/ns/a');
	});
});
