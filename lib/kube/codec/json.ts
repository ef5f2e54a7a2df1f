/** Request and response bodies in JSON. */
import { escapeHtml } from '../../codec/escape-html.ts';
import { JsonSyntaxError, type ParsedJson, parseJsonText } from '../../codec/json-text.ts';
import { nameOf } from '../../codec/read.ts';
import { writeJson } from '../../codec/write-json.ts';
import type { JsonObject } from '../../json-object.ts';
import type { DecodedObject, TypeMeta } from './object.ts';
import { badRequest, readObject } from './object.ts';

/** @throws API_BAD_REQUEST */
export function decodeJson(body: string | Uint8Array, expected: TypeMeta): DecodedObject {
	const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
	const { value, duplicates } = parse(text, body, expected);
	return readObject(requireObject(value, body, expected), expected, duplicates);
}

/** As upstream answers: with a line break at the end. */
export const encodeJson = (object: object): string => `${writeJson(object)}\n`;

/** @source apimachinery/pkg/runtime/serializer/json/json.go Pretty */
export const encodePrettyJson = (object: object): string =>
	escapeHtml(JSON.stringify(JSON.parse(writeJson(object)), null, 2));

function parse(text: string, body: string | Uint8Array, expected: TypeMeta): ParsedJson {
	try {
		return parseJsonText(text);
	} catch (error) {
		if (!(error instanceof JsonSyntaxError)) throw error;
		throw unrecognized(body, expected, error.message);
	}
}

/** @throws API_BAD_REQUEST  the body is a list or a scalar */
export function requireObject(value: unknown, body: string | Uint8Array, expected: TypeMeta): JsonObject {
	if (value === null) return {};
	if (typeof value === 'object' && !Array.isArray(value)) {
		for (const field of ['apiVersion', 'kind'] as const) {
			const sent = (value as JsonObject)[field] ?? '';
			if (typeof sent === 'string') continue;
			const problem = `json: cannot unmarshal ${nameOf(sent)} into Go struct field .${field} of type string`;
			throw unrecognized(body, expected, problem);
		}
		return value as JsonObject;
	}
	const name = nameOf(value);
	const problem = `json: cannot unmarshal ${name} into Go value of type ${TYPE_META}`;
	throw unrecognized(body, expected, problem);
}
const TYPE_META =
	'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

/** @source apimachinery/pkg/runtime/serializer/json/meta.go; apiserver/pkg/endpoints/handlers/rest.go */
function unrecognized(body: string | Uint8Array, { kind }: TypeMeta, problem: string) {
	const text = `couldn't get version/kind; json parse error: ${problem}`;
	// Upstream reads options without this text around it.
	if (kind === 'DeleteOptions') return badRequest(text);
	return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${text} (${summaryOf(body)})`);
}

const SUMMARY_BYTES = 30;
const OPEN_BRACE = 0x7b;
/** @source apiserver/pkg/endpoints/handlers/rest.go summarizeData */
function summaryOf(body: string | Uint8Array): string {
	const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.length);
	if (bytes.length === 0) return '<empty>';
	const start = bytes.subarray(0, SUMMARY_BYTES).toString(bytes[0] === OPEN_BRACE ? 'utf8' : 'hex');
	return bytes.length > SUMMARY_BYTES ? `${start} ...` : start;
}
