/**
 * A list, or one object, as the table that `kubectl get` prints.
 *
 * @source apiserver/pkg/registry/rest/table.go, pkg/printers/tablegenerator.go, release 1.37
 */
import { readFileSync } from 'node:fs';
import { projectPath } from '../../paths.ts';
import type { KubeObject, ObjectMeta } from '../types.ts';
import type { Cell, Cells } from './cell.ts';
import { cells } from './cells.ts';

export interface ColumnDefinition {
	readonly name: string;
	readonly type: string;
	readonly format: string;
	readonly description: string;
	/** Above 0 only with `-o wide`. */
	readonly priority: number;
}
interface RowCondition {
	readonly type: 'Completed';
	readonly status: 'True';
	readonly reason: string;
	readonly message: string;
}
export interface TableRow {
	readonly cells: Cell[];
	readonly conditions?: readonly RowCondition[] | undefined;
	readonly object: object;
}
export interface Table {
	readonly kind: 'Table';
	readonly apiVersion: 'meta.k8s.io/v1' | 'meta.k8s.io/v1beta1';
	readonly metadata: object;
	readonly columnDefinitions: readonly ColumnDefinition[] | undefined;
	readonly rows: readonly TableRow[];
}
/** How much of each object a row carries. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

const definitions = JSON.parse(readFileSync(projectPath('proto/openapi/columns.json'), 'utf8')) as Readonly<
	Record<string, readonly ColumnDefinition[]>
>;
const nameColumn = (definitions.ConfigMap ?? [])[0] as ColumnDefinition;
const ageColumn = (definitions.ConfigMap ?? []).at(-1) as ColumnDefinition;
/** Of a kind without columns of its own. */
const defaultColumns: readonly ColumnDefinition[] = [nameColumn, { ...ageColumn, name: 'Created At', type: 'date' }];
const defaultCells: Cells = ({ metadata }) => [metadata.name ?? '', metadata.creationTimestamp ?? ''];

export const columnsOf = (kind: string): readonly ColumnDefinition[] =>
	(Object.hasOwn(definitions, kind) ? definitions[kind] : undefined) ?? defaultColumns;

/** @param nowMs  Unix time in milliseconds, for ages */
export function cellsOf(kind: string, object: KubeObject, nowMs: number): Cell[] {
	// The kind of the resource decides, and an object of it has the shape that its cells read.
	const ofKind = Object.hasOwn(cells, kind) ? (cells as unknown as Readonly<Record<string, Cells>>)[kind] : undefined;
	return (ofKind ?? defaultCells)(object, nowMs);
}

export interface TableOptions {
	readonly kind: string;
	readonly objects: readonly KubeObject[];
	/** Of the answer, and of the metadata in its rows. */
	readonly version: 'v1' | 'v1beta1';
	/** Of the list: resourceVersion, continue, remainingItemCount; of one object: its resourceVersion. */
	readonly metadata: object;
	readonly include: IncludeObject;
	/** False for the later events of a watch, which repeat no definitions. */
	readonly hasColumns: boolean;
	/** Unix time in milliseconds. */
	readonly nowMs: number;
}

export function tableOf({ kind, version, objects, metadata, include, hasColumns, nowMs }: TableOptions): Table {
	const apiVersion = `meta.k8s.io/${version}` as const;
	return {
		kind: 'Table',
		apiVersion,
		metadata,
		columnDefinitions: hasColumns ? columnsOf(kind) : undefined,
		rows: objects.map((object) => ({
			cells: cellsOf(kind, object, nowMs),
			conditions: kind === 'Pod' ? podConditions(object) : undefined,
			object: included(object, include, apiVersion),
		})),
	};
}

/** @source pkg/printers/internalversion/printers.go podSuccessConditions, podFailedConditions */
function podConditions(pod: KubeObject & { readonly status?: { readonly phase?: string } }) {
	const message = {
		Succeeded: 'The pod has completed successfully.',
		Failed: 'The pod failed.',
	}[pod.status?.phase ?? ''];
	const reason = pod.status?.phase ?? '';
	return message === undefined ? undefined : [{ type: 'Completed', status: 'True', reason, message } as const];
}

function included(object: KubeObject, include: IncludeObject, apiVersion: string): object {
	if (include === 'Object') return object;
	// A row without an object holds null in upstream's JSON.
	if (include === 'None') return null as unknown as object;
	return { ...partialObjectMetadata(object), apiVersion };
}

export const partialObjectMetadata = ({ metadata }: { readonly metadata: ObjectMeta }): KubeObject => ({
	kind: 'PartialObjectMetadata',
	apiVersion: 'meta.k8s.io/v1',
	metadata,
});
