/** Runs work so many times, several at once. */
export async function repeat(times: number, atOnce: number, work: (index: number) => Promise<unknown>): Promise<void> {
	let next = 0;
	const inTurn = async () => {
		while (next < times) await work(next++);
	};
	await Promise.all(Array.from({ length: atOnce }, inTurn));
}
