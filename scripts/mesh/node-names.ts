/** Names of the nodes of `npm start`. */

export const nodeName = (index: number): string => `node-${index + 1}`;

/** The next indexes whose names are not taken. @param from  the first index to consider */
export function freeNodeIndexes(taken: ReadonlySet<string>, from: number, count: number): readonly number[] {
	const free: number[] = [];
	for (let index = from; free.length < count; index++) if (!taken.has(nodeName(index))) free.push(index);
	return free;
}
