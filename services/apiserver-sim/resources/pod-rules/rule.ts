/**
 * The parts of the rules of a pod. A rule checks one value; the rules of a part have the order of upstream's problems.
 */
import type { FieldProblem } from '../../../../lib/errors.ts';
import { invalid, notSupported, required } from '../../../../lib/kube/object-meta.ts';

export type Fields = Readonly<Record<string, unknown>>;
/** @param at  the path of the value */
export type Rule = (value: unknown, at: string) => FieldProblem[];

const none: Fields = {};
export const isSet = (value: unknown): boolean => value !== undefined && value !== null;
/** A missing value and null are Go's zero value. */
export const fieldsOf = (value: unknown): Fields =>
	typeof value === 'object' && value !== null ? (value as Fields) : none;
export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
export const numberOf = (value: unknown): number => (typeof value === 'number' ? value : 0);
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
export const textsOf = (value: unknown): readonly string[] => listOf(value).map(textOf);

/** A refusal names twenty. The work for a list of ten thousand invalid elements ends here. */
const ENOUGH_PROBLEMS = 500;

/** The problems of the elements, until there are enough. */
export function collected<T>(
	list: readonly T[],
	problemsOf: (element: T, index: number) => readonly FieldProblem[],
): FieldProblem[] {
	const problems: FieldProblem[] = [];
	for (let index = 0; index < list.length && problems.length < ENOUGH_PROBLEMS; index++)
		for (const problem of problemsOf(list[index] as T, index)) problems.push(problem);
	return problems;
}

export const all =
	(...rules: readonly Rule[]): Rule =>
	(value, at) =>
		collected(rules, (rule) => rule(value, at));
export const optional =
	(rule: Rule): Rule =>
	(value, at) =>
		isSet(value) ? rule(value, at) : [];
export const unlessEmpty =
	(rule: Rule): Rule =>
	(value, at) =>
		textOf(value) === '' ? [] : rule(value, at);
export const each =
	(rule: Rule): Rule =>
	(value, at) =>
		collected(listOf(value), (element, index) => rule(element, `${at}[${index}]`));

/** Init containers come first. @source pkg/apis/core/pods VisitContainersWithPath */
export const containersOf = (spec: Fields, at: string): readonly (readonly [container: Fields, path: string])[] =>
	['initContainers', 'containers', 'ephemeralContainers'].flatMap((list) =>
		listOf(spec[list]).map((one, index) => [fieldsOf(one), `${at}.${list}[${index}]`] as const),
	);

/** Each field has a rule, and the rules run in this order. */
export function fields(rules: Readonly<Record<string, Rule>>): Rule {
	const entries = Object.entries(rules);
	return (value, at) => collected(entries, ([name, rule]) => rule(fieldsOf(value)[name], `${at}.${name}`));
}

export const present: Rule = (value, at) => (textOf(value) === '' ? [required(at)] : []);
export const notEmptyList: Rule = (value, at) => (listOf(value).length === 0 ? [required(at)] : []);
export const text =
	(problemsOf: (text: string) => readonly string[]): Rule =>
	(value, at) =>
		problemsOf(textOf(value)).map((detail) => invalid(at, textOf(value), detail));
/** A problem of the form comes after that of a missing text, and not beside it. */
export const presentAnd =
	(rule: Rule): Rule =>
	(value, at) =>
		textOf(value) === '' ? [required(at)] : rule(value, at);
export const oneOf =
	(...supported: readonly string[]): Rule =>
	(value, at) =>
		supported.includes(textOf(value)) ? [] : [notSupported(at, textOf(value), supported)];

export const number =
	(isValid: (number: number) => boolean, detail: string): Rule =>
	(value, at) =>
		isValid(numberOf(value)) ? [] : [invalid(at, numberOf(value), detail)];
export const inRange = (least: number, most: number): Rule =>
	number((value) => value >= least && value <= most, `must be between ${least} and ${most}, inclusive`);
export const notNegative = number((value) => value >= 0, 'must be greater than or equal to 0');
export const positive = number((value) => value > 0, 'must be greater than zero');
export const fileMode = number(
	(value) => value >= 0 && value <= 0o777,
	'must be a number between 0 and 0777 (octal), both inclusive',
);
const MAX_ID = 2 ** 31 - 1;
export const unixId = inRange(0, MAX_ID);

export const noBacksteps: Rule = (value, at) =>
	textOf(value).split('/').includes('..') ? [invalid(at, value, "must not contain '..'")] : [];
/** @source validateLocalDescendingPath */
export const relativePath: Rule = (value, at) => [
	...(textOf(value).startsWith('/') ? [invalid(at, value, 'must be a relative path')] : []),
	...noBacksteps(value, at),
];
/** @source ValidateLocalNonReservedPath */
export const localPath: Rule = (value, at) => [
	...relativePath(value, at),
	...(/^\.\.(?!\/)/.test(textOf(value)) ? [invalid(at, value, "must not start with '..'")] : []),
];
