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
/** Nodes that were refused and have an identity all the same. */
export const HALF_JOINED = 'half-joined.json';

export async function recordSkew(place: Place, skew: Skew): Promise<void> {
	const before = (await place.read<readonly Skew[]>(FILE)) ?? [];
	await place.write(FILE, [...before.filter(({ service, offset }) => service !== skew.service || offset !== skew.offset), skew]);
}

export async function recordHalfJoined(place: Place, what: string): Promise<void> {
	await place.write(HALF_JOINED, [...((await place.read<readonly string[]>(HALF_JOINED)) ?? []), what]);
}

/** A line for each service and offset: `ca-service +600s: joined`. */
export async function skewText(place: Place): Promise<string> {
	const all = (await place.read<readonly Skew[]>(FILE)) ?? [];
	return all.map(({ service, offset, outcome }) => `${service} ${offset}: ${outcome}`).join('\n');
}
