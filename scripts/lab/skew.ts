/** What a wrong clock does: one join for each service and offset, and what became of it, as a table. */
import type { Driver } from './driver.ts';
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
	await place.write(FILE, [
		...before.filter(({ service, offset }) => service !== skew.service || offset !== skew.offset),
		skew,
	]);
}

export async function recordHalfJoined(place: Place, what: string): Promise<void> {
	await place.write(HALF_JOINED, [...((await place.read<readonly string[]>(HALF_JOINED)) ?? []), what]);
}

/** A line for each service and offset: `ca-service +600s: joined`. */
export async function skewText(place: Place): Promise<string> {
	const all = (await place.read<readonly Skew[]>(FILE)) ?? [];
	return all.map(({ service, offset, outcome }) => `${service} ${offset}: ${outcome}`).join('\n');
}

/**
 * A join while the clock of one service, or of the node, is wrong; what became of it is recorded where the nodes are.
 *
 * @param service  or `kubelet-sim`
 * @param offset   `+600s`
 * @returns `ca-service +600s: joined`
 */
export async function skew(
	driver: Driver,
	service: string,
	offset: string,
	{ token }: { token: string },
): Promise<string> {
	const node = `skew-${service}${offset.replace('+', '-plus-')}`;
	const isNode = service === 'kubelet-sim';
	if (!isNode) await driver.change(service, { clock: offset });
	const joined = await driver.inside([
		'join',
		node,
		'--token',
		token,
		'--discovery',
		'4s',
		'--bootstrap',
		'6s',
		...(isNode ? ['--clock', offset] : []),
	]);
	const outcome = /^[^:]+: (.*)$/m.exec(joined.stdout)?.[1] ?? joined.stderr;
	const problem = /^.*(?:x509|tls): .*$/m.exec(joined.stdout)?.[0]?.replace(/^.*?((?:x509|tls): .*)$/, '$1') ?? '';
	await driver.inside([
		'record-skew',
		'--',
		service,
		offset,
		problem === '' || outcome === 'joined' ? outcome : `${outcome}: ${problem}`,
	]);
	if (!isNode) await driver.restore();
	if (outcome !== 'joined') {
		const judged = await driver.inside(['judge', 'security', '--diskless', node]);
		if (!judged.stdout.startsWith('security: held'))
			await driver.inside(['record-half-joined', '--', `${service} ${offset}: ${judged.stdout.trim()}`]);
	}
	await driver.inside(['remove', node]);
	return `${service} ${offset}: ${outcome}`;
}
