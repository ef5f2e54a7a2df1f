import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { parse } from 'yaml';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { ListParts } from './answer.ts';
import { encode, encodeObject } from './encode.ts';
import { encodeList, ITEMS_PER_TURN, type PartedList } from './encode-list.ts';
import { mediaTypes } from './negotiate.ts';
import { Converter } from './table.ts';

describe('a long list', () => {
	const awkward = { a: ']}\n', b: '"items":["rows":[', c: 'x\nkind: y\nitems:\n', ü: '\u2028', d: '\n  ]\n}' };
	const objects = Array.from(
		{ length: 2 * ITEMS_PER_TURN + 1 },
		(_, index): KubeObject =>
			({
				...{ apiVersion: 'v1', kind: 'ConfigMap', data: index % ITEMS_PER_TURN < 2 ? awkward : { key: 'value' } },
				metadata: { name: `object-${index}`, namespace: 'default', resourceVersion: `${index}` },
			}) as KubeObject,
	);
	const list = { resourceVersion: '7', continueToken: 'next', remainingItemCount: 3 };
	const typed = (items: readonly KubeObject[]) => ({
		...{ kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '7', continue: 'next' } },
		items: items.map(({ kind: _kind, apiVersion: _version, ...rest }) => rest),
	});
	const converted = (kind: 'Table' | 'PartialObjectMetadataList') => (items: readonly KubeObject[]) =>
		new Converter(resources.configMaps, { kind, version: 'v1' }, 'Metadata', () => 0).list({
			...list,
			items: [...items],
		});
	const forms = {
		list: typed,
		Table: converted('Table'),
		'metadata alone': converted('PartialObjectMetadataList'),
	};
	/** With the numbers of items between two turns. */
	function parted(answer: (items: readonly KubeObject[]) => object, length: number) {
		const counts = [0];
		const source: PartedList = {
			items: objects.slice(0, length),
			part(from, to) {
				counts.push((counts.pop() ?? 0) + to - from);
				return answer(objects.slice(from, to));
			},
		};
		const turn = async () => void counts.push(0);
		return { source, turn, counts };
	}

	async function bytesOf(body: string | Uint8Array | ListParts): Promise<Buffer> {
		if (typeof body === 'string' || body instanceof Uint8Array) return Buffer.from(body);
		return buffer(body);
	}
	for (const [name, answer] of Object.entries(forms)) {
		for (const [mediaType, pretty] of [
			[mediaTypes.json, false],
			[mediaTypes.json, true],
			[mediaTypes.yaml, false],
			[mediaTypes.protobuf, false],
		] as const) {
			if (name === 'Table' && mediaType === mediaTypes.protobuf) continue;
			it(`has the bytes of a whole ${name} in ${mediaType}${pretty ? ', pretty' : ''}`, async () => {
				for (const length of [0, 1, ITEMS_PER_TURN, ITEMS_PER_TURN + 1, objects.length]) {
					const { source, turn, counts } = parted(answer, length);
					const { contentType, body } = await encodeList(source, { mediaType, pretty }, turn);
					const whole = encode(answer(objects.slice(0, length)), { mediaType, pretty });
					assert.equal(contentType, whole.contentType);
					assert.equal((await bytesOf(body)).toString('latin1'), (await bytesOf(whole.body)).toString('latin1'));
					assert.ok(Math.max(...counts) <= ITEMS_PER_TURN, `${counts}`);
				}
			});
		}
	}

	it('is encoded in small parts when its items are large, and in YAML as JSON when one has many values', async () => {
		const large = (count: number, values: number): KubeObject[] =>
			Array.from({ length: count }, (_, index) => {
				const data = Object.fromEntries(Array.from({ length: values }, (_, key) => [`key-${key}`, 'v\x7f']));
				return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: `object-${index}` }, data } as KubeObject;
			});
		for (const [mediaType, values, expectedTurns] of [
			[mediaTypes.json, 4000, 3],
			// Two to find that no item has many values, and two to encode.
			[mediaTypes.yaml, 1500, 4],
			[mediaTypes.yaml, 4000, 3],
		] as const) {
			const items = large(3, values);
			let turns = 0;
			const source: PartedList = { items, part: (from, to) => typed(items.slice(from, to)) };
			const { contentType, body } = await encodeList(source, { mediaType, pretty: false }, async () => turns++);
			assert.deepEqual(parse((await bytesOf(body)).toString()), JSON.parse(JSON.stringify(typed(items))));
			assert.deepEqual([contentType, turns], [mediaType, expectedTurns]);
			const one = encodeObject(items[0] ?? {}, { mediaType, pretty: false }).body.toString();
			assert.equal(one.startsWith('{'), mediaType === mediaTypes.json || values === 4000);
			assert.deepEqual(parse(one), items[0]);
		}
	});

	it('is refused in protobuf if it has no such form', async () => {
		const { source } = parted(forms.Table, objects.length);
		await assert.rejects(encodeList(source, { mediaType: mediaTypes.protobuf, pretty: false }), {
			code: 'API_NOT_ACCEPTABLE',
		});
	});
});
