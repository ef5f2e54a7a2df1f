/** Text as Go prints it, so that messages equal upstream's byte for byte. Knows nothing of authorization. */

const shortEscapes: Readonly<Record<string, string>> = {
	'"': '\\"',
	'\\': '\\\\',
	'\u0007': '\\a',
	'\b': '\\b',
	'\f': '\\f',
	'\n': '\\n',
	'\r': '\\r',
	'\t': '\\t',
	'\v': '\\v',
};

const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0');

function escaped(character: string): string {
	if (character === ' ') return character;
	const short = shortEscapes[character];
	if (short !== undefined) return short;
	const code = character.codePointAt(0) ?? 0;
	if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
	return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

/**
 * A string in double quotes, with everything that is not printable escaped.
 * @source Go `%q` (strconv.Quote): printable are letters, marks, numbers, punctuation, symbols and the ASCII space
 */
export const quoted = (text: string): string => `"${text.replace(/["\\\p{C}\p{Z}]/gu, escaped)}"`;

const MAX_QUOTED = 256;

/** As `quoted`, for input of any length: at most 256 characters of it. */
export const quotedInput = (text: string): string =>
	quoted(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text);

/**
 * Several errors as one text: the only one as it is, more in brackets, each text once. Undefined when there is none.
 * @source k8s.io/apimachinery/pkg/util/errors NewAggregate
 */
export function aggregated(errors: readonly string[]): string | undefined {
	const distinct = [...new Set(errors)];
	return distinct.length > 1 ? `[${distinct.join(', ')}]` : distinct[0];
}
