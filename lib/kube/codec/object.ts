/**
 * An object from a request body of any encoding: its kind is the expected one, and its fields have their types.
 * @source apiserver/pkg/endpoints/handlers/rest.go transformDecodeError; create.go; runtime/serializer
 */
import { type DuplicateKeys, type Reading, readMessage } from '../../codec/read.ts';
import { type Message, messageOf } from '../../codec/schema.ts';
import { KubejoinError } from '../../errors.ts';
import type { JsonObject } from '../../json-object.ts';
import { limits } from '../../limits.ts';
import type { KubeObject } from '../types.ts';

/** The kind that the endpoint expects, for a body that names none. */
export interface TypeMeta {
	readonly apiVersion: string;
	readonly kind: string;
}
export interface DecodedObject {
	readonly object: KubeObject;
	/**
	 * The problems of `fieldValidation`: `unknown field "spec.foo"`, `duplicate field "metadata.name"`. The
	 * fields are not in the object.
	 */
	readonly strictProblems: readonly string[];
}

export const badRequest = (problem: string): KubejoinError => new KubejoinError('API_BAD_REQUEST', { problem });

const versionOf = (apiVersion: string): string => apiVersion.slice(apiVersion.lastIndexOf('/') + 1);

/** @source apiserver/pkg/endpoints/handlers/rest.go transformDecodeError */
export const cannotBeHandled = ({ apiVersion, kind }: TypeMeta, expected: TypeMeta, problem: string): string =>
	// Options are read before upstream has a type to name.
	expected.kind === 'DeleteOptions'
		? problem
		: `${kind} in version "${versionOf(apiVersion)}" cannot be handled as a ${expected.kind}: ${problem}`;

/**
 * The type of a body, and the message of it.
 *
 * @param sent  from the body; empty parts are those of the expected type
 * @throws API_BAD_REQUEST
 */
export function acceptType(sent: Partial<TypeMeta>, expected: TypeMeta): { type: TypeMeta; message: Message } {
	const type = { apiVersion: sent.apiVersion || expected.apiVersion, kind: sent.kind || expected.kind };
	const message = messageOf(type);
	if (message === undefined) {
		throw badRequest(cannotBeHandled(type, expected, noSuchKind(type)));
	}
	if (type.kind !== expected.kind && expected.kind === 'DeleteOptions') throw badRequest(noSuchKind(type));
	if (type.kind !== expected.kind) {
		const into = messageOf(expected);
		const names = [goNameOf(message), into === undefined ? expected.kind : internalNameOf(into)];
		const problem = `converting (${names[0]}) to (${names[1]}): unknown conversion`;
		throw badRequest(cannotBeHandled(type, expected, problem));
	}
	if (type.apiVersion !== expected.apiVersion && !message.name.startsWith('meta/'))
		throw badRequest(
			`the API version in the data (${type.apiVersion}) does not match the expected API version ` +
				`(${expected.apiVersion})`,
		);
	return { type, message };
}
const SCHEME = 'pkg/api/legacyscheme/scheme.go:30';
export const noSuchKind = ({ apiVersion, kind }: TypeMeta): string =>
	`no kind "${kind}" is registered for version "${apiVersion}" in scheme "${SCHEME}"`;
/** `v1.Secret` of `core/v1.Secret`, and `core.Secret` for upstream's internal type. */
const goNameOf = ({ name }: Message): string => name.slice(name.lastIndexOf('/') + 1);
const internalNameOf = ({ name }: Message): string => name.replace(/\/v\w+/, '');

/** @throws API_BAD_REQUEST  the kind, or the type of a field, is another */
export function readObject(value: JsonObject, expected: TypeMeta, duplicates?: DuplicateKeys): DecodedObject {
	const sent = { apiVersion: textOr(value.apiVersion), kind: textOr(value.kind) };
	const { type, message } = acceptType(sent, expected);
	const { object, problem, strictProblems }: Reading = readMessage(message, value, {
		duplicates,
		maxQuantities: limits.quantities.value,
	});
	if (problem !== undefined) throw badRequest(cannotBeHandled(type, expected, problem));
	return { object: { ...type, ...object } as unknown as KubeObject, strictProblems };
}
const textOr = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The text of `fieldValidation=Strict`. @source apimachinery/pkg/runtime/error.go strictDecodingError */
export const strictDecodingError = (strictProblems: readonly string[]): string =>
	`strict decoding error: ${strictProblems.join(', ')}`;
