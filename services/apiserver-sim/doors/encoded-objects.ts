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
/** So much is encoded before other work runs. */
const CHARACTERS_PER_TURN = 128 * 1024;

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

	/** The list with its items, which do not repeat their kind; other work runs in between. */
	async list(head: ListHead, items: readonly KubeObject[]): Promise<string> {
		const isOfHead = ({ kind, apiVersion }: KubeObject) =>
			`${kind}List` === head.kind && apiVersion === head.apiVersion;
		if (!items.every(isOfHead)) return encodeJson({ ...head, items: items.map(withoutType) });
		const texts: string[] = [];
		let characters = 0;
		for (const item of items) {
			const text = this.#item(item);
			texts.push(text);
			characters += text.length;
			if (characters < CHARACTERS_PER_TURN) continue;
			characters = 0;
			await turn();
		}
		const empty = encodeJson({ ...head, items: [] });
		return `${empty.slice(0, empty.lastIndexOf(END))}${texts.join(',')}${END}`;
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
