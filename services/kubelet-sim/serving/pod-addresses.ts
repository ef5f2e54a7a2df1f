/** Addresses of the simulated pods of a node. No packet reaches them. */
import { createHash } from 'node:crypto';

/**
 * 10.128.0.0/9 has 32,768 networks of 254 addresses. The name of the node selects one, so that two nodes rarely share
 * an address.
 */
export class PodAddresses {
	readonly #network: string;
	readonly #used = new Map<string, string>();

	constructor(nodeName: string) {
		const [first = 0, second = 0] = createHash('sha256').update(nodeName).digest();
		this.#network = `10.${128 + (first % 128)}.${second}`;
	}

	/** @param known  the address that the pod has already */
	of(podUid: string, known?: string): string {
		const held = this.#used.get(podUid);
		if (held !== undefined) return held;
		const taken = new Set(this.#used.values());
		const isOwn = known?.startsWith(`${this.#network}.`) === true && !taken.has(known);
		const address = isOwn ? known : this.#free(taken);
		this.#used.set(podUid, address);
		return address;
	}

	release(podUid: string): void {
		this.#used.delete(podUid);
	}

	#free(taken: ReadonlySet<string>): string {
		for (let last = 1; last <= 254; last++) {
			const address = `${this.#network}.${last}`;
			if (!taken.has(address)) return address;
		}
		throw new RangeError('a node has at most 110 pods');
	}
}
