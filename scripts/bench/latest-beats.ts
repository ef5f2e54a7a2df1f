/** How much later than planned heartbeats came, from each renewal of a Lease. */

/** A node renews its Lease 10 s after the last renewal, plus up to 4 %. */
const PLANNED_MS = 10_400;

export class LatestBeats {
	/** By node, milliseconds since the epoch. */
	readonly #renewedMs = new Map<string, number>();
	#latestMs = 0;
	/** The renewals that were seen. */
	count = 0;

	/** @param renewTime  as in the Lease */
	seen(node: string, renewTime: string): void {
		const renewedMs = Date.parse(renewTime);
		const beforeMs = this.#renewedMs.get(node);
		if (renewedMs === beforeMs || Number.isNaN(renewedMs)) return;
		this.#renewedMs.set(node, renewedMs);
		if (beforeMs === undefined) return;
		this.count++;
		this.#latestMs = Math.max(this.#latestMs, renewedMs - beforeMs - PLANNED_MS);
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
