/** Request and response bodies in YAML. @source sigs.k8s.io/yaml: YAML is read as JSON, and written from it */
import { isUtf8 } from 'node:buffer';
import {
	type CollectionTag,
	type CreateNodeOptions,
	type DocumentOptions,
	type ScalarTag,
	type SchemaOptions,
	stringify,
	type ToStringOptions,
} from 'yaml';
import { valueOfJsonObject } from '../../codec/json-text.ts';
import { MAX_STRICT_PROBLEMS } from '../../codec/read.ts';
import { writeJson } from '../../codec/write-json.ts';
import { limits } from '../../limits.ts';
import { forbiddenInYaml, readFirstYaml, type YamlOptions } from '../../yaml.ts';
import { approximateBytes, countValues } from '../json-depth.ts';
import { requireObject } from './json.ts';
import { badRequest, type DecodedObject, readObject, type TypeMeta } from './object.ts';

/**
 * The value of the first document. Most clients send JSON as YAML, whose parser takes thirty times as long. JSON
 * with bytes that YAML refuses takes that way too.
 *
 * @throws API_BAD_REQUEST
 */
export function readRequestYaml(body: string | Uint8Array, options: Omit<YamlOptions, 'maxTokens'>): unknown {
	const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
	const isYaml = (typeof body === 'string' || isUtf8(body)) && !forbiddenInYaml.test(text);
	const object = isYaml ? valueOfJsonObject(text) : undefined;
	if (object !== undefined) return object;
	return readFirstYaml(body, { ...options, maxTokens: limits.requestYamlTokens.value })?.value;
}

/** @throws API_BAD_REQUEST */
export function decodeYaml(body: string | Uint8Array, expected: TypeMeta): DecodedObject {
	const duplicates: string[] = [];
	const value = readRequestYaml(body, {
		onDuplicate(text) {
			if (duplicates.length < MAX_STRICT_PROBLEMS) duplicates.push(text);
		},
		refuse: ({ text }) => {
			throw badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${text}`);
		},
	});
	const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
	const read = readObject(requireObject(value ?? null, text, expected), expected);
	if (duplicates.length === 0) return read;
	return { ...read, strictProblems: [[YAML_ERRORS, ...duplicates].join('\n  '), ...read.strictProblems] };
}

/** @source go-yaml TypeError */
const YAML_ERRORS = 'yaml: unmarshal errors:';

/** The problems of a text as warnings, one for each line. @source apiserver/pkg/endpoints/handlers/rest.go */
export function strictWarnings(strictProblems: readonly string[]): string[] {
	return strictProblems.flatMap((problem) => {
		const [first, ...lines] = problem.split('\n  ');
		return first === YAML_ERRORS ? lines : [problem];
	});
}

const matchesDot = (tag: ScalarTag | CollectionTag): tag is ScalarTag => tag.test?.test('.') === true;
const withoutDot = (tag: ScalarTag): ScalarTag => ({ ...tag, test: new RegExp(`^(?!\\.$)(?:${tag.test?.source})`) });

/** A dot alone, as in managedFields, is a number for the library, and text for go-yaml. */
const yamlStyle: CreateNodeOptions & DocumentOptions & SchemaOptions & ToStringOptions = {
	...{ version: '1.1', sortMapEntries: true, lineWidth: 0, indentSeq: false },
	customTags: (tags) => tags.map((tag) => (typeof tag === 'object' && matchesDot(tag) ? withoutDot(tag) : tag)),
};

/** Keys are sorted, as sigs.k8s.io/yaml writes them. */
export const encodeYaml = (object: object): string => stringify(JSON.parse(writeJson(object)), yamlStyle);

/** The library writes so much in about twenty milliseconds, during which the server answers no other request. */
const MAX_BLOCK_VALUES = 2000;
const MAX_BLOCK_BYTES = 256 * 1024;

/** Whether an object is too large for block style. */
export const needsFlowYaml = (object: object): boolean =>
	countValues(object, MAX_BLOCK_VALUES) > MAX_BLOCK_VALUES || approximateBytes(object) > MAX_BLOCK_BYTES;

/** JSON without the characters that YAML refuses. */
export const flowYaml = (json: string): string =>
	json.replace(/[\x7f-\x9f\ufffe\uffff]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
