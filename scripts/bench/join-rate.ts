/** How fast nodes join: whether the last ones take longer than the first. */

interface Look {
	readonly atMs: number;
	readonly joined: number;
}

export class JoinRate {
	/** By time. Between two looks, the nodes join evenly. */
	readonly #looks: Look[];

	constructor(startedMs: number) {
		this.#looks = [{ atMs: startedMs, joined: 0 }];
	}

	get joined(): number {
		return this.#looks.at(-1)?.joined ?? 0;
	}

	seen(joined: number, atMs: number): void {
		if (joined > this.joined) this.#looks.push({ atMs, joined });
	}

	/** A second, while the nodes after `from` joined, up to the node `to`. */
	perSecond(from: number, to: number): number {
		return ((to - from) * 1_000) / (this.#msOf(to) - this.#msOf(from));
	}

	/** When this number of nodes had joined. */
	#msOf(wanted: number): number {
		const at = Math.max(
			this.#looks.findIndex(({ joined }) => joined >= wanted),
			1,
		);
		const [before, after] = [this.#looks[at - 1], this.#looks[at]];
		if (before === undefined || after === undefined) return Number.NaN;
		const part = (wanted - before.joined) / (after.joined - before.joined);
		return before.atMs + part * (after.atMs - before.atMs);
	}
}
