/** Finds the sentences in source code, for tests of their translations. */
import jsTokens from 'js-tokens';

/** Takes the place of an expression. */
export const VALUE = 'VALUE';

/** Selects a sentence by all tokens before it that are no text, and the two tokens after it. */
export type IsWanted = (before: readonly string[], after: readonly string[]) => boolean;

/** Sentences in code as templates: `+` joins literals, and a value takes the place of an expression. */
export function sentencesIn(source: string, isWanted: IsWanted = () => true): string[] {
	const tokens = [...jsTokens(source)].filter(({ type }) => !/WhiteSpace|LineTerminator|Comment/.test(type));
	const found: string[] = [];
	const before: string[] = [];
	let text: string | undefined;
	let isJoined = false;
	let depth = 0;
	const end = (index: number) => {
		const after = tokens.slice(index, index + 2).map(({ value }) => value);
		if (text !== undefined && /\p{L} \p{L}/u.test(text) && isWanted(before, after)) found.push(text);
		text = undefined;
	};
	for (const [index, { type, value }] of tokens.entries()) {
		if (type === 'TemplateTail') depth--;
		else if (depth > 0 && type !== 'TemplateHead' && type !== 'TemplateMiddle') continue;
		if (type === 'StringLiteral' || /^Template|^NoSubstitutionTemplate$/.test(type)) {
			if (text !== undefined && !isJoined && !/Middle|Tail/.test(type)) end(index);
			const isOpen = type === 'TemplateHead' || type === 'TemplateMiddle';
			text = `${text ?? ''}${literal(value)}${isOpen ? VALUE : ''}`;
			isJoined = false;
			if (type === 'TemplateHead') depth++;
		} else if (value === '+') isJoined = true;
		else {
			if (isJoined && text !== undefined) text += VALUE;
			end(index);
			isJoined = false;
			before.push(value);
		}
	}
	end(tokens.length);
	return found;
}

/** The text of a string literal, or of a part of a template. */
const literal = (token: string): string => token.replace(/^['"`}]|(?:['"`]|\$\{)$/g, '').replace(/\\(['"`])/g, '$1');
