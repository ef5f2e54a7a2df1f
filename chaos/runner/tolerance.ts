/** Is what a probe found what was expected? As Chaos Toolkit decides it, but for what it would crash on: that is a probe that cannot be read, which is not met. */
import { isDeepStrictEqual } from 'node:util';
import { compile, type JSONPathQuery, type JSONValue } from 'json-p3';
import { causeText } from '../../lib/errors.ts';
import { at, isList, isMap, type Json, type JsonMap } from './json.ts';
import { pythonRegex } from './python-regex.ts';
import { substitute, type Values } from './substitute.ts';

export interface Judgement {
	readonly isMet: boolean;
	/** What was wanted and what was found, for people. */
	readonly why: string;
}
/** Runs the probe that a tolerance of type `probe` is; resolves to whether it agrees. */
export type AskProbe = (probe: JsonMap, value: Json) => Promise<boolean>;

const MAX_SHOWN = 120;
export const shown = (value: Json | undefined): string => {
	const text = value === undefined ? 'nothing' : JSON.stringify(value);
	return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
};
const judge = (isMet: boolean, wanted: string, found: Json | undefined): Judgement => ({
	isMet,
	why: `wanted ${wanted}, found ${shown(found)}`,
});
const unreadable = (why: string): Judgement => ({ isMet: false, why });

const statusOf = (value: Json): Json | undefined => (isMap(value) ? at(value, 'status') : undefined);
/** Python's `==`, for which true is 1. */
const isEqual = (one: Json, other: Json): boolean => isDeepStrictEqual(asNumbers(one), asNumbers(other));
const asNumbers = (value: Json): Json =>
	typeof value === 'boolean' ? Number(value) : isList(value) ? value.map(asNumbers) : value;

/** @source chaoslib.hypothesis within_tolerance */
export async function judgeTolerance(
	tolerance: Json,
	output: Json,
	values: Values,
	askProbe: AskProbe,
): Promise<Judgement> {
	const wanted = typeof tolerance === 'string' ? substitute(tolerance, values) : tolerance;
	if (typeof wanted === 'number') {
		const found = statusOf(output) ?? output;
		return judge(isEqual(found, wanted), String(wanted), found);
	}
	if (isList(wanted)) return judgeList(wanted, output);
	if (!isMap(wanted)) return judge(wanted !== null && isEqual(output, wanted), shown(wanted), output);
	switch (wanted.type) {
		case 'regex':
			return judgeRegex(wanted, output, values);
		case 'jsonpath':
			return judgePath(wanted, output, values);
		case 'range':
			return judgeRange(wanted, output);
		case 'probe': {
			const isMet = await askProbe(wanted, output);
			return { isMet, why: `the probe ${shown(wanted.name)} ${isMet ? 'agrees' : 'does not agree'}` };
		}
		default:
			return unreadable(`a tolerance of type ${shown(wanted.type)} is unknown`);
	}
}

function judgeList(wanted: readonly Json[], output: Json): Judgement {
	const status = statusOf(output);
	if (status !== undefined)
		return judge(
			wanted.some((one) => isEqual(one, status)),
			`one of ${shown(wanted)}`,
			status,
		);
	if (wanted.length !== 2)
		return judge(
			wanted.some((one) => isEqual(one, output)),
			`one of ${shown(wanted)}`,
			output,
		);
	const [low, high] = wanted.map((one) => (typeof one === 'boolean' ? Number(one) : one));
	const found = typeof output === 'boolean' ? Number(output) : output;
	const isOfAKind =
		[low, high].every((bound) => typeof bound === typeof found) &&
		(typeof found === 'number' || typeof found === 'string');
	if (!isOfAKind || low === undefined || high === undefined || low === null || high === null)
		return unreadable(`${shown(output)} cannot be compared with ${shown(wanted)}`);
	return judge(
		low <= (found as string | number) && (found as string | number) <= high,
		`between ${shown(low)} and ${shown(high)}`,
		output,
	);
}

/** The part of the output that is asked for; all of it where there is no such part. */
function targetOf(tolerance: JsonMap, output: Json): Json | undefined {
	const { target } = tolerance;
	if (typeof target !== 'string' || target === '') return output;
	return isMap(output) ? (at(output, target) ?? output) : undefined;
}

function judgeRegex(tolerance: JsonMap, output: Json, values: Values): Judgement {
	const pattern = substitute(tolerance.pattern ?? null, values);
	const found = targetOf(tolerance, output);
	if (typeof pattern !== 'string') return unreadable(`the pattern ${shown(pattern)} is not a text`);
	if (typeof found !== 'string') return unreadable(`a pattern needs a text, and there is ${shown(found)}`);
	try {
		return judge(pythonRegex(pattern).test(found), `what matches ${pattern}`, found);
	} catch (error) {
		return unreadable(`the pattern ${pattern} cannot be used: ${causeText(error)}`);
	}
}

/** @throws Error  it cannot be used */
export function compilePath(path: string): JSONPathQuery {
	// jsonpath2, which Chaos Toolkit uses, looks one level deeper than RFC 9535.
	if (path.includes('[?'))
		throw new Error('a filter means one thing to Chaos Toolkit and another to everybody else; use expect or count');
	return compile(path);
}

function judgePath(tolerance: JsonMap, output: Json, values: Values): Judgement {
	const path = substitute(tolerance.path ?? null, values);
	if (typeof path !== 'string') return unreadable(`the path ${shown(path)} is not a text`);
	let document = targetOf(tolerance, output);
	if (typeof document === 'string') document = parsed(document);
	if (document === undefined) return unreadable(`there is nothing to look for ${path} in`);
	try {
		const found = compilePath(path)
			.query(document as JSONValue)
			.values() as Json[];
		if (Object.hasOwn(tolerance, 'expect')) {
			const expect = substitute(tolerance.expect ?? null, values);
			return judge(isEqual(found, isList(expect) ? expect : [expect]), `${path} to be ${shown(expect)}`, found);
		}
		const { count } = tolerance;
		return typeof count === 'number'
			? judge(found.length === count, `${count} of ${path}`, found)
			: judge(found.length > 0, path, found);
	} catch (error) {
		return unreadable(`the path ${path} cannot be used: ${causeText(error)}`);
	}
}
const parsed = (text: string): Json => {
	try {
		return JSON.parse(text) as Json;
	} catch {
		return text;
	}
};

const decimal = /^\s*[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(e[+-]?\d+)?\s*$/i;

function judgeRange(tolerance: JsonMap, output: Json): Judgement {
	const found = targetOf(tolerance, output);
	const { range } = tolerance;
	if (!isList(range) || typeof range[0] !== 'number' || typeof range[1] !== 'number')
		return unreadable('a range needs two numbers');
	const [low, high] = range;
	const isNumber =
		typeof found === 'number' || typeof found === 'boolean' || (typeof found === 'string' && decimal.test(found));
	if (!isNumber) return unreadable(`a range needs a number, and there is ${shown(found)}`);
	const number = typeof found === 'string' ? Number(found.replaceAll('_', '')) : Number(found);
	return judge(low <= number && number <= high, `between ${low} and ${high}`, found);
}
