/**
 * The Lease that shows which API servers run. Each server renews its own, and removes those of servers that ended
 * without removing theirs.
 *
 * @source pkg/controlplane/apiserver/server.go; pkg/controlplane/controller/apiserverleasegc
 * @differs the Lease has no annotation kubernetes.io/peer-advertise-address: API servers send each other no requests
 */
import { createHash, randomUUID } from 'node:crypto';
import { type Clock, rfc3339, rfc3339Micro } from '../../lib/clock.ts';
import { ignoring } from '../../lib/errors.ts';
import { withUpdatedFields } from '../../lib/kube/managed-fields/field-manager.ts';
import { apiVersionOf, resources } from '../../lib/kube/resources.ts';
import { type Lease, wellKnown } from '../../lib/kube/types.ts';
import { errorFields, type Log } from '../../lib/log.ts';
import { pauseFor } from '../../lib/poll.ts';
import type { Store, StoredItem } from '../../lib/store/store.ts';
import { storeKey, storePrefix } from './registry.ts';

const LEASE_SECONDS = 3_600;
const RENEW_MS = 10_000;
const CLEAN_MS = 3_600_000;
/** A store that is unavailable does not delay the stop for longer. */
const REMOVE_MS = 1_000;
const identityLabel = 'apiserver.kubernetes.io/identity';

export interface IdentityLeaseOptions {
	readonly store: Store;
	/** Servers on one machine share a Lease, as upstream. */
	readonly hostName: string;
	readonly clock: Clock;
}

const base32 = 'abcdefghijklmnopqrstuvwxyz234567';

/** @source apiserver/pkg/server/config.go NewConfig: a digest of both names, each after its length in two bytes */
export function identityOf(hostName: string): string {
	const hash = createHash('sha256');
	for (const name of [hostName, 'kube-apiserver']) {
		const length = Buffer.alloc(2);
		length.writeUInt16BE(Buffer.byteLength(name));
		hash.update(length).update(name);
	}
	const digest = hash.digest().subarray(0, 16);
	const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('');
	const letters = (bits.match(/.{1,5}/g) ?? []).map((five) => base32[Number.parseInt(five.padEnd(5, '0'), 2)]);
	return `apiserver-${letters.join('')}`;
}

export class IdentityLease {
	readonly #options: IdentityLeaseOptions;
	readonly #name: string;
	readonly #key: string;
	readonly #holder: string;

	constructor(options: IdentityLeaseOptions) {
		this.#options = options;
		this.#name = identityOf(options.hostName);
		this.#key = storeKey(resources.leases, wellKnown.kubeSystem, this.#name);
		this.#holder = `${this.#name}_${randomUUID()}`;
	}

	/** @throws STORE_UNAVAILABLE, STORE_CONFLICT, STORE_KEY_EXISTS, STORE_KEY_MISSING */
	async renew(): Promise<void> {
		const { store } = this.#options;
		const found = await store.get<Lease>(this.#key);
		const renewed = this.#renewed(found?.value);
		await (found === undefined ? store.create(this.#key, renewed) : store.update(this.#key, renewed, found.revision));
	}

	/** Of this server; another server on this machine creates it again. @throws STORE_UNAVAILABLE */
	async remove(): Promise<void> {
		await this.#delete({ key: this.#key });
	}

	/** Removes the Leases of servers that no longer renew them. @throws STORE_UNAVAILABLE */
	async clean(): Promise<void> {
		const { store, clock } = this.#options;
		for await (const { items } of store.pages<Lease>(storePrefix(resources.leases, wellKnown.kubeSystem)))
			for (const item of items) if (isExpired(item.value, clock())) await this.#delete(item);
	}

	async #delete({ key, revision }: Pick<StoredItem, 'key'> & Partial<StoredItem>): Promise<void> {
		await this.#options.store.delete(key, revision).catch(ignoring('STORE_KEY_MISSING', 'STORE_CONFLICT'));
	}

	#renewed(found: Lease | undefined): Lease {
		const { hostName, clock } = this.#options;
		const now = rfc3339(clock());
		const labels = { [identityLabel]: 'kube-apiserver', 'kubernetes.io/hostname': hostName };
		const metadata = found?.metadata ?? {
			name: this.#name,
			namespace: wellKnown.kubeSystem,
			uid: randomUUID(),
			creationTimestamp: now,
		};
		const lease: Lease = {
			...{ apiVersion: apiVersionOf(resources.leases), kind: resources.leases.kind },
			metadata: { ...metadata, labels: { ...metadata.labels, ...labels } },
			spec: {
				...found?.spec,
				holderIdentity: this.#holder,
				leaseDurationSeconds: LEASE_SECONDS,
				renewTime: rfc3339Micro(clock()),
			},
		};
		return withUpdatedFields(found, lease, { kind: lease, subresource: '', manager: 'kube-apiserver', now });
	}
}

/** A Lease without a time or a duration is not one that a server renews. */
function isExpired({ metadata, spec }: Lease, nowMs: number): boolean {
	if (metadata.labels?.[identityLabel] !== 'kube-apiserver') return false;
	const { renewTime, leaseDurationSeconds } = spec ?? {};
	if (renewTime === undefined || leaseDurationSeconds === undefined) return true;
	return Date.parse(renewTime) + leaseDurationSeconds * 1_000 < nowMs;
}

/** Renews the Lease until the signal aborts, and removes it then. A Lease of an earlier start is replaced. */
export async function keepIdentityLease(options: IdentityLeaseOptions, signal: AbortSignal, log: Log): Promise<void> {
	const lease = new IdentityLease(options);
	const tried = (work: Promise<void>) =>
		work.catch((error: unknown) => {
			if (!signal.aborted) log.warn(errorFields(error), 'could not renew the Lease of this server; trying again');
		});
	const cleaning = (async () => {
		while (!signal.aborted) {
			await tried(lease.clean());
			await pauseFor(CLEAN_MS, signal);
		}
	})();
	await tried(lease.remove());
	while (!signal.aborted) {
		await tried(lease.renew());
		await pauseFor(RENEW_MS, signal);
	}
	await cleaning;
	const removed = new AbortController();
	await Promise.race([tried(lease.remove()), pauseFor(REMOVE_MS, removed.signal)]);
	removed.abort();
}
