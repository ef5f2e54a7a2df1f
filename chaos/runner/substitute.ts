/**
 * `${name}` in a document: the value of the configuration or of a secret.
 *
 * @source chaoslib.substitute, which is Python's string.Template.safe_substitute
 */
import { at, isList, isMap, type Json, type JsonMap, pythonText } from './json.ts';

/** What names stand for: the configuration first, then each group of secrets. */
export interface Values {
	readonly configuration: JsonMap;
	readonly secrets: Readonly<Record<string, JsonMap>>;
}

export const noValues: Values = { configuration: {}, secrets: {} };
export const hasValues = ({ configuration, secrets }: Values): boolean =>
	Object.keys(configuration).length > 0 || Object.keys(secrets).length > 0;

const named = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\})/gi;
const alone = /^\$\{([_a-z][_a-z0-9]*)\}$/i;

function find(name: string, { configuration, secrets }: Values): Json | undefined {
	for (const values of [configuration, ...Object.values(secrets)]) {
		const found = at(values, name);
		if (found !== undefined) return found;
	}
	return undefined;
}

/** A text that is one `${name}` becomes the value itself, of whatever type; a name that nothing is known by stays as it is. */
export function substitute(data: Json, values: Values): Json {
	if (typeof data === 'string') {
		const whole = find(alone.exec(data)?.[1] ?? '', values);
		if (whole !== undefined) return whole;
		return data.replace(
			named,
			(text, escaped: string | undefined, bare: string | undefined, braced: string | undefined) => {
				if (escaped !== undefined) return '$';
				const value = find(bare ?? braced ?? '', values);
				return value === undefined ? text : pythonText(value);
			},
		);
	}
	if (isList(data)) return data.map((item) => substitute(item, values));
	if (isMap(data))
		return Object.fromEntries(Object.entries(data).map(([key, item]) => [key, substitute(item, values)]));
	return data;
}
