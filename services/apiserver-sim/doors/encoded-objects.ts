/**
 * The JSON of objects that several answers contain. Readers share the objects of the cache, so that an object is
 * encoded once, and not once for each answer.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { writeJson } from '../../../lib/codec/write-json.ts';
import { encodeJson } from '../../../lib/kube/codec/json.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';

const MAX_CHARACTERS = 32 * 1024 * 1024;
/** A part is encoded and written before other work runs. */
const PART_CHARACTERS = 128 * 1024;

interface ListHead {
	readonly kind: string;
	readonly apiVersion: string;
	readonly metadata: object;
}

export class EncodedObjects {
	readonly #texts = new LRUCache<object, string>({ maxSize: MAX_CHARACTERS, sizeCalculation: ({ length }) => length });

	/** As `encodeJson`. The object must not change afterwards. */
	object(object: object): string {
		const known = this.#texts.get(object);
		if (known !== undefined) return known;
		const text = encodeJson(object);
		this.#texts.set(object, text);
		return text;
	}

	/** The parts of the list with its items, which do not repeat their kind; other work runs in between. */
	async *list(head: ListHead, items: readonly KubeObject[]): AsyncGenerator<Uint8Array> {
		const isOfHead = ({ kind, apiVersion }: KubeObject) =>
			`${kind}List` === head.kind && apiVersion === head.apiVersion;
		if (!items.every(isOfHead)) {
			yield Buffer.from(encodeJson({ ...head, items: items.map(withoutType) }));
			return;
		}
		const empty = encodeJson({ ...head, items: [] });
		let text = empty.slice(0, empty.lastIndexOf(END));
		let separator = '';
		for (const item of items) {
			text += separator + this.#item(item);
			separator = ',';
			if (text.length < PART_CHARACTERS) continue;
			yield Buffer.from(text);
			text = '';
			await turn();
		}
		yield Buffer.from(text + END);
	}

	#item(item: KubeObject): string {
		const { kind, apiVersion } = item;
		const type = `{"kind":${JSON.stringify(kind)},"apiVersion":${JSON.stringify(apiVersion)},`;
		const text = this.object(item);
		return text.startsWith(type) ? `{${text.slice(type.length).trimEnd()}` : writeJson(withoutType(item));
	}
}

function withoutType({ kind: _kind, apiVersion: _version, ...item }: KubeObject): object {
	return item;
}

const END = ']}\n';
