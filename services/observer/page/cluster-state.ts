/** The cluster as the page knows it, from the changes of a stream. */
import type { Cluster, ClusterChange, ClusterKind, RowChanges } from '../api.ts';

type Row = { readonly name: string };

export const emptyCluster: Cluster = {
	atMs: 0,
	nodes: [],
	requests: [],
	leases: [],
	tokens: [],
	events: [],
	services: [],
};

export function changedCluster(before: Cluster, { rows, ...parts }: ClusterChange): Cluster {
	const now = { ...before, problem: undefined, ...parts };
	const lists: Record<string, readonly Row[] | undefined> = now as never;
	for (const kind in rows) {
		const { set, removedNames } = rows[kind as ClusterKind] as RowChanges<Row>;
		const replaced = new Set(removedNames.concat(set.map(({ name }) => name)));
		const kept = lists[kind]?.filter(({ name }) => !replaced.has(name)) ?? [];
		lists[kind] = kept.concat(set).sort((a, b) => (a.name < b.name ? -1 : 1));
	}
	return now;
}
