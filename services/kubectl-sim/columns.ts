/** The columns of `kubectl get`: those that the API server sends, as `kubectl` prints them. */
import { cellsOf, columnsOf } from '../../lib/kube/columns/table.ts';
import type { KubeObject } from '../../lib/kube/types.ts';

export interface Columns {
	readonly headers: readonly string[];
	/** @param nowMs  Unix time in milliseconds, for ages */
	readonly cellsOf: (object: KubeObject, nowMs: number) => string[];
}

export interface ColumnOptions {
	/** With `-o wide`. */
	readonly isWide: boolean;
	/** The first column with --all-namespaces. */
	readonly hasNamespace: boolean;
}

export function columnsOfKind(kind: string, { isWide, hasNamespace }: ColumnOptions): Columns {
	const shown = columnsOf(kind).map(({ priority }) => isWide || priority === 0);
	const inRow = <T>(ofNamespace: T, others: readonly T[]): T[] => [
		...(hasNamespace ? [ofNamespace] : []),
		...others.filter((_, index) => shown[index]),
	];
	const names = columnsOf(kind).map(({ name }) => name.toUpperCase());
	return {
		headers: inRow('NAMESPACE', names),
		cellsOf: (object, nowMs) => inRow(object.metadata.namespace ?? '', cellsOf(kind, object, nowMs).map(String)),
	};
}
