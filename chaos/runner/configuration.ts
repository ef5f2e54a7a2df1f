/** The values that `${name}` stands for, from the document and from the environment. Secrets are never printed; see mask.ts. */
import { causeText } from '../../lib/errors.ts';
import { at, isMap, type Json, type JsonMap } from './json.ts';

export type Environment = Readonly<Record<string, string | undefined>>;
type Report = (path: readonly (string | number)[], text: string) => void;

const integerForm = /^\s*[+-]?\d[\d_]*\s*$/;
const numberForm = /^\s*[+-]?(\d[\d_]*\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
const asNumber = (text: string): number => Number(text.replaceAll('_', ''));

/** @source chaoslib.convert_to_type @throws Error */
function convert(type: Json | undefined, text: string): Json {
	switch (type) {
		case undefined:
		case null:
		case 'str':
		case 'string':
		case 'bytes':
			return text;
		case 'int':
		case 'integer':
			if (!integerForm.test(text)) throw new Error('a whole number');
			return asNumber(text);
		case 'float':
		case 'number':
			if (!numberForm.test(text)) throw new Error('a number');
			return asNumber(text);
		case 'bool':
			return !['false', '0', 'no'].includes(text.toLowerCase());
		case 'json':
			return text === '' ? text : (JSON.parse(text) as Json);
		default:
			throw new Error('of the type bool, str, int, float, bytes or json');
	}
}

/** A value of the configuration; those that a probe finds are found when the experiment begins. @source chaoslib.configuration */
export function readConfiguration(configuration: JsonMap, environment: Environment, report: Report): JsonMap {
	const values: Record<string, Json> = {};
	for (const [name, value] of Object.entries(configuration)) {
		if (!isMap(value) || value.type !== 'env') {
			values[name] = value;
			continue;
		}
		const { key } = value;
		if (typeof key !== 'string' || key === '') {
			report([name], 'type: env needs key, the name of a variable of the environment');
			continue;
		}
		const fallback = at(value, 'default');
		const found = environment[key] ?? fallback;
		if (found === undefined) {
			report([name, 'key'], `the environment has no variable ${key}, and there is no default`);
			continue;
		}
		try {
			values[name] = typeof found === 'string' ? convert(value.env_var_type, found) : found;
		} catch (error) {
			report(
				[name],
				`${environment[key] === undefined ? 'the default' : `the variable ${key}`} must be ${causeText(error)}`,
			);
		}
	}
	return values;
}

/** Groups of secrets. @source chaoslib.secret */
export function readSecrets(
	secrets: JsonMap,
	environment: Environment,
	report: Report,
): Readonly<Record<string, JsonMap>> {
	const groups: Record<string, JsonMap> = {};
	for (const [group, value] of Object.entries(secrets)) {
		if (!isMap(value) || typeof value.type === 'string')
			report([group], 'must be a group: names, and for each a value or type: env');
		else groups[group] = readGroup(value, environment, (path, text) => report([group, ...path], text));
	}
	return groups;
}

function readGroup(group: JsonMap, environment: Environment, report: Report): JsonMap {
	const values: Record<string, Json> = {};
	for (const [name, value] of Object.entries(group)) {
		if (!isMap(value)) {
			values[name] = value;
		} else if (value.type === 'env') {
			const found = typeof value.key === 'string' ? environment[value.key] : undefined;
			if (found === undefined)
				report(
					[name, 'key'],
					`the environment has no variable ${typeof value.key === 'string' ? value.key : '(key is missing)'}`,
				);
			else values[name] = found;
		} else if (value.type === 'vault') {
			report(
				[name, 'type'],
				'vault is not understood here; give the secret in a variable of the environment with type: env',
			);
		} else {
			values[name] = readGroup(value, environment, (path, text) => report([name, ...path], text));
		}
	}
	return values;
}
