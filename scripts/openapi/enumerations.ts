/**
 * The values of string fields. A kube-apiserver serves them in its OpenAPI documents (feature gate OpenAPIEnums), and
 * the documents of a release lack them. The generated Go code of the release has them.
 */

interface Enumeration {
	/** In Go's order, which is alphabetical. */
	readonly values: readonly string[];
	/** Of the field, with a list of the values. */
	readonly description: string | undefined;
}
/** By schema, such as `io.k8s.api.core.v1.Taint`, and field. */
export type Enumerations = ReadonlyMap<string, ReadonlyMap<string, Enumeration>>;

export type Schemas = Readonly<Record<string, Schema>>;

interface Schema {
	description?: string;
	enum?: readonly string[];
	items?: Schema;
	properties?: Record<string, Schema>;
}

const functions = /\nfunc schema_k8sio_api_(\w+)\(.*\n([\s\S]*?)\n\}/g;
const fields = /^\t{5}"(\w+)": \{\n([\s\S]*?)^\t{5}\},$/gm;
const quoted = /"(?:[^"\\]|\\.)*"/g;

/** @param source  pkg/generated/openapi/zz_generated.openapi.go */
export function enumerationsIn(source: string): Enumerations {
	const found = new Map<string, Map<string, Enumeration>>();
	for (const [, name = '', body = ''] of source.matchAll(functions)) {
		const ofSchema = new Map<string, Enumeration>();
		for (const [, field = '', definition = ''] of body.matchAll(fields)) {
			const [, values] = /Enum: +\[\]interface\{\}\{(.*)\}/.exec(definition) ?? [];
			if (values === undefined) continue;
			const [, description] = /Description: ("(?:[^"\\]|\\.)*")/.exec(definition) ?? [];
			ofSchema.set(field, {
				values: (values.match(quoted) ?? []).map((text) => JSON.parse(text) as string),
				description: description === undefined ? undefined : (JSON.parse(description) as string),
			});
		}
		if (ofSchema.size > 0) found.set(`io.k8s.api.${name.replaceAll('_', '.')}`, ofSchema);
	}
	return found;
}

/** Adds them to the schemas of a document. Of a list they belong to its items. */
export function addEnumerations(schemas: Schemas, enumerations: Enumerations): void {
	for (const [name, ofSchema] of enumerations)
		for (const [field, { values, description }] of ofSchema) {
			const property = schemas[name]?.properties?.[field];
			if (property === undefined) continue;
			if (description !== undefined) property.description = description;
			(property.items ?? property).enum = values;
		}
}
