import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import type { Secret } from '../../../lib/kube/types.ts';
import { memoryTokens, refusalOf, registryOn, request, storeOfEachTest } from '../fixtures.test.ts';
import type { ApiRequest, ResourceStorage, Verb } from '../request/api-request.ts';
import { parseFieldSelector } from '../selectors.ts';
import { secretsStorage } from './secrets.ts';

const tokenType = 'bootstrap.kubernetes.io/token';
const name = 'bootstrap-token-aaaaaa';
const base64 = (text: string) => Buffer.from(text).toString('base64');
const secretText = base64('0123456789abcdef');

describe('Secrets', () => {
	const store = storeOfEachTest();
	let tokens: Map<string, Secret>;
	let storage: ResourceStorage;
	beforeEach(() => {
		const memory = memoryTokens();
		tokens = memory.tokens;
		storage = secretsStorage(registryOn(store()), memory.client);
	});
	const asked = (verb: Verb, more: Partial<ApiRequest> = {}) =>
		request(verb, resources.secrets, { namespace: 'kube-system', ...more });
	const secret = (own: string, more: Partial<Secret> = {}): Secret => ({
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: { name: own },
		...more,
	});
	const create = (object: Secret, namespace = 'kube-system') =>
		storage.create?.(asked('create', { object, namespace })) as Promise<Secret>;
	const get = (own = name, namespace = 'kube-system') =>
		storage.get?.(asked('get', { name: own, namespace })) as Promise<Secret>;
	const update = (object: Secret, namespace = 'kube-system') =>
		storage.update?.(asked('update', { object, name: object.metadata.name ?? '', namespace })) as Promise<Secret>;
	const list = async (more: Partial<ApiRequest> = {}) => (await storage.list?.(asked('list', more)))?.items as Secret[];
	const token = (more: Partial<Secret> = {}) =>
		secret(name, { type: tokenType, data: { 'token-secret': secretText }, ...more });
	const inRegistry = async (): Promise<string> => JSON.stringify((await store().list('')).items);

	it('of bootstrap tokens keep their data at token-store alone', async () => {
		const created = await create(token());
		assert.equal(created.metadata.uid, `uid-${name}`);
		assert.deepEqual(created.data, { 'token-secret': secretText });
		assert.deepEqual(await get(), created);
		assert.deepEqual(await list(), [created]);
		assert.deepEqual(tokens.get(name)?.data, { 'token-secret': secretText });
		assert.ok(!(await inRegistry()).includes(secretText));
		assert.equal(await refusalOf(create(token())), `409 AlreadyExists: secrets "${name}" already exists`);
	});

	it('of bootstrap tokens are updated, patched and deleted', async () => {
		await create(token());
		const changed = await update(token({ data: { 'token-secret': base64('other') } }));
		assert.deepEqual(tokens.get(name)?.data, { 'token-secret': base64('other') });
		assert.deepEqual(await get(), changed);
		const patch = { type: 'merge', document: { data: { expiration: base64('soon') } } } as const;
		await storage.patch?.(asked('patch', { name, patch }));
		assert.deepEqual(Object.keys(tokens.get(name)?.data ?? {}).toSorted(), ['expiration', 'token-secret']);
		const stale = token({ metadata: { name, resourceVersion: changed.metadata.resourceVersion ?? '' } });
		assert.match(await refusalOf(update(stale)), /^409 Conflict: Operation cannot be fulfilled on secrets/);
		const deleted = (await storage.delete?.(asked('delete', { name }))) as Secret;
		assert.deepEqual([deleted.metadata.uid, tokens.size], [`uid-${name}`, 0]);
		assert.equal(await refusalOf(get()), `404 NotFound: secrets "${name}" not found`);
		assert.ok(!(await inRegistry()).includes(name));
	});

	it('of one token are written one after the other', async () => {
		await create(token({ data: {} }));
		const add = (key: string) =>
			storage.patch?.(asked('patch', { name, patch: { type: 'merge', document: { data: { [key]: secretText } } } }));
		const keys = Array.from({ length: 10 }, (_, index) => `k${index}`);
		await Promise.all(keys.map(add));
		assert.deepEqual(Object.keys((await get()).data ?? {}).toSorted(), keys);
		assert.deepEqual(Object.keys(tokens.get(name)?.data ?? {}).toSorted(), keys);
	});

	it('are watched in one order with the data of tokens', async () => {
		await create(token());
		const stop = new AbortController();
		const watch = (await storage.watch?.(asked('watch', { lifetime: stop }))) ?? assert.fail();
		await create(secret('plain', { data: { k: 'djI=' } }));
		await update(token({ data: { 'token-secret': base64('other') } }));
		await storage.delete?.(asked('delete', { name }));
		const seen: unknown[] = [];
		for await (const { type, object } of watch) {
			seen.push([
				type,
				object.metadata.name,
				type === 'DELETED' ? undefined : Object.keys((object as Secret).data ?? {}),
			]);
			if (seen.length === 4) stop.abort();
		}
		assert.deepEqual(
			seen.map((event) => (event as string[]).slice(0, 2)),
			[
				['ADDED', name],
				['ADDED', 'plain'],
				['MODIFIED', name],
				['DELETED', name],
			],
		);
	});

	it('include tokens that only token-store knows, and none that it has lost', async () => {
		await create(token());
		tokens.delete(name);
		tokens.set('bootstrap-token-bbbbbb', {
			...secret('bootstrap-token-bbbbbb', { type: tokenType, data: { k: secretText } }),
			metadata: { name: 'bootstrap-token-bbbbbb', namespace: 'kube-system', uid: 'b', resourceVersion: '9' },
		});
		assert.deepEqual(
			(await list()).map(({ metadata, data }) => [metadata.name, data]),
			[['bootstrap-token-bbbbbb', { k: secretText }]],
		);
		assert.ok(!(await inRegistry()).includes(secretText));
	});

	it('of other types, names and namespaces are stored like any object', async () => {
		for (const [own, type, namespace] of [
			['s', 'Opaque', 'kube-system'],
			[name, 'Opaque', 'kube-system'],
			[name, tokenType, 'default'],
			['bootstrap-token-other', tokenType, 'kube-system'],
		] as const) {
			const created = await create(secret(own, { type, data: { k: secretText } }), namespace);
			assert.deepEqual(await get(own, namespace), created);
		}
		assert.equal(tokens.size, 0);
	});

	it('are selected by type, as kubeadm does', async () => {
		await create(token());
		await create(secret('s'));
		const ofType = async (type: string) => (await list({ fieldSelector: parseFieldSelector(`type=${type}`) })).length;
		assert.deepEqual([await ofType(tokenType), await ofType('Opaque'), await ofType('x')], [1, 1, 0]);
	});

	it('have the default type, and the texts of stringData as data', async () => {
		const { type, data, stringData } = await create(secret('s', { stringData: { k: 'text' }, data: { l: 'djE=' } }));
		assert.deepEqual([type, data, stringData], ['Opaque', { k: base64('text'), l: 'djE=' }, undefined]);
		const changed = await update(secret('s', { stringData: { k: 'new' } }));
		assert.deepEqual([changed.type, changed.data], ['Opaque', { k: base64('new') }]);
	});

	it('422: keys of another form, and data that its type demands', async () => {
		const problems = async (more: Partial<Secret>) =>
			(await refusalOf(create(secret('s', more)))).replace('422 Invalid: Secret "s" is invalid: ', '');
		assert.match(await problems({ data: { 'a b': '' } }), /^data\[a b\]: Invalid value: "a b": a valid config key/);
		const typed = (type: string, data = {}) => problems({ type: `kubernetes.io/${type}`, data });
		assert.equal(await typed('tls'), '[data[tls.crt]: Required value, data[tls.key]: Required value]');
		assert.equal(await typed('basic-auth'), '[data[username]: Required value, data[password]: Required value]');
		assert.equal(await typed('ssh-auth'), 'data[ssh-privatekey]: Required value');
		assert.equal(await typed('dockercfg'), 'data[.dockercfg]: Required value');
		const bad = await typed('dockerconfigjson', { '.dockerconfigjson': base64('secret!') });
		assert.equal(bad, 'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": it is not JSON');
		assert.equal(
			await typed('service-account-token'),
			'metadata.annotations[kubernetes.io/service-account.name]: Required value',
		);
		const large = { k: base64('x'.repeat(1024 * 1024 + 1)) };
		assert.equal(await problems({ data: large }), 'data: Too long: may not be more than 1048576 bytes');
	});

	it('422: another type, and any change of an immutable one', async () => {
		await create(secret('s', { immutable: true, data: { k: 'djE=' } }));
		const refused = async (more: Partial<Secret>) =>
			(await refusalOf(update(secret('s', more)))).replace('422 Invalid: Secret "s" is invalid: ', '');
		const detail = 'Forbidden: field is immutable when `immutable` is set';
		assert.equal(await refused({ data: { k: 'djE=' } }), `immutable: ${detail}`);
		assert.equal(await refused({ immutable: true }), `data: ${detail}`);
		assert.equal(
			await refused({ immutable: true, data: { k: 'djE=' }, type: 'x' }),
			'type: Invalid value: "x": field is immutable',
		);
	});

	it('are quoted in no refusal of a patch', async () => {
		await create(secret('s', { data: { k: secretText } }));
		const patch = { type: 'merge', document: { data: { l: 1 } } } as const;
		const refusal = await refusalOf(storage.patch?.(asked('patch', { name: 's', patch })) ?? assert.fail());
		assert.match(refusal, /^422 Invalid: .*<secret contents redacted>/);
		assert.ok(!refusal.includes(secretText));
	});
});
