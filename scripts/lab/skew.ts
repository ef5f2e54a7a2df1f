/** What a wrong clock does: one join for each service and offset, and what became of it, as a table. */
import type { Place } from './place.ts';

export interface Skew {
	readonly service: string;
	/** `+600s` */
	readonly offset: string;
	/** As the first line of `nodeText`, without the node's name. */
	readonly outcome: string;
}

const FILE = 'skew.json';

export async function recordSkew(place: Place, skew: Skew): Promise<void> {
	const before = (await place.read<readonly Skew[]>(FILE)) ?? [];
	await place.write(FILE, [...before.filter(({ service, offset }) => service !== skew.service || offset !== skew.offset), skew]);
}

/** A line for each service and offset: `ca-service +600s: joined`. */
export async function skewText(place: Place): Promise<string> {
	const all = (await place.read<readonly Skew[]>(FILE)) ?? [];
	return all.map(({ service, offset, outcome }) => `${service} ${offset}: ${outcome}`).join('\n');
}
