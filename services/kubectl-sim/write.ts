/** `kubectl create`, `replace`, `delete` and `label`. The API server authorizes each change. */
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import type { ApiResource } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { printable, quoteInput } from '../../lib/text.ts';
import { invalidCommand, throwAll } from './command-errors.ts';
import { expandFilenames } from './filenames.ts';
import { type FileObject, readObjects, sourceName, withSource } from './files.ts';
import { type KindClient, kindNamed } from './kinds.ts';
import type { Output } from './output.ts';
import { qualifiedName } from './print-object.ts';

interface Tools {
	readonly api: ApiClient;
	readonly output: Output;
	/** For namespaced objects without a namespace. */
	readonly namespace: string;
}
interface FileTools extends Tools {
	readonly readStdin: () => Promise<Buffer>;
	/** The option of the command line, which no object may contradict. */
	readonly requiredNamespace?: string | undefined;
	/** Reads directories in the directories of the command line too. */
	readonly recursive?: boolean | undefined;
}

/**
 * Create or replace each object of the files, also after one was refused.
 *
 * @throws COMMAND_INVALID  unusable file; errors of the API, several together
 * @source kubectl pkg/cmd/create, pkg/cmd/replace, which sends the object also when reading it failed
 * @differs kubectl writes the objects of a file before it reads the next one
 */
export async function writeFiles(
	verb: 'create' | 'replace',
	paths: readonly string[],
	{ api, output, namespace, readStdin, requiredNamespace, recursive = false }: FileTools,
): Promise<void> {
	const files: { readonly path: string; readonly objects: readonly FileObject[] }[] = [];
	for (const path of expandFilenames(paths, verb, recursive))
		files.push({ path, objects: await readObjects(path, verb, readStdin) });
	const errors: unknown[] = [];
	for (const { path, kind, object } of files.flatMap(({ path, objects }) => objects.map((one) => ({ path, ...one })))) {
		const own = object.metadata.namespace ?? namespace;
		const where = kind.resource.namespaced ? { namespace: own } : {};
		if (kind.resource.namespaced && own !== (requiredNamespace ?? own)) {
			errors.push(otherNamespace(own, requiredNamespace ?? ''));
			continue;
		}
		const sent = { ...object, metadata: { ...object.metadata, ...where } };
		const client = kind.client(api);
		try {
			const written = verb === 'create' ? await client.create(sent) : await replace(client, sent, kind.resource);
			output.out(`${qualifiedName(written)} ${verb}d\n`);
		} catch (error) {
			errors.push(withSource(error, verb === 'create' ? 'creating' : 'replacing', sourceName(path)));
		}
	}
	throwAll(errors);
}

/** @source cli-runtime pkg/resource RequireNamespace */
const otherNamespace = (own: string, required: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem:
			`the namespace from the provided object ${quoteInput(own)} does not match the namespace ${quoteInput(required)}. ` +
			`You must pass '--namespace=${printable(own)}' to perform this operation.`,
		remedy: 'Leave the option out, or correct the object',
	});

async function replace(client: KindClient, object: KubeObject, { resource }: ApiResource): Promise<KubeObject> {
	if (client.update === undefined) throw invalidCommand(`${resource} cannot be replaced`, 'replace');
	return client.update(object);
}

export interface Deletion {
	readonly type: string;
	readonly names: readonly string[];
	readonly ignoreNotFound: boolean;
}

/** @throws COMMAND_INVALID; errors of the API, several together @source kubectl pkg/cmd/delete */
export async function deleteObjects(
	{ type, names, ignoreNotFound }: Deletion,
	{ api, output, namespace }: Tools,
): Promise<void> {
	const { resource, client } = kindNamed(type, 'delete');
	if (names.length === 0) throw invalidCommand('resource(s) were provided, but no name was specified', 'delete');
	const kind = `${resource.kind.toLowerCase()}${resource.group === '' ? '' : `.${resource.group}`}`;
	const errors: unknown[] = [];
	for (const name of names) {
		try {
			await client(api).delete(name, resource.namespaced ? { namespace } : {});
			output.out(`${kind} "${name}" deleted${resource.namespaced ? ` from ${namespace} namespace` : ''}\n`);
		} catch (error) {
			if (!ignoreNotFound || !hasCode(error, 'API_NOT_FOUND', 'TOKEN_NOT_FOUND')) errors.push(error);
		}
	}
	throwAll(errors);
}

