/**
 * Label selectors, for example `app in (a,b),!canary`.
 *
 * @source k8s.io/apimachinery/pkg/labels selector.go
 * @differs upstream ends a selector at a NUL character; here it is a part of the word
 */
import { KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import { quoteInput } from '../text.ts';
import { labelValueProblems, qualifiedNameProblems } from './names.ts';

export type LabelOperator = 'in' | 'notin' | '=' | '==' | '!=' | 'gt' | 'lt' | 'exists' | '!';

export interface LabelRequirement {
	readonly key: string;
	readonly operator: LabelOperator;
	/** In the order of their UTF-16 code units. */
	readonly values: readonly string[];
}
type Labels = Readonly<Record<string, string>>;

const MAX_QUOTED = 256;

/** Requirements in the order of their keys. @throws API_BAD_REQUEST */
export function parseLabelSelector(text: string): LabelRequirement[] {
	const max = limits.labelSelectorCharacters.value;
	if (text.length > max) {
		const problem = `the label selector has more than ${max} characters`;
		throw new KubejoinError('API_BAD_REQUEST', { problem, limit: 'labelSelectorCharacters' });
	}
	try {
		const parsed = new Parser(tokensOf(text)).parse();
		return parsed.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
	} catch (error) {
		if (error instanceof Problem) throw new KubejoinError('API_BAD_REQUEST', { problem: error.message });
		throw error;
	}
}

/** Takes time for the labels of an object and not for each requirement, of which a selector can have thousands. */
export function labelMatcher(
	requirements: readonly LabelRequirement[],
): (labels: Labels | null | undefined) => boolean {
	const ofPresent: LabelRequirement[] = [];
	/** By key, those that an object without the label meets. */
	const ofAny = new Map<string, LabelRequirement[]>();
	for (const requirement of requirements) {
		const { key, operator } = requirement;
		if (operator !== '!' && operator !== '!=' && operator !== 'notin') ofPresent.push(requirement);
		else {
			const same = ofAny.get(key);
			if (same === undefined) ofAny.set(key, [requirement]);
			else same.push(requirement);
		}
	}
	return (labels) => {
		const found = labels ?? {};
		const matches = (requirement: LabelRequirement) => matchesOne(found, requirement);
		if (!ofPresent.every(matches)) return false;
		return ofAny.size === 0 || Object.keys(found).every((key) => ofAny.get(key)?.every(matches) ?? true);
	};
}

function matchesOne(labels: Labels, { key, operator, values }: LabelRequirement): boolean {
	const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
	switch (operator) {
		case 'in':
		case '=':
		case '==':
			return value !== undefined && values.includes(value);
		case 'notin':
		case '!=':
			return value === undefined || !values.includes(value);
		case 'exists':
			return value !== undefined;
		case '!':
			return value === undefined;
		default:
			return isOrdered(value, operator, values[0]);
	}
}

function isOrdered(value: string | undefined, operator: 'gt' | 'lt', bound: string | undefined): boolean {
	const [left, right] = [int64(value), int64(bound)];
	if (left === undefined || right === undefined) return false;
	return operator === 'gt' ? left > right : left < right;
}

function int64(text: string | undefined): bigint | undefined {
	if (text === undefined || !/^[-+]?\d{1,64}$/.test(text)) return undefined;
	const value = BigInt(text.replace('+', ''));
	return value >= -(2n ** 63n) && value < 2n ** 63n ? value : undefined;
}

/** A text that is no selector, in upstream's words. */
class Problem extends Error {}

interface Token {
	readonly kind: 'word' | 'operator' | 'end';
	/** `in` and `notin` are words among values. */
	readonly text: string;
}

const operators = ['==', '!=', '=', '!', '>', '<', '(', ')', ','];
const end: Token = { kind: 'end', text: '' };

function tokensOf(text: string): Token[] {
	const tokens: Token[] = [];
	const pattern = /[ \t\r\n]+|([=!(),><]+)|([^=!(),>< \t\r\n]+)/g;
	for (const [, symbolsText, word] of text.matchAll(pattern)) {
		if (word !== undefined) tokens.push({ kind: 'word', text: word });
		if (symbolsText === undefined) continue;
		for (let at = 0; at < symbolsText.length; ) {
			const found = operators.find((operator) => symbolsText.startsWith(operator, at)) ?? '';
			tokens.push({ kind: 'operator', text: found });
			at += found.length;
		}
	}
	return [...tokens, end];
}

const binaryOperators = ['in', 'notin', '=', '==', '!=', 'gt', 'lt'];
const named: Readonly<Record<string, LabelOperator>> = {
	in: 'in',
	notin: 'notin',
	'=': '=',
	'==': '==',
	'!=': '!=',
	'>': 'gt',
	'<': 'lt',
};

class Parser {
	readonly #tokens: readonly Token[];
	#position = 0;

	constructor(tokens: readonly Token[]) {
		this.#tokens = tokens;
	}

	parse(): LabelRequirement[] {
		const requirements: LabelRequirement[] = [];
		for (;;) {
			const { kind, text } = this.#peek();
			if (kind === 'end') return requirements;
			if (kind !== 'word' && text !== '!')
				throw new Problem(`found '${cut(text)}', expected: !, identifier, or 'end of string'`);
			requirements.push(this.#requirement());
			const next = this.#take();
			if (next.kind === 'end') return requirements;
			if (next.text !== ',' || next.kind === 'word')
				throw new Problem(`found '${cut(next.text)}', expected: ',' or 'end of string'`);
			const after = this.#peek();
			if (after.kind !== 'word' && after.text !== '!')
				throw new Problem(`found '${cut(after.text)}', expected: identifier after ','`);
		}
	}

	#peek(): Token {
		return this.#tokens[this.#position] ?? end;
	}

	#take(): Token {
		const token = this.#peek();
		this.#position++;
		return token;
	}

	#requirement(): LabelRequirement {
		try {
			return this.#keyAndValues();
		} catch (error) {
			if (error instanceof Problem) throw new Problem(`unable to parse requirement: ${error.message}`);
			throw error;
		}
	}

	#keyAndValues(): LabelRequirement {
		let token = this.#take();
		const isNegated = token.kind === 'operator' && token.text === '!';
		if (isNegated) token = this.#take();
		if (token.kind !== 'word') throw new Problem(`found '${cut(token.text)}', expected: identifier`);
		const key = token.text;
		const problems = qualifiedNameProblems(key);
		if (problems.length > 0) throw new Problem(invalidAt('<nil>', key, problems));
		const { kind, text } = this.#peek();
		if (kind === 'end' || (kind === 'operator' && text === ','))
			return { key, operator: isNegated ? '!' : 'exists', values: [] };
		if (isNegated) return { key, operator: '!', values: [] };
		const operator = this.#operator();
		const isSet = operator === 'in' || operator === 'notin';
		const values = [...new Set(isSet ? this.#values() : [this.#exactValue()])].toSorted();
		requireValues(key, operator, values);
		return { key, operator, values };
	}

	#operator(): LabelOperator {
		const { text } = this.#take();
		const operator = Object.hasOwn(named, text) ? named[text] : undefined;
		if (operator === undefined) throw new Problem(`found '${cut(text)}', expected: ${binaryOperators.join(', ')}`);
		return operator;
	}

	#exactValue(): string {
		const { kind, text } = this.#peek();
		if (kind === 'end' || (kind === 'operator' && text === ',')) return '';
		this.#position++;
		if (kind !== 'word') throw new Problem(`found '${cut(text)}', expected: identifier`);
		return text;
	}

	#values(): string[] {
		const open = this.#take();
		if (open.text !== '(') throw new Problem(`found '${cut(open.text)}' expected: '('`);
		const { kind, text } = this.#peek();
		if (kind === 'operator' && text === ')') {
			this.#position++;
			return [''];
		}
		if (kind !== 'word' && text !== ',') throw new Problem(`found '${cut(text)}', expected: ',', ')' or identifier`);
		const values = this.#list();
		this.#position++;
		return values;
	}

	/** Up to the closing parenthesis. */
	#list(): string[] {
		const values: string[] = [];
		for (;;) {
			const { kind, text } = this.#take();
			const next = this.#peek();
			if (kind === 'word') {
				values.push(text);
				if (next.kind === 'operator' && next.text === ')') return values;
				if (next.kind !== 'operator' || next.text !== ',')
					throw new Problem(`found '${cut(next.text)}', expected: ',' or ')'`);
			} else if (kind === 'operator' && text === ',') {
				if (values.length === 0) values.push('');
				if (next.kind === 'operator' && next.text === ')') return [...values, ''];
				if (next.kind === 'operator' && next.text === ',') values.push('');
			} else throw new Problem(`found '${cut(text)}', expected: ',', or identifier`);
		}
	}
}

/** @throws Problem */
function requireValues(key: string, operator: LabelOperator, values: readonly string[]): void {
	const problems = values.flatMap((value, index) => {
		const details = labelValueProblems(value);
		const isNoNumber = (operator === 'gt' || operator === 'lt') && int64(value) === undefined;
		return [
			...(isNoNumber
				? [invalidAt(`values[${index}]`, value, ["for 'Gt', 'Lt' operators, the value must be an integer"])]
				: []),
			...(details.length > 0 ? [invalidAt(`values[${index}][${key}]`, value, details)] : []),
		];
	});
	const unique = [...new Set(problems)];
	if (unique.length > 0) throw new Problem(unique.length === 1 ? unique[0] : `[${unique.join(', ')}]`);
}

const invalidAt = (field: string, value: string, details: readonly string[]): string =>
	`${field}: Invalid value: ${quoteInput(value, MAX_QUOTED)}: ${details.join('; ')}`;

const cut = (text: string): string => (text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text);
