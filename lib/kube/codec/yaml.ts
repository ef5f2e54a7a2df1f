/** Request and response bodies in YAML. @source sigs.k8s.io/yaml: YAML is read as JSON, and written from it */
import { stringify } from 'yaml';
import { MAX_STRICT_PROBLEMS } from '../../codec/read.ts';
import { writeJson } from '../../codec/write-json.ts';
import { readYaml } from '../../yaml.ts';
import { requireObject } from './json.ts';
import { badRequest, type DecodedObject, readObject, type TypeMeta } from './object.ts';

/** @throws API_BAD_REQUEST */
export function decodeYaml(body: string | Uint8Array, expected: TypeMeta): DecodedObject {
	const duplicates: string[] = [];
	const [document] = readYaml(body, {
		onDuplicate(text) {
			if (duplicates.length < MAX_STRICT_PROBLEMS) duplicates.push(text);
		},
		refuse: ({ text }) => {
			throw badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${text}`);
		},
	});
	const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
	const read = readObject(requireObject(document?.value ?? null, text, expected), expected);
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

/** Keys are sorted, as sigs.k8s.io/yaml writes them. */
export const encodeYaml = (object: object): string =>
	stringify(JSON.parse(writeJson(object)), { version: '1.1', sortMapEntries: true, lineWidth: 0, indentSeq: false });
