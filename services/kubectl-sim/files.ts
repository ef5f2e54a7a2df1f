/** `-f FILE`: the objects in a file of YAML or JSON, each with the kind that it says it is. A field that nobody would read is refused, not lost. */
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { readFileIfThere } from '../../lib/files.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { asReceived } from '../../lib/kube/wire-form.ts';
import { invalidCommand } from './command-errors.ts';
import { type Kind, kindOfObject } from './kinds.ts';

export interface FileObject {
	readonly kind: Kind;
	readonly object: KubeObject;
}

/**
 * @throws COMMAND_INVALID  no such file, no YAML, or something in it is no object of a kind that is known; FILE_UNUSABLE
 * @source cli-runtime pkg/resource: documents divided by `---`, and Lists
 * @differs directories, addresses and standard input are not read
 */
export async function readObjects(path: string, command: string): Promise<FileObject[]> {
	const text = await readFileIfThere(path);
	if (text === undefined) throw invalidCommand(`the path "${path}" does not exist`, command);
	const { parseAllDocuments } = await import('yaml');
	const documents = [...parseAllDocuments(text)].map((document): unknown => {
		const [problem] = document.errors;
		if (problem !== undefined)
			throw invalidCommand(
				`error parsing ${path}: error converting YAML to JSON: yaml: ${problem.message.split('\n')[0]}`,
				command,
			);
		return document.toJS({ maxAliasCount: 0 });
	});
	const objects = documents.filter((one) => one !== null && one !== undefined).flatMap(itemsOf);
	if (objects.length === 0) throw invalidCommand(`no objects passed to ${command}`, command);
	return objects.map((object) => fileObject(object, path, command));
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
	typeof value === 'object' && value !== null && !Array.isArray(value);

const itemsOf = (value: unknown): unknown[] =>
	isRecord(value) && value.kind === 'List' && Array.isArray(value.items) ? value.items : [value];

function fileObject(value: unknown, path: string, command: string): FileObject {
	const refuse = (problem: string) =>
		invalidCommand(`error validating "${path}": error validating data: ${problem}`, command);
	if (!isRecord(value)) throw refuse('an object was expected');
	const { apiVersion, kind: kindName, metadata, ...rest } = value;
	if (typeof apiVersion !== 'string') throw refuse('apiVersion not set');
	if (typeof kindName !== 'string') throw refuse('kind not set');
	if (metadata !== undefined && !isRecord(metadata)) throw refuse('invalid type for metadata: an object was expected');
	const kind = kindOfObject(apiVersion, kindName);
	const { name = '', namespace = '' } = metadata ?? {};
	if (kind === undefined) {
		const problem = `no matches for kind "${kindName}" in version "${apiVersion}"`;
		throw invalidCommand(
			`resource mapping not found for name: "${name}" namespace: "${namespace}" from "${path}": ${problem}`,
			command,
		);
	}
	const object = { ...rest, metadata: metadata ?? {} };
	const read = asRead(kind, object, (error) =>
		withSource(error, command === 'create' ? 'creating' : 'replacing', path),
	);
	for (const field of unreadFields(object, read, '')) throw refuse(`unknown field "${field}"`);
	return { kind, object: { apiVersion, kind: kindName, ...object } };
}

/** The server refuses what cannot be read as that kind; it is not sent, and refused in the same words. */
function asRead({ resource }: Kind, object: object, refusal: (error: unknown) => unknown): object {
	try {
		return asReceived(resource, object);
	} catch (error) {
		throw refusal(error);
	}
}

/** What other tools write and the server does not keep. */
const passedOver = ['metadata.managedFields', 'metadata.selfLink'];

/** Fields that were sent and are not read; what is empty may be left out on the way. */
function unreadFields(sent: unknown, read: unknown, at: string): string[] {
	if (passedOver.includes(at) || isEmpty(sent)) return [];
	if (read === undefined) return [at];
	if (Array.isArray(sent))
		return sent.flatMap((item, index) => unreadFields(item, (read as unknown[])[index], `${at}[${index}]`));
	if (!isRecord(sent)) return [];
	return Object.entries(sent).flatMap(([key, value]) =>
		unreadFields(value, isRecord(read) ? read[key] : undefined, at === '' ? key : `${at}.${key}`),
	);
}

const isEmpty = (value: unknown): boolean =>
	value === null ||
	value === undefined ||
	(Array.isArray(value) && value.length === 0) ||
	(isRecord(value) && Object.values(value).every(isEmpty));

/** kubectl says which file a refused object came from. @source kubectl pkg/cmd/util AddSourceToErr */
export function withSource(error: unknown, doing: string, path: string): unknown {
	if (error instanceof KubejoinError && error.code.startsWith('API_') && !hasCode(error, 'API_INVALID')) {
		error.message = `error when ${doing} "${path}": ${error.message}`;
	}
	return error;
}
