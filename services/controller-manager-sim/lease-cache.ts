/**
 * The Leases, as the check of all nodes lists them. The garbage collector uses the same lists: for a watch, each
 * heartbeat would be an event.
 */
import type { ApiClient } from '../../lib/kube/client.ts';
import { type Informer, keyOf } from '../../lib/kube/informer.ts';
import type { KubeObject, Lease } from '../../lib/kube/types.ts';
import { graphMetadata } from './garbage/garbage-collector.ts';

export class LeaseCache implements Pick<Informer<Lease>, 'get' | 'synced'> {
	readonly synced: Promise<void>;
	readonly #client: Pick<ApiClient['leases'], 'list'>;
	readonly #onChange: (key: string, previous: KubeObject | undefined) => void;
	#leases: ReadonlyMap<string, Lease> = new Map();
	#markSynced = (): void => undefined;

	/** @param onChange  called with the key of each Lease that is new, changed or deleted, and with the Lease before */
	constructor(client: Pick<ApiClient['leases'], 'list'>, onChange: (key: string, previous?: KubeObject) => void) {
		this.#client = client;
		this.#onChange = onChange;
		this.synced = new Promise((resolve) => {
			this.#markSynced = resolve;
		});
	}

	/** By `namespace/name`. */
	get(key: string): Lease | undefined {
		return this.#leases.get(key);
	}

	/** @throws the refusal of the API */
	async refresh(): Promise<void> {
		const { items } = await this.#client.list({ keep: neededParts });
		const before = this.#leases;
		this.#leases = new Map(items.map((lease) => [keyOf(lease), lease]));
		for (const [key, { metadata }] of this.#leases) {
			const previous = before.get(key);
			if (previous?.metadata.resourceVersion !== metadata.resourceVersion) this.#onChange(key, previous);
		}
		for (const [key, previous] of before) if (!this.#leases.has(key)) this.#onChange(key, previous);
		this.#markSynced();
	}
}

const neededParts = (lease: Lease): Lease => ({
	...graphMetadata(lease),
	spec: { renewTime: lease.spec?.renewTime ?? '' },
});
