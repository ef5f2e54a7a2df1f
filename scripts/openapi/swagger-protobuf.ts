/** An OpenAPI v2 document in the protobuf form of gnostic, the only form that kubectl before 1.27 reads. */
import protobuf from 'protobufjs';
import { isJsonObject, type JsonObject } from '../../lib/json-object.ts';
import { projectPath } from '../../lib/paths.ts';

const objectIn = (value: unknown): JsonObject => (isJsonObject(value) ? value : {});
const listIn = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** JSON is YAML, and gnostic holds free values as YAML. */
const any = (value: unknown) => ({ yaml: `${JSON.stringify(value)}\n` });
const named = (object: unknown, read: (value: JsonObject) => object) =>
	Object.entries(objectIn(object)).map(([name, value]) => ({ name, value: read(objectIn(value)) }));
const extensions = (object: JsonObject) => ({
	vendor_extension: Object.entries(object)
		.filter(([name]) => name.startsWith('x-'))
		.map(([name, value]) => ({ name, value: any(value) })),
});
/** The fields whose names are equal in both forms. */
const copied = (object: JsonObject, ...names: readonly string[]): JsonObject =>
	Object.fromEntries(names.filter((name) => Object.hasOwn(object, name)).map((name) => [name, object[name]]));

function schema(from: JsonObject): object {
	const { $ref, type, items, properties, additionalProperties, allOf, enum: allowed } = from;
	return {
		...copied(from, 'format', 'title', 'description', 'pattern', 'required'),
		...($ref === undefined ? {} : { _ref: $ref }),
		...(type === undefined ? {} : { type: { value: [type].flat() } }),
		...(Object.hasOwn(from, 'default') ? { default: any(from.default) } : {}),
		...(items === undefined ? {} : { items: { schema: [schema(objectIn(items))] } }),
		...(properties === undefined ? {} : { properties: { additional_properties: named(properties, schema) } }),
		...(additionalProperties === undefined ? {} : { additional_properties: additional(additionalProperties) }),
		all_of: listIn(allOf).map((one) => schema(objectIn(one))),
		enum: listIn(allowed).map(any),
		...extensions(from),
	};
}

const additional = (value: unknown): object =>
	isJsonObject(value) ? { schema: schema(value) } : { boolean: value === true };

function parameter(from: JsonObject): object {
	const common = copied(from, 'description', 'name', 'in', 'required');
	if (from.in === 'body') return { body_parameter: { ...common, schema: schema(objectIn(from.schema)) } };
	const simple = { ...common, ...copied(from, 'type', 'format'), unique_items: from.uniqueItems === true };
	const kind = from.in === 'path' ? 'path_parameter_sub_schema' : 'query_parameter_sub_schema';
	return { non_body_parameter: { [kind]: simple } };
}
const parametersIn = (value: unknown): object[] =>
	listIn(value)
		.map(objectIn)
		.map((one) => (one.$ref === undefined ? { parameter: parameter(one) } : { json_reference: { _ref: one.$ref } }));

const response = ({ description, schema: body }: JsonObject): object => ({
	response: { description, ...(body === undefined ? {} : { schema: { schema: schema(objectIn(body)) } }) },
});

const operation = (from: JsonObject): object => ({
	...copied(from, 'tags', 'summary', 'description', 'produces', 'consumes', 'schemes'),
	operation_id: from.operationId,
	parameters: parametersIn(from.parameters),
	responses: { response_code: named(from.responses, response) },
	...extensions(from),
});

function pathItem(from: JsonObject): object {
	const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'].filter((name) => name in from);
	return {
		...Object.fromEntries(methods.map((name) => [name, operation(objectIn(from[name]))])),
		parameters: parametersIn(from.parameters),
		...extensions(from),
	};
}

const security = (from: JsonObject): object => ({
	api_key_security: copied(from, 'type', 'name', 'in', 'description'),
});

/** @param document  OpenAPI v2 */
export async function encodeSwagger(document: JsonObject): Promise<Uint8Array> {
	const root = new protobuf.Root();
	await root.load(projectPath('scripts/openapi/openapi-v2.proto'), { keepCase: true });
	const type = root.lookupType('openapi.v2.Document');
	const message = {
		swagger: document.swagger,
		info: copied(objectIn(document.info), 'title', 'version'),
		paths: { path: named(document.paths, pathItem) },
		definitions: { additional_properties: named(document.definitions, schema) },
		parameters: { additional_properties: named(document.parameters, parameter) },
		security: listIn(document.security).map((one) => ({
			additional_properties: named(one, () => ({ value: [] })),
		})),
		security_definitions: { additional_properties: named(document.securityDefinitions, security) },
	};
	const problem = type.verify(message);
	if (problem !== null) throw new Error(`the OpenAPI v2 document cannot be encoded: ${problem}`);
	return type.encode(message).finish();
}
