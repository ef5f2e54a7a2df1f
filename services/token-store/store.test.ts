import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, hasCode } from '../../lib/errors.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { openStore } from '../../lib/store/open.ts';
import type { Store } from '../../lib/store/store.ts';
import { createToken, deleteToken, findToken, listTokens, type TokenEvent, updateToken, watchTokens } from './store.ts';

const clock = () => Date.parse('2026-01-31T12:00:00Z');
const name = 'bootstrap-token-abcdef';
const request = (id = 'abcdef'): Secret => ({
	apiVersion: 'v1',
	kind: 'Secret',
	metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system', labels: { a: 'b' } },
	type: 'bootstrap.kubernetes.io/token',
	data: { 'token-secret': 'c2VjcmV0', expiration: Buffer.from('2027-01-01T00:00:00Z').toString('base64') },
});
const refused = (code: ErrorCode, work: Promise<unknown>) => assert.rejects(work, (error) => hasCode(error, code));

describe('bootstrap tokens in the store', () => {
	let directory = '';
	let store: Store;
	beforeEach(async () => {
		directory = mkdtempSync(join(tmpdir(), 'tokens-'));
		store = await openStore({ url: `lmdb:${directory}`, keyspace: 'tokens' });
	});
	afterEach(async () => {
		await store.close();
		rmSync(directory, { recursive: true });
	});
	const create = (secret = request()) => createToken(store, clock, secret);

	it('a token gets a uid, a time and a version, and is found and listed', async () => {
		const created = await create();
		const { uid, ...metadata } = created.metadata;
		assert.match(uid ?? '', /^[0-9a-f-]{36}$/);
		const { name: _name, ...asked } = request().metadata;
		assert.deepEqual(metadata, { name, ...asked, creationTimestamp: '2026-01-31T12:00:00Z', resourceVersion: '1' });
		assert.deepEqual(created.data, request().data);
		assert.deepEqual(await findToken(store, name), created);
		const other = await create(request('000000'));
		assert.deepEqual(await listTokens(store), { items: [other, created], resourceVersion: '2' });
		assert.deepEqual((await listTokens(store, name)).items, [created]);
		assert.deepEqual((await listTokens(store, 'bootstrap-token-')).items, []);
	});

	it('ignores server-managed fields of a client', async () => {
		const secret = request();
		const created = await create({
			...secret,
			metadata: {
				...secret.metadata,
				uid: 'mine',
				resourceVersion: '7',
				deletionTimestamp: 'x',
				creationTimestamp: 'x',
			},
		});
		assert.notEqual(created.metadata.uid, 'mine');
		assert.equal(created.metadata.resourceVersion, '1');
		assert.equal(created.metadata.deletionTimestamp, undefined);
	});

	it('TOKEN_INVALID names every problem; odd data are none', async () => {
		const problems = await createToken(store, clock, { metadata: { name: 'x' } }).catch((error: unknown) =>
			hasCode(error, 'TOKEN_INVALID') ? error.details.problems : error,
		);
		assert.ok(Array.isArray(problems) && problems.length === 3);
		for (const bad of ['bootstrap-token-ABCDEF', 'bootstrap-token-abcdefg', `${name}\n`]) {
			await refused('TOKEN_INVALID', create({ ...request(), metadata: { ...request().metadata, name: bad } }));
		}
		const { data: _data, ...withoutData } = request();
		await createToken(store, clock, withoutData);
	});

	it('TOKEN_INVALID: refuses labels and annotations that Kubernetes refuses, in its words', async () => {
		const { metadata, ...rest } = request();
		const invalid = { labels: { 'a b': 'c' }, annotations: { '': 'x' } };
		const error = await create({ ...rest, metadata: { ...metadata, ...invalid } }).catch((thrown: unknown) => thrown);
		assert.ok(hasCode(error, 'TOKEN_INVALID'));
		const [label, ...annotation] = error.details.problems as string[];
		assert.match(label ?? '', /^metadata\.labels: Invalid value: "a b": name part must consist of alphanumeric/);
		assert.equal(annotation[0], 'metadata.annotations: Invalid value: "": name part must be non-empty');
		assert.equal(await findToken(store, name), undefined);
	});

	it('TOKEN_EXISTS', async () => {
		await create();
		await refused('TOKEN_EXISTS', create());
	});

	it('TOKEN_NOT_FOUND, API_NOT_FOUND', async () => {
		await refused('TOKEN_NOT_FOUND', deleteToken(store, name));
		await refused('API_NOT_FOUND', deleteToken(store, 'x'));
	});

	it('replaces the data, labels and annotations of a token, and nothing else', async () => {
		const { metadata, ...rest } = await create();
		const { labels: _labels, annotations: _annotations, ...kept } = metadata;
		const data = { 'token-secret': 'b3RoZXI=' };
		const sent = {
			name,
			uid: 'mine',
			namespace: 'other',
			labels: { a: 'b' },
			deletionTimestamp: '2026-01-31T12:00:00Z',
		};
		const updated = await updateToken(store, { metadata: sent, data });
		const { labels, deletionTimestamp } = sent;
		assert.deepEqual(updated, {
			...rest,
			metadata: { ...kept, labels, deletionTimestamp, resourceVersion: '2' },
			data,
		});
		assert.deepEqual(await findToken(store, name), updated);
		await refused('TOKEN_NOT_FOUND', updateToken(store, { metadata: { name: 'bootstrap-token-zzzzzz' } }));
		await refused('TOKEN_INVALID', updateToken(store, { metadata: { name, labels: { a: '-' } } }));
	});

	it('API_CONFLICT: only the token that is meant is deleted', async () => {
		const created = await create();
		await refused('API_CONFLICT', deleteToken(store, name, { uid: 'other' }));
		await refused('API_CONFLICT', deleteToken(store, name, { resourceVersion: '2' }));
		const uid = created.metadata.uid ?? '';
		const cannot = `Operation cannot be fulfilled on secrets "${name}": the`;
		await assert.rejects(deleteToken(store, name, { uid: 'other' }), {
			message:
				`${cannot} UID in the precondition (other) does not match the UID in record (${uid}). ` +
				'The object might have been deleted and then recreated',
		});
		await assert.rejects(deleteToken(store, name, { uid, resourceVersion: '2' }), {
			message:
				`${cannot} ResourceVersion in the precondition (2) does not match the ResourceVersion in record (1). ` +
				'The object might have been modified',
		});
		assert.deepEqual(await deleteToken(store, name, { uid, resourceVersion: '1' }), created);
		assert.equal(await findToken(store, name), undefined);
	});

	it('a token replaced between reading and deleting is judged again', async () => {
		const { metadata } = await create();
		let isFirst = true;
		const racing: Store = {
			...store,
			get: store.get.bind(store),
			async delete(key, revision) {
				if (isFirst) {
					isFirst = false;
					await store.delete(name);
					await create();
				}
				return store.delete(key, revision);
			},
		};
		await refused('API_CONFLICT', deleteToken(racing, name, { uid: metadata.uid ?? '' }));
		assert.ok(await findToken(store, name));
	});

	it('a watch returns the existing tokens, SYNCED, and every change; never a secret', async () => {
		await create();
		const stop = new AbortController();
		const events: TokenEvent[] = [];
		for await (const event of watchTokens(store, stop.signal)) {
			events.push(event);
			if (event.type === 'SYNCED') await create(request('000000'));
			if (event.type === 'ADDED' && event.name.endsWith('000000')) await deleteToken(store, name);
			if (event.type === 'DELETED') stop.abort();
		}
		assert.deepEqual(
			events.map((event) => `${event.type} ${event.name} ${event.expiration}`),
			[
				`ADDED ${name} 2027-01-01T00:00:00Z`,
				'SYNCED  ',
				'ADDED bootstrap-token-000000 2027-01-01T00:00:00Z',
				`DELETED ${name} 2027-01-01T00:00:00Z`,
			],
		);
		assert.ok(events.every((event) => Object.keys(event).join() === 'type,name,uid,expiration'));
	});
});
