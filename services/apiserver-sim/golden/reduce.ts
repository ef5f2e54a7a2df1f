/** Large documents, as far as they were recorded. */
import type { Exchange } from './exchange.ts';

interface Property {
	readonly $ref?: string;
	readonly allOf?: readonly { readonly $ref?: string }[];
	readonly type?: string;
}
interface OpenApi3 {
	readonly openapi: string;
	readonly info: object;
	readonly paths: Readonly<Record<string, object>>;
	readonly components: {
		readonly schemas: Readonly<Record<string, { readonly properties?: Readonly<Record<string, Property>> }>>;
	};
}
interface OpenApi2 {
	readonly swagger: string;
	readonly paths: object;
	readonly definitions: object;
}

const mapped = <T, R>(object: Readonly<Record<string, T>>, change: (value: T) => R): Record<string, R> =>
	Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]));

/** The paths with their methods, and the properties of each schema with their types. */
function reducedOpenApi3({ openapi, info, paths, components }: OpenApi3): object {
	const typeOf = ({ $ref, allOf, type }: Property) => $ref ?? allOf?.[0]?.$ref ?? type ?? null;
	return {
		...{ openapi, info },
		paths: mapped(paths, (methods) =>
			Object.keys(methods)
				.filter((name) => name !== 'parameters')
				.toSorted(),
		),
		schemas: mapped(components.schemas, ({ properties = {} }) => mapped(properties, typeOf)),
	};
}

export function reduced(found: unknown, { reduced: kind, answer }: Exchange): unknown {
	if (kind === undefined) return found;
	if (answer === undefined || typeof found !== 'object' || found === null || !('paths' in found)) return undefined;
	if (kind === 'openapi-v3') return reducedOpenApi3(found as OpenApi3);
	const { swagger, paths, definitions } = found as OpenApi2;
	return { swagger, paths: Object.keys(paths).toSorted(), definitions: Object.keys(definitions).toSorted() };
}
