/** Request and response bodies in YAML. @source sigs.k8s.io/yaml: YAML is read as JSON, and written from it */
import { stringify } from 'yaml';
import { writeJson } from '../../codec/write-json.ts';
import { readYaml } from '../../yaml.ts';
import { requireObject } from './json.ts';
import { badRequest, type DecodedObject, readObject, type TypeMeta } from './object.ts';

/** @throws API_BAD_REQUEST */
export function decodeYaml(body: string | Uint8Array, expected: TypeMeta): DecodedObject {
	const [document] = readYaml(body, {
		refuse: ({ text }) => {
			throw badRequest(`the object provided is unrecognized (must be of type ${expected.kind}): ${text}`);
		},
	});
	const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
	return readObject(requireObject(document?.value ?? null, text, expected), expected);
}

/** Keys are sorted, as sigs.k8s.io/yaml writes them. */
export const encodeYaml = (object: object): string =>
	stringify(JSON.parse(writeJson(object)), { version: '1.1', sortMapEntries: true, lineWidth: 0, indentSeq: false });
