/** `-f FILE`: reads the objects of a YAML or JSON file. A field that the server would ignore is refused. */
import { decodeBase64 } from '../../lib/base64.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { fileUnusable, readBytes } from '../../lib/files.ts';
import { isJsonObject } from '../../lib/json-object.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { asReceived } from '../../lib/kube/unmarshal.ts';
import { limits } from '../../lib/limits.ts';
import { printable, quoteInput, shellWord } from '../../lib/text.ts';
import { invalidCommand } from './command-errors.ts';
import { isServed, type Kind, kindOfObject } from './kinds.ts';

export interface FileObject {
	readonly kind: Kind;
	readonly object: KubeObject;
}

/** The source in kubectl's messages. */
export const sourceName = (path: string): string => (path === '-' ? 'STDIN' : path);

/**
 * @param path  a file, or `-` for standard input
 * @throws COMMAND_INVALID  missing file, malformed YAML, or an object of an unknown kind; FILE_UNUSABLE
 * @source cli-runtime pkg/resource: documents divided by `---`, and Lists
 */
export async function readObjects(
	path: string,
	command: string,
	readStdin: () => Promise<Buffer>,
): Promise<FileObject[]> {
	const source = sourceName(path);
	const bytes = path === '-' ? await readStdin() : readNamedFile(path, command);
	const { readYaml } = await import('../../lib/yaml.ts');
	const documents = readYaml(bytes, {
		refuse({ text, remedy }) {
			const problem = `error parsing ${source}: error converting YAML to JSON: ${text}`;
			throw new KubejoinError('COMMAND_INVALID', { problem, remedy: `In ${source}: ${remedy}` });
		},
	});
	const objects = documents.flatMap(({ value }) => (value === null || value === undefined ? [] : itemsOf(value)));
	if (objects.length === 0) throw invalidCommand(`no objects passed to ${command}`, command);
	return objects.map((object) => fileObject(object, source, command));
}

function readNamedFile(path: string, command: string): Buffer {
	try {
		return readBytes(path, limits.yamlBytes.value);
	} catch (error) {
		if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
			throw invalidCommand(`the path ${quoteInput(path)} does not exist`, command);
		throw fileUnusable(path, error);
	}
}

/** @param maxBytes  longer input ends above this length, so that the caller can refuse it */
export async function readAll(chunks: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
	const read: Buffer[] = [];
	let length = 0;
	for await (const chunk of chunks) {
		read.push(chunk);
		length += chunk.length;
		if (length > maxBytes) break;
	}
	return Buffer.concat(read);
}

const itemsOf = (value: unknown): unknown[] =>
	isJsonObject(value) && value.kind === 'List' && Array.isArray(value.items) ? value.items : [value];

function fileObject(value: unknown, path: string, command: string): FileObject {
	const refuse = (problem: string) =>
		invalidCommand(`error validating "${path}": error validating data: ${problem}`, command);
	if (!isJsonObject(value)) throw refuse('an object was expected');
	const { apiVersion, kind: kindName, metadata, ...rest } = value;
	if (typeof apiVersion !== 'string') throw refuse('apiVersion not set');
	if (typeof kindName !== 'string') throw refuse('kind not set');
	if (metadata !== undefined && !isJsonObject(metadata))
		throw refuse('invalid type for metadata: an object was expected');
	const kind = kindOfObject(apiVersion, kindName);
	const { name = '', namespace = '' } = metadata ?? {};
	if (kind === undefined) {
		if (isServed(apiVersion, kindName)) throw notInSim(kindName, { path, command });
		const problem = `no matches for kind "${kindName}" in version "${apiVersion}"`;
		throw invalidCommand(
			`resource mapping not found for name: "${name}" namespace: "${namespace}" from "${path}": ${problem}`,
			command,
		);
	}
	const object = { ...rest, metadata: metadata ?? {} };
	const corrupt = corruptField(object, kindName === 'Secret');
	if (corrupt !== undefined) throw refuse(corrupt);
	const read = asRead(kind, object, (error) =>
		withSource(error, command === 'create' ? 'creating' : 'replacing', path),
	);
	for (const field of unreadFields(object, read, '')) throw refuse(`unknown field "${field}"`);
	return { kind, object: { apiVersion, kind: kindName, ...object } };
}

/** A kind of the server that only kubectl can write. */
const notInSim = (
	kind: string,
	{ path, command }: { readonly path: string; readonly command: string },
): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem: `kubectl-sim cannot ${command} the kind ${quoteInput(kind)} in ${quoteInput(path)}, which the server has`,
		remedy: `Use kubectl with the same kubeconfig: kubectl ${command} -f ${path === 'STDIN' ? '-' : shellWord(path)}`,
	});

/** The server's error contains the position and not the field. */
function corruptField({ spec, data }: Readonly<Record<string, unknown>>, isSecret: boolean): string | undefined {
	const secrets = isSecret && isJsonObject(data) ? Object.entries(data) : [];
	const fields = {
		...(isJsonObject(spec) ? { 'spec.request': spec.request } : {}),
		...Object.fromEntries(secrets.map(([key, value]) => [`data.${printable(key)}`, value])),
	};
	for (const [field, value] of Object.entries(fields)) {
		const found = typeof value === 'string' ? decodeBase64(value) : undefined;
		if (found !== undefined && 'corruptAt' in found)
			return `${field}: illegal base64 data at input byte ${found.corruptAt}`;
	}
	return undefined;
}

/** Refuses an object with the server's text, without sending it. */
function asRead({ resource }: Kind, object: object, refusal: (error: unknown) => unknown): object {
	try {
		return asReceived(resource, object);
	} catch (error) {
		throw refusal(error);
	}
}

/** Fields that other tools write and the server drops. */
const passedOver = ['metadata.managedFields', 'metadata.selfLink'];

/** Fields that would be lost. Empty fields can be dropped. */
function unreadFields(sent: unknown, read: unknown, at: string): string[] {
	if (passedOver.includes(at) || isEmpty(sent)) return [];
	if (read === undefined) return [at];
	if (Array.isArray(sent))
		return sent.flatMap((item, index) => unreadFields(item, (read as unknown[])[index], `${at}[${index}]`));
	if (!isJsonObject(sent)) return [];
	return Object.entries(sent).flatMap(([key, value]) =>
		unreadFields(value, isJsonObject(read) ? read[key] : undefined, at === '' ? key : `${at}.${key}`),
	);
}

const isEmpty = (value: unknown): boolean =>
	value === null ||
	value === undefined ||
	(Array.isArray(value) && value.length === 0) ||
	(isJsonObject(value) && Object.values(value).every(isEmpty));

/** Adds the file to the error of an object. @source kubectl pkg/cmd/util AddSourceToErr */
export function withSource(error: unknown, doing: string, path: string): unknown {
	if (error instanceof KubejoinError && error.code.startsWith('API_') && !hasCode(error, 'API_INVALID')) {
		error.message = `error when ${doing} "${path}": ${error.message}`;
	}
	return error;
}
