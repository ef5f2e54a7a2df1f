/** Work that waits for its turn: at most so many at once, first come first served. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

export function atMost(max: number): InTurn {
	let running = 0;
	const waiting: (() => void)[] = [];
	return async (work) => {
		if (running >= max) await new Promise<void>((resolve) => waiting.push(resolve));
		else running++;
		try {
			return await work();
		} finally {
			const next = waiting.shift();
			if (next === undefined) running--;
			else next();
		}
	};
}
