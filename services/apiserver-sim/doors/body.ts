/**
 * The body of a write -> an object, a patch or the options of a deletion.
 * @source apiserver/pkg/endpoints/handlers/{create,update,patch,delete}.go; handlers/negotiation NegotiateInputSerializer
 */

import { requireFewValues } from '../../../lib/codec/json-text.ts';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { decodeJson } from '../../../lib/kube/codec/json.ts';
import {
	cannotBeHandled,
	type DecodedObject,
	strictDecodingError,
	type TypeMeta,
} from '../../../lib/kube/codec/object.ts';
import { decodeProtobuf } from '../../../lib/kube/codec/protobuf.ts';
import { decodeYaml, readRequestYaml, strictWarnings } from '../../../lib/kube/codec/yaml.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { CountRefusal, LimitName } from '../../../lib/limits.ts';
import type { FieldValidation, PatchType } from '../request/api-request.ts';
import type { DeleteOptions } from '../request/options.ts';
import { mediaTypes } from './negotiate.ts';

type Decode = (body: Uint8Array, expected: TypeMeta) => DecodedObject;

/** A body without a Content-Type is JSON: kubectl 1.20 sends such. */
const decoders: ReadonlyMap<string, Decode> = new Map([
	['', decodeJson],
	[mediaTypes.json, decodeJson],
	[mediaTypes.yaml, decodeYaml],
	[mediaTypes.protobuf, decodeProtobuf],
]);

/** @throws API_UNSUPPORTED_MEDIA_TYPE */
export function decoderOf(contentType: string): Decode {
	const decode = decoders.get(contentType);
	if (decode !== undefined) return decode;
	const accepted = Object.values(mediaTypes).join(', ');
	const problem = `the body of the request was in an unknown format - accepted media types include: ${accepted}`;
	throw new KubejoinError('API_UNSUPPORTED_MEDIA_TYPE', { problem });
}

/**
 * @param warn  receives the unknown and duplicate fields, for `Warn`
 * @throws API_BAD_REQUEST
 */
export function readObject(
	body: Uint8Array,
	decode: Decode,
	expected: TypeMeta,
	validation: FieldValidation,
	warn: (text: string) => void,
	count: CountRefusal,
): KubeObject {
	const { object, strictProblems } = bounded(() => decode(body, expected), count);
	if (strictProblems.length === 0 || validation === 'Ignore') return object;
	if (validation === 'Strict') {
		const problem = cannotBeHandled(object, expected, strictDecodingError(strictProblems));
		throw new KubejoinError('API_BAD_REQUEST', { problem });
	}
	for (const problem of strictWarnings(strictProblems)) warn(problem);
	return object;
}

/** Decoders nest with their input. */
function bounded<T>(decode: () => T, count: CountRefusal): T {
	try {
		return decode();
	} catch (error) {
		if (hasCode(error, 'API_BAD_REQUEST') && typeof error.details.limit === 'string')
			count(error.details.limit as LimitName);
		if (hasCode(error, 'MESSAGE_TOO_COMPLEX'))
			throw new KubejoinError('API_BAD_REQUEST', { problem: error.message }, { cause: error });
		if (!(error instanceof RangeError)) throw error;
		throw new KubejoinError('API_BAD_REQUEST', { problem: 'exceeded max depth' }, { cause: error });
	}
}

const deleteOptions: TypeMeta = { apiVersion: 'v1', kind: 'DeleteOptions' };

/**
 * A DeleteOptions of `v1`, of `meta.k8s.io/v1` or of the group of the resource.
 *
 * @throws API_BAD_REQUEST
 */
export function readDeleteBody(body: Uint8Array, decode: Decode, count: CountRefusal): DeleteOptions {
	return bounded(() => decode(body, deleteOptions), count).object as unknown as DeleteOptions;
}

/** @source apimachinery/pkg/types/patch.go */
const patchTypes: ReadonlyMap<string, PatchType> = new Map([
	['application/json-patch+json', 'json'],
	['application/merge-patch+json', 'merge'],
	['application/strategic-merge-patch+json', 'strategic'],
	['application/apply-patch+yaml', 'apply'],
]);

/** @throws API_UNSUPPORTED_MEDIA_TYPE  with the text of the router that upstream has before its own check */
export function patchTypeOf(contentType: string): PatchType {
	const type = patchTypes.get(contentType);
	if (type !== undefined) return type;
	throw new KubejoinError('API_UNSUPPORTED_MEDIA_TYPE', { problem: '415: Unsupported Media Type', isRouted: true });
}

const badRequest = (problem: string) => new KubejoinError('API_BAD_REQUEST', { problem });

/** @throws API_BAD_REQUEST */
export function readPatch(body: Buffer, type: PatchType, count: CountRefusal): unknown {
	if (type !== 'apply') {
		const text = body.toString();
		bounded(() => requireFewValues(text), count);
		try {
			return JSON.parse(text);
		} catch (error) {
			throw new KubejoinError('API_BAD_REQUEST', { problem: 'invalid JSON patch' }, { cause: error });
		}
	}
	const refuse = ({ text }: { readonly text: string }): never => {
		throw badRequest(`error encoding patch: ${text}`);
	};
	return bounded(() => readRequestYaml(body, { refuse, maxBytes: body.length }), count) ?? null;
}
