/** `kubectl get`: prints objects, and their changes with --watch. */
import type { Clock } from '../../lib/clock.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import { withoutManagedFields } from '../../lib/kube/managed-fields/without.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { printableCell } from '../../lib/text.ts';
import { columnsOfKind } from './columns.ts';
import { invalidCommand, throwAll } from './command-errors.ts';
import { type KindClient, kindNamed } from './kinds.ts';
import type { Output } from './output.ts';
import { type ObjectFormat, printKubeObject, qualifiedName } from './print-object.ts';
import { alignTabs, tableTabs } from './tabwriter.ts';

export interface GetRequest {
	/** As typed: `nodes`, `csr`. */
	readonly type: string;
	/** Without names, all objects are listed. */
	readonly names: readonly string[];
	/** The namespace of namespaced objects; undefined: all namespaces. */
	readonly namespace: string | undefined;
	readonly format: 'wide' | ObjectFormat | undefined;
	readonly noHeaders: boolean;
	readonly showManagedFields?: boolean;
	readonly watch: boolean;
}
interface Tools {
	readonly api: ApiClient;
	readonly output: Output;
	readonly clock: Clock;
	readonly signal: AbortSignal;
}
type Print = (objects: readonly KubeObject[]) => Promise<void>;

/**
 * @throws COMMAND_INVALID  unknown type; errors of the API, several together
 * @source kubectl pkg/cmd/get
 * @differs one type at a time
 */
export async function get(request: GetRequest, tools: Tools): Promise<void> {
	const { type, names, format, watch, namespace, showManagedFields = false } = request;
	const { resource, client: clientOf } = kindNamed(type, 'get');
	const client = clientOf(tools.api);
	if (namespace === undefined && names.length > 0)
		throw invalidCommand('a resource cannot be retrieved by name across all namespaces', 'get');
	const where = resource.namespaced ? (namespace ?? '') : '';
	const shown = { kind: resource.kind, hasNamespace: resource.namespaced && namespace === undefined };
	if (watch) return await showChanges(client, where, printerFor(shown, request, tools), request, tools);
	const { found, errors, isList } = await find(client, where, names);
	if (format === 'json' || format === 'yaml') {
		const objects = showManagedFields ? found : found.map(withoutManagedFields);
		const whole = isList
			? { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: objects }
			: objects[0];
		if (whole !== undefined) tools.output.out(await printKubeObject(whole, format));
	} else if (found.length > 0) {
		await printerFor(shown, request, tools)(found);
	} else if (errors.length === 0 && format !== 'name') {
		tools.output.err(where === '' ? 'No resources found\n' : `No resources found in ${where} namespace.\n`);
	}
	throwAll(errors);
}

const inNamespace = (namespace: string) => (namespace === '' ? {} : { namespace });

async function find(client: KindClient, namespace: string, names: readonly string[]) {
	if (names.length === 0) return { found: (await client.list(inNamespace(namespace))).items, errors: [], isList: true };
	const found: KubeObject[] = [];
	const errors: unknown[] = [];
	for (const name of names) {
		try {
			found.push(await client.get(name, namespace));
		} catch (error) {
			errors.push(error);
		}
	}
	return { found, errors, isList: names.length > 1 };
}

/**
 * Prints the current objects, then every change. The watch of one name starts with the current object, which is
 * skipped.
 */
async function showChanges(
	client: KindClient,
	namespace: string,
	print: Print,
	{ type, names }: GetRequest,
	{ signal }: Tools,
): Promise<void> {
	const [name, ...more] = names;
	if (more.length > 0)
		throw invalidCommand(
			'watch is only supported on individual resources and resource collections - more than 1 resource was found',
			'get',
		);
	if (client.watch === undefined) throw invalidCommand(`${type} cannot be watched`, 'get');
	const list = name === undefined ? await client.list(inNamespace(namespace)) : undefined;
	const present = list?.items ?? [await client.get(name ?? '', namespace)];
	if (present.length > 0) await print(present);
	const from =
		list === undefined
			? { fieldSelector: `metadata.name=${name}` }
			: { resourceVersion: list.metadata.resourceVersion };
	let isRepeated = list === undefined;
	for await (const { object } of client.watch({ ...inNamespace(namespace), ...from }, signal)) {
		if (!isRepeated) await print([object]);
		isRepeated = false;
	}
}

/** Prints rows with the same columns in each call, and the header in the first. */
function printerFor(
	{ kind, hasNamespace }: { readonly kind: string; readonly hasNamespace: boolean },
	{ format, noHeaders, showManagedFields = false }: GetRequest,
	{ output, clock }: Tools,
): Print {
	if (format === 'name')
		return async (objects) => output.out(objects.map((object) => `${qualifiedName(object)}\n`).join(''));
	if (format === 'json' || format === 'yaml') return printDocuments(format, showManagedFields, output);
	const { headers, cellsOf } = columnsOfKind(kind, { isWide: format === 'wide', hasNamespace });
	const widths: number[] = [];
	let header = noHeaders ? [] : [headers];
	return async (objects) => {
		const rows = [...header, ...objects.map((object) => cellsOf(object, clock()).map(printableCell))];
		header = [];
		output.out(alignTabs(rows.map((cells) => `${cells.join('\t')}\n`).join(''), tableTabs, widths));
	};
}

/** @source cli-runtime pkg/printers OmitManagedFieldsPrinter */
function printDocuments(format: 'json' | 'yaml', showManagedFields: boolean, output: Output): Print {
	let separator = '';
	return async (objects) => {
		for (const object of objects) {
			const shown = showManagedFields ? object : withoutManagedFields(object);
			output.out(separator + (await printKubeObject(shown, format)));
			separator = format === 'yaml' ? '---\n' : '';
		}
	};
}