export interface Labelling {
	readonly type: string;
	/** The object's name, then `key=value` and `key-`. */
	readonly words: readonly string[];
	readonly overwrite: boolean;
}

const CONFLICT_RETRIES = 5;

/**
 * Read the object, change its labels, and write it.
 *
 * @throws COMMAND_INVALID; errors of the API
 * @source kubectl pkg/cmd/label
 * @differs kubectl sends a patch; kubectl-sim sends the whole object with its version
 */
export async function label({ type, words, overwrite }: Labelling, { api, output, namespace }: Tools): Promise<void> {
	const { resource, client: clientOf } = kindNamed(type, 'label');
	const client = clientOf(api);
	const isChange = (word: string) => /^[^=]*=|-$/.test(word);
	const names = words.filter((word) => !isChange(word));
	const { added, removed } = parseLabels(words.filter(isChange));
	const [name, ...more] = names;
	if (name === undefined || more.length > 0)
		throw invalidCommand('one name is needed, and then labels: TYPE NAME KEY=VALUE... KEY-...', 'label');
	if (client.update === undefined) throw invalidCommand(`${resource.resource} cannot be labeled`, 'label');
	for (let retries = 0; ; retries++) {
		const found = await client.get(name, resource.namespaced ? namespace : '');
		const { labels: before = {}, ...metadata } = found.metadata;
		if (!overwrite) requireNew(before, added);
		for (const key of removed) if (!Object.hasOwn(before, key)) output.out(`label "${key}" not found.\n`);
		const labels = Object.fromEntries(
			Object.entries({ ...before, ...added }).filter(([key]) => !removed.includes(key)),
		);
		try {
			const isSame = JSON.stringify(Object.entries(labels).sort()) === JSON.stringify(Object.entries(before).sort());
			if (!isSame) await client.update({ ...found, metadata: { ...metadata, labels } });
			const isFewer = !overwrite && Object.keys(labels).length < Object.keys(before).length;
			output.out(`${qualifiedName(found)} ${isSame ? 'not labeled' : isFewer ? 'unlabeled' : 'labeled'}\n`);
			return;
		} catch (error) {
			if (!hasCode(error, 'API_CONFLICT') || retries === CONFLICT_RETRIES) throw error;
		}
	}
}

const labelName = /^([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]$/;

function parseLabels(words: readonly string[]): { added: Record<string, string>; removed: string[] } {
	if (words.length === 0) throw invalidCommand('at least one label update is required', 'label');
	const added: Record<string, string> = {};
	const removed: string[] = [];
	for (const word of words) {
		const [key = '', ...rest] = word.includes('=') ? word.split('=') : [word.slice(0, -1)];
		const parts = key.split('/');
		if (parts.length > 2 || parts.includes('') || !labelName.test(parts.at(-1) ?? '')) {
			const form =
				"prefix/name, where a name is at most 63 letters, digits, '-', '_' or '.', " +
				'and begins and ends with a letter or a digit';
			throw invalidCommand(`invalid label key ${JSON.stringify(key)}: it must be ${form}`, 'label');
		}
		const value = rest.join('=');
		if (!word.includes('=')) removed.push(key);
		else if (value === '' || labelName.test(value)) added[key] = value;
		else {
			const form =
				"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', " +
				'and must start and end with an alphanumeric character';
			throw invalidCommand(`invalid label value: ${JSON.stringify(word)}: ${form}`, 'label');
		}
	}
	const both = removed.find((key) => Object.hasOwn(added, key));
	if (both !== undefined) throw invalidCommand('can not both modify and remove a label in the same command', 'label');
	return { added, removed };
}

function requireNew(before: Readonly<Record<string, string>>, added: Readonly<Record<string, string>>): void {
	const problems = Object.entries(added)
		.filter(([key, value]) => Object.hasOwn(before, key) && before[key] !== value)
		.map(([key]) => `'${key}' already has a value (${before[key]}), and --overwrite is false`);
	if (problems.length > 0)
		throw invalidCommand(problems.length === 1 ? `${problems[0]}` : `[${problems.join(', ')}]`, 'label');
}
