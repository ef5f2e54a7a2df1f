/** The joins, newest first. A change moves no other join: a thousand joins are never sorted again. */
import type { Join } from '../api.ts';

export class SortedJoins {
	readonly #byId = new Map<string, Join>();
	#sorted: Join[] = [];
	#hasChanged = false;

	get hasChanged(): boolean {
		return this.#hasChanged;
	}

	set(join: Join): void {
		const known = this.#byId.get(join.id);
		this.#byId.set(join.id, join);
		this.#hasChanged = true;
		if (known !== undefined) {
			const at = this.#placeOf(known);
			// The start of a join changes when an earlier span arrives.
			if (known.startedMs === join.startedMs) {
				this.#sorted[at] = join;
				return;
			}
			this.#sorted.splice(at, 1);
		}
		this.#sorted.splice(this.#placeOf(join), 0, join);
	}

	clear(): void {
		this.#byId.clear();
		this.#sorted = [];
		this.#hasChanged = true;
	}

	/** @returns a copy */
	take(): readonly Join[] {
		this.#hasChanged = false;
		return [...this.#sorted];
	}

	/** The index of the join, or the one at which it belongs. */
	#placeOf(join: Join): number {
		let low = 0;
		let high = this.#sorted.length;
		while (low < high) {
			const middle = (low + high) >> 1;
			const other = this.#sorted[middle];
			if (other !== undefined && isBefore(other, join)) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

/** Two joins can start in the same millisecond. */
const isBefore = (a: Join, b: Join): boolean =>
	a.startedMs > b.startedMs || (a.startedMs === b.startedMs && a.id < b.id);
