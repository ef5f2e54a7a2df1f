/** Finds the sentences in source code, for tests of their translations. */
import jsTokens from 'js-tokens';

/** Takes the place of an expression. */
export const VALUE = 'VALUE';

/** Sentences in code as templates: `+` joins literals, and a value takes the place of an expression. */
export function sentencesIn(source: string, isWanted: (before: readonly string[]) => boolean = () => true): string[] {
	const tokens = [...jsTokens(source)].filter(({ type }) => !/WhiteSpace|LineTerminator|Comment/.test(type));
	const found: string[] = [];
	const before: string[] = [];
	let text: string | undefined;
	let isJoined = false;
	let depth = 0;
	const end = () => {
		if (text !== undefined && /\p{L} \p{L}/u.test(text) && isWanted(before)) found.push(text);
		text = undefined;
	};
	for (const { type, value } of tokens) {
		if (type === 'TemplateTail') depth--;
		else if (depth > 0 && type !== 'TemplateHead' && type !== 'TemplateMiddle') continue;
		if (type === 'StringLiteral' || /^Template|^NoSubstitutionTemplate$/.test(type)) {
			if (text !== undefined && !isJoined && !/Middle|Tail/.test(type)) end();
			const isOpen = type === 'TemplateHead' || type === 'TemplateMiddle';
			text = `${text ?? ''}${literal(value)}${isOpen ? VALUE : ''}`;
			isJoined = false;
			if (type === 'TemplateHead') depth++;
		} else if (value === '+') isJoined = true;
		else {
			if (isJoined && text !== undefined) text += VALUE;
			end();
			isJoined = false;
			before.push(value);
		}
	}
	end();
	return found;
}

/** The text of a string literal, or of a part of a template. */
const literal = (token: string): string => token.replace(/^['"`}]|(?:['"`]|\$\{)$/g, '').replace(/\\(['"`])/g, '$1');
