/** The text that people read in a file: comments and sentences in code, and documentation without its code. */
import jsTokens, { type JSXToken, type Token } from 'js-tokens';

export interface TextPart {
	readonly kind: 'page' | 'comment' | 'string';
	readonly line: number;
	readonly text: string;
}

export function textPartsOf(path: string, source: string): TextPart[] {
	if (path.endsWith('.md')) return [{ kind: 'page', line: 1, text: withoutCode(source) }];
	if (/\.[cm]?tsx?$/u.test(path)) return codeParts(path, source);
	return [{ kind: 'page', line: 1, text: source }];
}

/** Fences and inline code keep their lines and lose their words. */
const withoutCode = (source: string): string =>
	source.replace(/^ *```[\s\S]*?^ *```/gmu, (code) => code.replace(/[^\n]/gu, '')).replace(/`[^`\n]*`/gu, '');

export interface CodeToken {
	readonly type: (Token | JSXToken)['type'];
	readonly value: string;
	readonly line: number;
	/** From 0; a tab is one column. */
	readonly column: number;
}

/** Only a .tsx file has JSX: in a .ts file its tokenizer would take a type parameter for an element. */
export function codeTokens(path: string, source: string): CodeToken[] {
	let line = 1;
	let column = 0;
	return [...jsTokens(source, { jsx: path.endsWith('x') })].map(({ type, value }) => {
		const token = { type, value, line, column } as CodeToken;
		const lines = value.split(/\r?\n/u);
		line += lines.length - 1;
		column = lines.length === 1 ? column + value.length : (lines.at(-1)?.length ?? 0);
		return token;
	});
}

export const isComment = ({ type }: Pick<CodeToken, 'type'>): boolean =>
	type === 'MultiLineComment' || type === 'SingleLineComment';

const isSentence = ({ type, value }: CodeToken): boolean => /String|Template/u.test(type) && /\p{L} \p{L}/u.test(value);

function codeParts(path: string, source: string): TextPart[] {
	return codeTokens(path, source).flatMap((token): TextPart[] => {
		const { type, value, line } = token;
		if (isComment(token) || type === 'JSXText')
			return [{ kind: 'comment', line, text: value.replace(/`[^`\n]*`/gu, '') }];
		return isSentence(token) ? [{ kind: 'string', line, text: value }] : [];
	});
}
