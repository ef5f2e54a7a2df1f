/**
 * Text that comes from outside, before it reaches a terminal, a log or a page: made printable, cut to a length that a
 * message can hold, and without secrets. Each place that writes applies these once, where it writes.
 */

/**
 * Controls, bidi controls, zero-width and other invisible characters, line separators, lone surrogates; emoji keep
 * their selectors.
 */
const unprintable = /(?![\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/gu;
const shortForms: Readonly<Record<string, string>> = { '\x1b': '^[', '\r': '\\r', '\n': '\\n', '\t': '\\t' };

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, '0');

function escaped(character: string): string {
	const code = character.codePointAt(0) ?? 0;
	if (code < 0x80) return shortForms[character] ?? `\\x${hex(code, 2)}`;
	return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
}

export interface PrintableOptions {
	/** In characters, before escaping; the rest becomes `...`. Default: all of it. */
	readonly maxLength?: number;
}

/**
 * One line without anything that moves the cursor, changes colours, reorders or hides text.
 *
 * @source cli-runtime pkg/printers WriteEscaped (CVE-2021-25743): ESC is `^[`, CR is `\r`
 * @differs kubectl passes every other control character on; here they are escaped as Go's %q does
 */
export const printable = (text: string, { maxLength = Number.POSITIVE_INFINITY }: PrintableOptions = {}): string =>
	cutAt(text, maxLength).replace(unprintable, escaped);

/** As `printable`, with the line breaks and tabs of the text. */
export const printableLines = (text: string): string =>
	text.replace(unprintable, (character) => (character === '\n' || character === '\t' ? character : escaped(character)));

/** JSON text of the same value without unprintable characters; line breaks and tabs between its tokens stay. */
export const printableJson = (json: string): string =>
	json.replace(unprintable, (character) =>
		character === '\n' || character === '\t'
			? character
			: [...new Array(character.length).keys()].map((at) => `\\u${hex(character.charCodeAt(at), 4)}`).join(''),
	);

/** A cell of a table: cut at the first line break. @source cli-runtime pkg/printers/tableprinter.go */
export function printableCell(text: string): string {
	const end = text.search(/[\f\n\r]/);
	return end === -1 ? printable(text) : `${printable(text.slice(0, end))}...`;
}

/** Whether `printable` would change nothing. */
export const isPrintable = (text: string): boolean => text.search(unprintable) === -1;

/** The same value with every text in it printable. */
export function printableDeep<T>(value: T): T {
	if (typeof value === 'string') return printable(value) as T;
	if (typeof value !== 'object' || value === null) return value;
	if (Array.isArray(value)) return value.map(printableDeep) as T;
	return Object.fromEntries(Object.entries(value).map(([key, item]) => [printable(key), printableDeep(item)])) as T;
}

/** Quoted and escaped as Go's %q, for messages that repeat untrusted text. Never for a secret. */
export const quoteInput = (text: string, maxLength = 256): string =>
	`"${printable(text.slice(0, maxLength + 1).replace(/["\\]/g, '\\$&'), { maxLength })}"`;

function cutAt(text: string, maxLength: number): string {
	if (text.length <= maxLength) return text;
	return `${text.slice(0, maxLength).replace(/[\uD800-\uDBFF]$/, '')}...`;
}

/** Each also holds in JSON: a replacement never takes a quote or half an escape away. */
const masks: readonly (readonly [form: RegExp, masked: string])[] = [
	[
		/(-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----)(?:(?!-----)[^"\\]|\\[nrt])*(?:-----END [A-Z0-9 ]*PRIVATE KEY-----)?/g,
		'$1 ****',
	],
	// A private key in base64: every PEM block but certificates and public keys.
	[/LS0tLS1CRUdJTiB(?!DRVJUSUZJ|QVUJMSUMg)[A-Za-z0-9+/]*(?:(?:\\[nr]|\s)*[A-Za-z0-9+/]{20,})*=*/g, '****'],
	[/((?:client-)?key-data(?:\\?["'])?\s*[:=]\s*(?:\\?["'])?)[A-Za-z0-9+/=]+/g, '$1****'],
	// The break before a token may be written as \n, \x0a or \u000a.
	[/(?<=^|[^a-z0-9]|\\[bfnrt]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4})([a-z0-9]{6})\.[a-z0-9]{16,}/g, '$1.****************'],
	[/(\bBearer\s+)(?!tokens?\b|[a-z0-9]{6}\.\*{16})[^\s"'\\]+/gi, '$1****'],
	[/(?<![\w-])eyJ[\w-]{8,}\.[\w-]{2,}\.[\w-]*/g, 'eyJ****'],
	// To the last @, as the host is read.
	[/\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s/:@"']*):[^\s/"']+@/gi, '$1:****@'],
	// A token in place of a user: as long as no name is.
	[/(?<=:\/\/)[^\s/:@"']{20,}@/g, '****@'],
	[/([?&][\w-]{0,30}(?:token|secret|password|signature|sig)=)[^\s&#"'\\]+/gi, '$1****'],
];

/**
 * Masks texts with the form of a secret: bootstrap tokens (the ID stays), bearer tokens, JWTs, private keys as PEM or
 * base64, passwords and tokens in URLs. The last line of defence of all that is written; no caller may rely on it.
 */
export const maskSecrets = (text: string): string =>
	masks.reduce((masked, [form, replacement]) => masked.replace(form, replacement), text);

/** Makes untrusted text printable on a terminal, without secrets. */
export const terminalText = (text: string): string => maskSecrets(printableLines(text));

/** A text as one word of a POSIX shell. */
export const shellWord = (text: string): string =>
	/^[\w./:=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
