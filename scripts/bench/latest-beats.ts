/** How much later than planned heartbeats came, by the times at which a watch of the Leases showed them. */

/** A node renews its Lease 10 s after the last renewal, plus up to 4 %. */
const PLANNED_MS = 10_400;

interface Renewal {
	readonly renewTime: string;
	readonly seenMs: number;
}

export class LatestBeats {
	readonly #lastOf = new Map<string, Renewal>();
	#latestMs = 0;
	/** The renewals that were seen. */
	count = 0;

	/** @param nowMs  of a clock that is never set */
	seen(node: string, renewTime: string, nowMs: number): void {
		const last = this.#lastOf.get(node);
		if (renewTime === '' || renewTime === last?.renewTime) return;
		this.#lastOf.set(node, { renewTime, seenMs: nowMs });
		if (last === undefined) return;
		this.count++;
		this.#latestMs = Math.max(this.#latestMs, nowMs - last.seenMs - PLANNED_MS);
	}

	get latestMs(): number {
		return this.#latestMs;
	}

	/** The latest one since the last call. */
	takeLatestMs(): number {
		const latestMs = this.#latestMs;
		this.#latestMs = 0;
		return latestMs;
	}
}
