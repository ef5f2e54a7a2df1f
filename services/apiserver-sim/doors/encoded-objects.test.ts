import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { encodeJson } from '../../../lib/kube/codec/json.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { EncodedObjects } from './encoded-objects.ts';

const configMap = (index: number, data: object = { key: 'value' }) =>
	({
		kind: 'ConfigMap',
		apiVersion: 'v1',
		metadata: { name: `object-${index}`, namespace: 'default', uid: `u${index}`, resourceVersion: `${index}` },
		data,
	}) as KubeObject;
const head = { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '7' } };
const withoutTypes = (items: readonly KubeObject[]) =>
	items.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest);

const listed = (encoded: EncodedObjects, ...list: Parameters<EncodedObjects['list']>) => text(encoded.list(...list));

describe('encoded objects', () => {
	it('writes a list as the encoder writes the whole of it', async () => {
		const encoded = new EncodedObjects();
		const awkward = { a: ']}\n', b: '"kind":"ConfigMap"', c: '<&>', ü: '\u2028' };
		for (const items of [[], [configMap(1)], [configMap(1), configMap(2, awkward), configMap(3, {})]])
			assert.equal(await listed(encoded, head, items), encodeJson({ ...head, items: withoutTypes(items) }));
	});

	it('writes items of another kind, and kinds that no table has, without their types', async () => {
		const encoded = new EncodedObjects();
		const other = { apiVersion: 'example.com/v1', kind: 'Thing', metadata: { name: 'one' } } as KubeObject;
		const things = { kind: 'ThingList', apiVersion: 'example.com/v1', metadata: {} };
		for (const one of [head, things])
			assert.equal(await listed(encoded, one, [other]), encodeJson({ ...one, items: withoutTypes([other]) }));
	});

	it('encodes an object once for all its readers', async () => {
		let reads = 0;
		const object = configMap(1);
		const counted = Object.defineProperty({ ...object }, 'data', {
			enumerable: true,
			get: () => {
				reads++;
				return {};
			},
		}) as KubeObject;
		const encoded = new EncodedObjects();
		const json = encoded.object(counted);
		const before = reads;
		assert.equal(encoded.object(counted), json);
		await listed(encoded, head, [counted]);
		assert.equal(reads, before);
	});

	it('lets other work run while it encodes a long list', async () => {
		const items = Array.from({ length: 2_000 }, (_, index) => configMap(index, { key: 'value'.repeat(100) }));
		let turns = 0;
		let isDone = false;
		const count = (): void => {
			turns++;
			if (!isDone) setImmediate(count);
		};
		setImmediate(count);
		await listed(new EncodedObjects(), head, items);
		isDone = true;
		assert.ok(turns >= 5, `${turns} turns`);
	});
});
