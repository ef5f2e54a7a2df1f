/** Objects -> bytes of a media type. @source apiserver/pkg/endpoints/handlers/responsewriters/writers.go */
import { encodeJson, encodePrettyJson } from '../../../lib/kube/codec/json.ts';
import { encodeProtobuf } from '../../../lib/kube/codec/protobuf.ts';
import { encodeYaml, flowYaml, needsFlowYaml } from '../../../lib/kube/codec/yaml.ts';
import { mediaTypes, type Negotiated, notAcceptable } from './negotiate.ts';

export interface Encoded {
	readonly contentType: string;
	readonly body: string | Uint8Array;
}

/**
 * A very large object is written in flow style, which is JSON.
 *
 * @throws API_NOT_ACCEPTABLE  the object has no form in protobuf
 * @differs upstream writes any object in block style; a parser of YAML reads both
 */
export function encodeObject(object: object, form: Omit<Negotiated, 'conversion'>): Encoded {
	if (form.mediaType !== mediaTypes.yaml || !needsFlowYaml(object)) return encode(object, form);
	return { contentType: form.mediaType, body: flowYaml(encodeJson(object)) };
}

/** @throws API_NOT_ACCEPTABLE  the object has no form in protobuf */
export function encode(object: object, { mediaType, pretty }: Omit<Negotiated, 'conversion'>): Encoded {
	if (mediaType === mediaTypes.yaml) return { contentType: mediaType, body: encodeYaml(object) };
	if (mediaType === mediaTypes.protobuf) {
		const body = encodeProtobuf(object);
		if (body === undefined) throw notAcceptable([mediaTypes.json, mediaTypes.yaml]);
		return { contentType: mediaType, body };
	}
	// Upstream ends the short form with a line break, and not the pretty one.
	return { contentType: mediaType, body: pretty ? encodePrettyJson(object).trimEnd() : encodeJson(object) };
}
