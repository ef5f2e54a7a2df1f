import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import { KubejoinError } from '../../../lib/errors.ts';
import { decodeWatchFrames } from '../../../lib/kube/codec/protobuf.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, WatchEvent } from '../../../lib/kube/types.ts';
import { userNamed } from '../authorize/fixtures.test.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { type Doors, openDoors } from './fixtures.test.ts';
import { EventEncoder, watchTimeMs } from './watch-stream.ts';

const lease = (name: string): KubeObject => ({
	apiVersion: 'coordination.k8s.io/v1',
	kind: 'Lease',
	metadata: { name, namespace: 'n', resourceVersion: '7' },
});
const bookmark: WatchEvent<KubeObject> = {
	type: 'BOOKMARK',
	object: {
		...lease('a'),
		metadata: { resourceVersion: '8', annotations: { 'k8s.io/initial-events-end': 'true' } },
	},
};
const path = '/apis/coordination.k8s.io/v1/namespaces/n/leases';

describe('a watch over HTTPS', () => {
	let doors: Doors;
	let reached: ApiRequest[];
	let events: () => AsyncIterable<WatchEvent<KubeObject>>;
	const stopped: string[] = [];

	beforeEach(async () => {
		reached = [];
		stopped.length = 0;
		events = async function* () {
			yield { type: 'ADDED', object: lease('a') };
			yield bookmark;
			yield { type: 'DELETED', object: lease('a') };
		};
		doors = await openDoors({
			authenticate: async () => userNamed('u'),
			authorizer: { authorize: () => ({ decision: 'Allow', reason: '' }) },
			endpoints: new Map([
				[
					resources.leases,
					{
						async watch(request) {
							reached.push(request);
							return events();
						},
						subresources: [],
					},
				],
			]),
		});
	});
	afterEach(() => doors.close());
	const watch = (query = 'watch=1', accept = 'application/json') => doors.rest('GET', `${path}?${query}`, { accept });
	const objectsOf = (text: string) =>
		text
			.trimEnd()
			.split('\n')
			.map((line) => JSON.parse(line));

	it('compresses a watch that begins with a list, for a client that accepts it, and no other watch', async () => {
		const list = 'watch=1&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan';
		const read = async (query: string, encoding: string) => {
			const found = await doors.restBytes('GET', `${path}?${query}`, { 'accept-encoding': encoding });
			return { encoding: found.headers['content-encoding'], body: found.body };
		};
		const plain = await read(list, 'br');
		const compressed = await read(list, 'gzip');
		assert.deepEqual([plain.encoding, compressed.encoding], [undefined, 'gzip']);
		assert.equal(gunzipSync(compressed.body).toString(), plain.body.toString());
		assert.equal((await read('watch=1', 'gzip')).encoding, undefined);
	});

	it('is a line for each event, and passes the options to the endpoint', async () => {
		const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
		const { status, headers, text } = await watch(query);
		assert.deepEqual(
			[status, headers['content-type'], headers['content-length']],
			[200, 'application/json', undefined],
		);
		const found = objectsOf(text);
		assert.deepEqual(
			found.map(({ type, object }) => [type, object.kind, object.apiVersion]),
			['ADDED', 'BOOKMARK', 'DELETED'].map((type) => [type, 'Lease', 'coordination.k8s.io/v1']),
		);
		assert.deepEqual(found[1].object.metadata, bookmark.object.metadata);
		const { sendInitialEvents, allowWatchBookmarks } = reached[0] ?? {};
		assert.deepEqual([sendInitialEvents, allowWatchBookmarks], [true, true]);
		assert.ok(text.endsWith('\n'));
	});

	it('is frames of protobuf for a client that prefers them', async () => {
		const { headers, body } = await doors.restBytes('GET', `${path}?watch=1`, {
			accept: 'application/vnd.kubernetes.protobuf,application/json',
		});
		assert.equal(headers['content-type'], 'application/vnd.kubernetes.protobuf;stream=watch');
		assert.deepEqual(
			decodeWatchFrames(body).map(({ type, object }) => [type, object.kind]),
			['ADDED', 'BOOKMARK', 'DELETED'].map((type) => [type, 'Lease']),
		);
	});

	it('has the columns of a table in its first event only', async () => {
		const { text } = await watch('watch=1&includeObject=None', 'application/json;as=Table;v=v1;g=meta.k8s.io');
		const found = objectsOf(text).map(({ object }) => object);
		assert.deepEqual(
			found.map(({ kind, columnDefinitions, rows }) => [kind, (columnDefinitions ?? []).length > 0, rows.length]),
			[
				['Table', true, 1],
				['Table', false, 1],
				['Table', false, 1],
			],
		);
		// The bookmark must reach the client also without the objects.
		assert.deepEqual(
			found.map(({ rows }) => rows[0].object?.kind ?? null),
			[null, 'PartialObjectMetadata', null],
		);
	});

	it('ends with an event when its version is too old, and with a status when it cannot begin', async () => {
		events = async function* () {
			yield { type: 'ADDED', object: lease('a') };
			throw new KubejoinError('API_EXPIRED', { requested: '1', oldest: '5' });
		};
		const [, last] = objectsOf((await watch('watch=1&resourceVersion=1')).text);
		assert.deepEqual(
			[last.type, last.object.code, last.object.reason, last.object.message],
			['ERROR', 410, 'Expired', 'too old resource version: 1 (5)'],
		);
		events = () => {
			throw new KubejoinError('API_EXPIRED', { requested: '1', oldest: '5' });
		};
		assert.deepEqual(
			objectsOf((await watch('watch=1&resourceVersion=1')).text).map(({ object }) => object.code),
			[410],
		);
		events = () => {
			throw new KubejoinError('API_TOO_MANY_WATCHES', { limit: 1, retryAfterSeconds: 1 });
		};
		assert.equal((await watch()).status, 429);
		assert.equal((await watch('watch=1', 'application/yaml')).status, 406);
	});

	it('lasts half an hour to an hour if it states no time', () => {
		for (const sent of [undefined, 0]) {
			assert.equal(
				watchTimeMs(sent, () => 0),
				30 * 60_000,
			);
			assert.equal(
				watchTimeMs(sent, () => 0.5),
				45 * 60_000,
			);
		}
		assert.equal(
			watchTimeMs(2, () => 0.5),
			2_000,
		);
		assert.equal(
			watchTimeMs(-1, () => 0.5),
			0,
		);
	});

	it('ends after timeoutSeconds, and when the server stops', async () => {
		const endless = (request: () => ApiRequest | undefined) =>
			async function* (): AsyncGenerator<WatchEvent<KubeObject>> {
				const signal = request()?.lifetime.signal;
				await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
				stopped.push('stopped');
			};
		events = endless(() => reached.at(-1));
		assert.equal((await watch('watch=1&timeoutSeconds=1')).text, '');
		const open = watch();
		while (reached.length < 2) await new Promise((resolve) => setImmediate(resolve));
		doors.stop();
		assert.deepEqual([(await open).text, stopped], ['', ['stopped', 'stopped']]);
	});

	it('of one object selects it by its name', async () => {
		await doors.rest('GET', '/apis/coordination.k8s.io/v1/watch/namespaces/n/leases/a');
		assert.deepEqual(reached[0]?.fieldSelector, [{ field: 'metadata.name', operator: '=', value: 'a' }]);
	});
});

describe('the encoder of events', () => {
	/** Counts how often it is encoded. */
	const counting = (characters: number) => {
		const object = { count: 0, metadata: {} };
		Object.defineProperty(object, 'data', {
			enumerable: true,
			get() {
				object.count++;
				return 'x'.repeat(characters);
			},
		});
		return object;
	};

	it('encodes an object once for all watches, each type of event apart', () => {
		const encoder = new EventEncoder();
		const object = counting(10);
		for (const type of ['ADDED', 'ADDED', 'DELETED', 'ADDED', 'DELETED']) {
			const chunk = encoder.shared(type, object, false);
			assert.ok(String(chunk).startsWith(`{"type":"${type}"`));
		}
		assert.equal(object.count, 2);
	});

	it('remembers 16 MiB of text and no more', () => {
		const encoder = new EventEncoder();
		const [first, ...others] = Array.from({ length: 20 }, () => counting(1024 * 1024));
		assert.ok(first !== undefined);
		for (const object of [first, ...others]) encoder.shared('ADDED', object, false);
		const last = others.at(-1) ?? first;
		for (const object of [last, first]) encoder.shared('ADDED', object, false);
		assert.deepEqual([last.count, first.count], [1, 2]);
	});
});
