/** The objects of one resource in memory, in the order of the store. */
import type { KubeObject } from '../../../lib/kube/types.ts';

export interface CachedObject {
	readonly key: string;
	/** Shared by all readers, which never change it. */
	readonly object: KubeObject;
	readonly revision: number;
	/** About the length of its JSON text. */
	readonly bytes: number;
	/** About the bytes that it takes in memory. */
	readonly memory: number;
}

/** The order of UTF-8 bytes, in which the store lists keys. UTF-16 puts surrogates before U+E000. */
export function compareKeys(a: string, b: string): number {
	const length = Math.min(a.length, b.length);
	for (let at = 0; at < length; at++) {
		const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
		if (left !== right) return rank(left) - rank(right);
	}
	return a.length - b.length;
}
function rank(unit: number): number {
	if (unit < 0xd800) return unit;
	return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

export class CachedObjects {
	readonly #byKey = new Map<string, CachedObject>();
	readonly #keys: string[] = [];
	/** The sum of that of the objects. */
	memory = 0;

	get(key: string): CachedObject | undefined {
		return this.#byKey.get(key);
	}
	set(object: CachedObject): void {
		const { key } = object;
		const previous = this.#byKey.get(key);
		if (previous === undefined) this.#keys.splice(this.#indexOf(key), 0, key);
		this.#byKey.set(key, object);
		this.memory += object.memory - (previous?.memory ?? 0);
	}
	delete(key: string): void {
		const previous = this.#byKey.get(key);
		if (previous === undefined) return;
		this.#byKey.delete(key);
		this.#keys.splice(this.#indexOf(key), 1);
		this.memory -= previous.memory;
	}
	/** Those whose key starts with the prefix. */
	withPrefix(prefix: string): CachedObject[] {
		const found: CachedObject[] = [];
		for (let at = this.#indexOf(prefix); at < this.#keys.length; at++) {
			const key = this.#keys[at] ?? '';
			if (!key.startsWith(prefix)) break;
			const object = this.#byKey.get(key);
			if (object !== undefined) found.push(object);
		}
		return found;
	}
	/** The first index whose key is not before this one. */
	#indexOf(key: string): number {
		let [low, high] = [0, this.#keys.length];
		while (low < high) {
			const middle = (low + high) >>> 1;
			if (compareKeys(this.#keys[middle] ?? '', key) < 0) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}
