/** `kubectl get`: nodes and certificate requests as a table, as objects or by name, and as they change. */
import type { Clock } from '../../lib/clock.ts';
import type { ApiClient, ResourceClient } from '../../lib/kube/client.ts';
import { resources } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { type Column, csrColumns, nodeColumns } from './columns.ts';
import { invalidCommand, throwAll, unknownType } from './command-errors.ts';
import type { Output } from './output.ts';
import { type ObjectFormat, printKubeObject, qualifiedName } from './print-object.ts';
import { findResource, parseResourceArgument } from './resource-types.ts';
import { alignTabs, tableTabs } from './tabwriter.ts';

export interface GetRequest {
	/** As typed: `nodes`, `csr`. */
	readonly type: string;
	/** None for all. */
	readonly names: readonly string[];
	readonly format: 'wide' | ObjectFormat | undefined;
	readonly noHeaders: boolean;
	readonly watch: boolean;
}
interface Tools {
	readonly api: Pick<ApiClient, 'nodes' | 'certificateSigningRequests'>;
	readonly output: Output;
	readonly clock: Clock;
	/** Ends a watch. */
	readonly signal: AbortSignal;
}
type Readable<T extends KubeObject> = Pick<ResourceClient<T>, 'get' | 'list' | 'watch'>;
type Print<T> = (objects: readonly T[]) => Promise<void>;

/**
 * @throws COMMAND_INVALID  no such type; the API's refusals, together when there are several
 * @source kubectl pkg/cmd/get
 * @differs only nodes and certificate requests are shown, one type at a time
 */
export async function get(request: GetRequest, tools: Tools): Promise<void> {
	const resource = findResource(parseResourceArgument(request.type));
	if (resource === resources.nodes) return await show(tools.api.nodes, nodeColumns, request, tools);
	if (resource === resources.certificateSigningRequests) return await show(tools.api.certificateSigningRequests, csrColumns, request, tools);
	throw unknownType(request.type, 'get');
}

async function show<T extends KubeObject>(client: Readable<T>, columns: readonly Column<T>[], request: GetRequest, tools: Tools): Promise<void> {
	const { names, format, watch } = request;
	if (watch) return await showChanges(client, printerFor(columns, request, tools), request, tools);
	const { found, errors, isList } = await find(client, names);
	if (format === 'json' || format === 'yaml') {
		const whole = isList ? { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: found } : found[0];
		if (whole !== undefined) tools.output.out(await printKubeObject(whole, format));
	} else if (found.length > 0) {
		await printerFor(columns, request, tools)(found);
	} else if (errors.length === 0 && format !== 'name') {
		tools.output.err('No resources found\n');
	}
	throwAll(errors);
}

async function find<T extends KubeObject>(client: Readable<T>, names: readonly string[]) {
	if (names.length === 0) return { found: (await client.list()).items, errors: [], isList: true };
	const found: T[] = [];
	const errors: unknown[] = [];
	for (const name of names) {
		try {
			found.push(await client.get(name));
		} catch (error) {
			errors.push(error);
		}
	}
	return { found, errors, isList: names.length > 1 };
}

/** The present first, then every change; an object that is named is sent once more by the watch, which is passed over. */
async function showChanges<T extends KubeObject>(client: Readable<T>, print: Print<T>, { names }: GetRequest, { signal }: Tools): Promise<void> {
	const [name, ...more] = names;
	if (more.length > 0) throw invalidCommand('watch is only supported on individual resources and resource collections - more than 1 resource was found', 'get');
	const list = name === undefined ? await client.list() : undefined;
	const present = list?.items ?? [await client.get(name ?? '')];
	if (present.length > 0) await print(present);
	const from = list === undefined ? { fieldSelector: `metadata.name=${name}` } : { resourceVersion: list.metadata.resourceVersion };
	let isRepeated = list === undefined;
	for await (const { object } of client.watch(from, signal)) {
		if (!isRepeated) await print([object]);
		isRepeated = false;
	}
}

/** Prints rows under each other, however often it is called; the header only once. */
function printerFor<T extends KubeObject>(all: readonly Column<T>[], { format, noHeaders }: GetRequest, { output, clock }: Tools): Print<T> {
	if (format === 'name') return async (objects) => output.out(objects.map((object) => `${qualifiedName(object)}\n`).join(''));
	if (format === 'json' || format === 'yaml') return printDocuments(format, output);
	const columns = all.filter(({ isWide }) => format === 'wide' || !isWide);
	const widths: number[] = [];
	let header = noHeaders ? [] : [columns.map((column) => column.header)];
	return async (objects) => {
		const rows = [...header, ...objects.map((object) => columns.map(({ cell }) => cell(object, clock())))];
		header = [];
		output.out(alignTabs(rows.map((cells) => `${cells.join('\t')}\n`).join(''), tableTabs, widths));
	};
}

function printDocuments<T extends KubeObject>(format: 'json' | 'yaml', output: Output): Print<T> {
	let separator = '';
	return async (objects) => {
		for (const object of objects) {
			output.out(separator + (await printKubeObject(object, format)));
			separator = format === 'yaml' ? '---\n' : '';
		}
	};
}
