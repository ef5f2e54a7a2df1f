/** The cluster as the page knows it, from the changes of a stream. */
import type { Cluster, ClusterChange, ClusterKind, RowChanges } from '../api.ts';

export class ClusterState {
	readonly #rows = { nodes: new Rows(), requests: new Rows(), leases: new Rows() };
	#parts: Pick<Cluster, 'tokens' | 'events' | 'services'> = { tokens: [], events: [], services: [] };

	/** @returns undefined  the rest of the change follows */
	apply({ isFirst, isPart, rows, atMs, problem, ...parts }: ClusterChange): Cluster | undefined {
		if (isFirst) for (const kind of Object.values(this.#rows)) kind.clear();
		for (const [kind, changes] of Object.entries(rows)) this.#rows[kind as ClusterKind].change(changes);
		this.#parts = { ...this.#parts, ...parts };
		if (isPart) return undefined;
		const { nodes, requests, leases } = this.#rows;
		return {
			atMs,
			...(problem === undefined ? {} : { problem }),
			...this.#parts,
			nodes: nodes.list() as Cluster['nodes'],
			requests: requests.list() as Cluster['requests'],
			leases: leases.list() as Cluster['leases'],
		};
	}
}

type Row = { readonly name: string };

/** In the order of their names, which is found again only when names were added or removed. */
class Rows {
	readonly #byName = new Map<string, Row>();
	#names: string[] | undefined = [];
	#list: readonly Row[] | undefined;

	clear(): void {
		this.#byName.clear();
		this.#names = this.#list = undefined;
	}

	change({ set, removedNames }: RowChanges<Row>): void {
		for (const row of set) {
			if (!this.#byName.has(row.name)) this.#names = undefined;
			this.#byName.set(row.name, row);
		}
		for (const name of removedNames) if (this.#byName.delete(name)) this.#names = undefined;
		this.#list = undefined;
	}

	list(): readonly Row[] {
		this.#names ??= [...this.#byName.keys()].sort();
		this.#list ??= this.#names.flatMap((name) => this.#byName.get(name) ?? []);
		return this.#list;
	}
}
