/**
 * The difference of two states of the cluster, by the identity of their rows: a row that did not change is the same
 * object. A stream sends differences, because each second a tenth of all nodes sends a heartbeat.
 */
import type { Cluster, ClusterChange, ClusterKind, RowChanges } from './api.ts';

type Row = { readonly name: string };

const kinds = ['nodes', 'requests', 'leases'] as const satisfies readonly ClusterKind[];
const smallParts = ['tokens', 'events', 'services'] as const;
/** Of some hundred bytes each; a reader that leaves 1 MiB unread is disconnected. */
const PIECE_ROWS = 500;

/**
 * @param before  absent: the reader knows nothing
 * @returns undefined if nothing changed
 */
export function changeOf(before: Cluster | undefined, now: Cluster): ClusterChange | undefined {
	const rows = Object.fromEntries(
		kinds.flatMap((kind) => {
			const changes = rowChanges<Row>(before?.[kind] ?? [], now[kind]);
			return changes === undefined ? [] : [[kind, changes]];
		}),
	);
	const parts = smallParts.filter((part) => before === undefined || !isSame(before[part], now[part]));
	const { atMs, problem } = now;
	if (before?.problem === problem && parts.length === 0 && Object.keys(rows).length === 0) return undefined;
	return {
		...{ atMs, rows },
		...(problem === undefined ? {} : { problem }),
		...Object.fromEntries(parts.map((part) => [part, now[part]])),
	};
}

/** Lists of which a read can make the same rows again. */
const isSame = (one: readonly object[], other: readonly object[]): boolean =>
	one === other || JSON.stringify(one) === JSON.stringify(other);

function rowChanges<R extends Row>(before: readonly R[], now: readonly R[]): RowChanges<R> | undefined {
	if (before === now) return undefined;
	const [known, present] = [new Set(before), new Set(now)];
	const set = now.filter((row) => !known.has(row));
	const changed = new Set(set.map(({ name }) => name));
	const removedNames = before.filter((row) => !present.has(row) && !changed.has(row.name)).map(({ name }) => name);
	return set.length === 0 && removedNames.length === 0 ? undefined : { set, removedNames };
}

/** The change in events of a bounded size: a reader would disconnect while it receives ten thousand rows at once. */
export function* piecesOf(change: ClusterChange): Generator<ClusterChange> {
	const { rows, atMs, problem } = change;
	const count = kinds.reduce(
		(sum, kind) => sum + (rows[kind]?.set.length ?? 0) + (rows[kind]?.removedNames.length ?? 0),
		0,
	);
	if (count <= PIECE_ROWS) {
		yield change;
		return;
	}
	for (const kind of kinds) {
		const { set = [], removedNames = [] } = rows[kind] ?? {};
		for (let at = 0; at < Math.max(set.length, removedNames.length); at += PIECE_ROWS) {
			const [piece, names] = [set.slice(at, at + PIECE_ROWS), removedNames.slice(at, at + PIECE_ROWS)];
			yield {
				atMs,
				...(problem === undefined ? {} : { problem }),
				rows: { [kind]: { set: piece, removedNames: names } },
			};
		}
	}
	yield { ...change, rows: {} };
}
