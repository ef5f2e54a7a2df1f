/** Field selectors as text and as requirements. @source k8s.io/apimachinery/pkg/fields ParseSelector */
import { KubejoinError } from '../../lib/errors.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { FieldRequirement } from './authorize/attributes.ts';
import { quoted } from './authorize/go-text.ts';

/** The fields of an object that may be selected by. */
export type SelectableFields = (object: KubeObject) => Readonly<Record<string, string>>;

/** `!=` before `=`: the first that the rest of a term begins with is meant. */
const operators = ['!=', '==', '='] as const;

/**
 * `a=b,c!=d` -> requirements, sorted as upstream sorts them. A backslash takes the meaning of the comma, `=` or
 * backslash that follows.
 *
 * @throws API_BAD_REQUEST
 */
export function parseFieldSelector(text: string): FieldRequirement[] {
	if (isTooLong(text))
		throw badRequest(`the field selector has more than ${limits.fieldSelectorCharacters.value} characters`);
	return splitTerms(text)
		.filter((term) => term !== '')
		.toSorted()
		.map((term) => {
			const at = term.search(/!=|=/);
			const operator = operators.find((one) => at !== -1 && term.startsWith(one, at));
			if (operator === undefined) throw badRequest(`invalid selector: '${cut(text)}'; can't understand '${cut(term)}'`);
			return {
				field: term.slice(0, at),
				operator: operator === '!=' ? '!=' : '=',
				value: unescaped(term.slice(at + operator.length)),
			};
		});
}

const isTooLong = (text: string): boolean => text.length > limits.fieldSelectorCharacters.value;

/** A selector that is read before the request is allowed, and `check`, which throws its problem after that. */
export function readFieldSelector(text: string): {
	fieldSelector: FieldRequirement[];
	check: (count: CountRefusal) => void;
} {
	try {
		return { fieldSelector: parseFieldSelector(text), check: () => undefined };
	} catch (error) {
		const check = (count: CountRefusal) => {
			if (isTooLong(text)) count('fieldSelectorCharacters');
			throw error;
		};
		return { fieldSelector: [], check };
	}
}

const badRequest = (problem: string) => new KubejoinError('API_BAD_REQUEST', { problem });
const cut = (text: string): string => (text.length > 256 ? `${text.slice(0, 256)}...` : text);

const splitTerms = (text: string): string[] => text.match(/(?:\\.|[^,\\]|\\$)+/gs) ?? [];

/** @source k8s.io/apimachinery/pkg/fields UnescapeValue */
function unescaped(value: string): string {
	return value.replace(/\\(.?)|[=]/gs, (sequence, escaped?: string) => {
		if (escaped === undefined) throw badRequest('invalid field selector: unescaped character in value: 61');
		if (['\\', ',', '='].includes(escaped)) return escaped;
		throw badRequest(`invalid field selector: invalid escape sequence: ${sequence}`);
	});
}

/** The name that `metadata.name=X` asks for, or undefined. */
export const selectedName = (requirements: readonly FieldRequirement[]): string | undefined =>
	requirements.find(({ field, operator }) => field === 'metadata.name' && operator === '=')?.value;

/** Of a kind without fields of its own. @source apimachinery/pkg/runtime DefaultMetaV1FieldSelectorConversion */
const commonFields = ['metadata.name', 'metadata.namespace'];

/** Also where there is no object to select from. @throws API_BAD_REQUEST for a field that cannot be selected by */
export function requireSelectable(fields: Readonly<Record<string, string>>, requirements: readonly FieldRequirement[]) {
	const unknown = requirements.find(({ field }) => !Object.hasOwn(fields, field));
	if (unknown === undefined) return;
	const field = cut(unknown.field);
	const isCommon = Object.keys(fields).every((one) => commonFields.includes(one));
	throw badRequest(
		isCommon
			? `${quoted(field)} is not a known field selector: only ${commonFields.map(quoted).join(', ')}`
			: `field label not supported: ${field}`,
	);
}

/** Whether an object has the selected fields, which `requireSelectable` has checked. */
export function matchesFields(
	fields: Readonly<Record<string, string>>,
	requirements: readonly FieldRequirement[],
): boolean {
	return requirements.every(({ field, operator, value }) => (fields[field] === value) === (operator === '='));
}
