/**
 * Mistakes in an address, a token or a pin that a person typed or pasted: one finding about the form of the text. A
 * finding never repeats the text, because it can contain a secret in any place.
 */
import { ipVersion, splitHostPort } from '../address.ts';
import { parseToken } from './bootstrap-token.ts';

type Rule = readonly [pattern: RegExp, finding: string];

const MAX_LENGTH = 512;

const codePoint = (character: string): string =>
	`U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;

/** Blanks, quotes and characters that look like others, as they come with a text that was copied. */
function pasted(text: string): string | undefined {
	if (text.length > MAX_LENGTH) return `it has ${text.length} characters, far too many`;
	const [invisible] = /\p{Cf}|\p{Default_Ignorable_Code_Point}/u.exec(text) ?? [];
	if (invisible !== undefined) return `it has an invisible character (${codePoint(invisible)}) in it`;
	if (/^\s/.test(text)) return 'it begins with a blank';
	if (/[\r\n]/.test(text)) return 'it has a line break in it';
	if (/\s$/.test(text)) return 'it ends with a blank';
	if (/\s/.test(text)) return 'it has a blank in it';
	if (/["'`\u2018-\u201F\u00AB\u00BB]/.test(text)) return 'it has a quote in it';
	if (/^<.*>$|^\[?(YOUR|MY)[-_]/i.test(text)) return 'it is a placeholder of the documentation';
	if (/^\$/.test(text)) return 'it is the name of a variable, which the shell did not replace';
	const [foreign] = /[^\x20-\x7E]/u.exec(text) ?? [];
	if (foreign !== undefined) return `it has the character ${codePoint(foreign)} in it, which only looks like another`;
	if (/^[^,;]*[,;]$/.test(text)) return `it ends with a ${text.endsWith(',') ? 'comma' : 'semicolon'}`;
	return undefined;
}

const first = (rules: readonly Rule[], text: string): string | undefined =>
	rules.find(([pattern]) => pattern.test(text))?.[1];

const tokenRules: readonly Rule[] = [
	[/^K10.*::/, 'it is a token of k3s; a bootstrap token has the form ID.SECRET'],
	[/^sha\d+[:=]/i, 'it is a hash of a CA key, and no token'],
	[/^eyJ/, 'it is a service-account token (JWT), and no bootstrap token'],
	[/^bootstrap-token-/, 'it is the name of the Secret of a token; list tokens with: kubectl-sim token list'],
	[/^(bearer|token|--[a-z-]*token)\b/i, 'it has a word in front of the token'],
	[/^[a-z0-9]{6}$/, 'it is the ID alone; the dot and the secret of sixteen characters are missing'],
	[/^[a-z0-9]{16}$/, 'it is the secret alone; the ID of six characters and the dot are missing'],
	[/^[a-z0-9]{6}[^a-z0-9.]+[a-z0-9]{16}$/i, 'ID and secret are not separated by a dot'],
	[/^[a-z0-9]{22}$/, 'the dot between ID and secret is missing'],
	[/^\.+|\.+$|\.\./, 'it has a dot too many'],
];

/** Why a text is not a bootstrap token, without repeating it; undefined for one that has the form. */
export function tokenFinding(text: string): string | undefined {
	if (parseToken(text) !== undefined) return undefined;
	const found =
		(text.length <= MAX_LENGTH && /^K10|^bearer\s|^--/i.test(text) ? undefined : pasted(text)) ??
		first(tokenRules, text);
	if (found !== undefined) return found;
	if (parseToken(text.toLowerCase()) !== undefined) return 'it has upper-case letters, and a token has none';
	if (parseToken(Buffer.from(text, 'base64').toString()) !== undefined) return 'it is the base64 of a token; decode it';
	const [id = '', secret = '', ...more] = text.split('.');
	if (more.length > 0) return `it has ${more.length + 1} dots, and a token has one`;
	if (!text.includes('.')) return 'it has no dot; a token is six characters, a dot and sixteen characters';
	if (id.length !== 6) return `its ID has ${count(id, 'character')}, and six are needed`;
	if (secret.length !== 16) return `its secret has ${count(secret, 'character')}, and sixteen are needed`;
	return 'it has characters other than lower-case letters and digits';
}

const otherHashes: Readonly<Record<number, string>> = {
	32: 'MD5',
	40: 'SHA-1',
	56: 'SHA-224',
	96: 'SHA-384',
	128: 'SHA-512',
};

const pinRules: readonly Rule[] = [
	[/^$/, 'it is empty: there is a comma too many, or the command that was to print it printed nothing'],
	[
		/([0-9a-f]{2}:){15,}[0-9a-f]{2}$/i,
		'it has colons between its bytes, as openssl x509 -fingerprint prints them; that is the hash of the ' +
			'certificate, and a pin is the hash of its public key',
	],
	[
		/^SHA2?-?256\(.*\)=|^SHA2-256/i,
		'it is the line that openssl dgst prints; write sha256: in front of its last word alone',
	],
	[/^sha-?256=/i, 'it has = after sha256, and a colon is needed'],
	[/^sha256\/\/|^sha256[-/]/i, 'it has another character than a colon after sha256'],
	[/^sha256::/i, 'it has two colons after sha256'],
	[/^(sha256:)?0x/i, 'it has 0x in front of the digits'],
	[/^sha-256:/i, 'it has a hyphen in sha256'],
	[/^(md5|sha1|sha224|sha384|sha512)[:=]/i, 'it is the hash of another kind; SHA-256 is needed'],
	[/^[a-z0-9]{6}\.[a-z0-9]{16}$/, 'it is a token, and no hash'],
	[/^-----BEGIN|^[./~].*|\.(crt|pem|cer)$/, 'it is a file or its name; the hash of the key in it is needed'],
	[/^(sha256:)?[A-Za-z0-9+/]{43}=$/, 'it is base64, and hexadecimal digits are needed'],
];

/** Why a text is not a pin of a CA key; undefined for one that has the form. */
export function pinFinding(text: string): string | undefined {
	if (/^sha256:[0-9a-f]{64}$/i.test(text)) return undefined;
	const found = (text.length <= MAX_LENGTH && /\(.*\)=/.test(text) ? undefined : pasted(text)) ?? first(pinRules, text);
	if (found !== undefined) return found;
	const digits = text.replace(/^sha256:/i, '');
	const hasPrefix = digits !== text;
	if (/^[0-9a-f]*$/i.test(digits)) {
		if (digits.length === 64) return 'sha256: in front of it is missing';
		const other = otherHashes[digits.length];
		if (other !== undefined) return `it is as long as a hash of ${other}; SHA-256 is needed`;
		return `it has ${digits.length} hexadecimal digits, and 64 are needed`;
	}
	const [wrong = ''] = /[^0-9a-f]/iu.exec(digits) ?? [];
	return hasPrefix
		? `it has the character ${codePoint(wrong)} in it, which is no hexadecimal digit`
		: 'it does not begin with sha256:';
}

const endpointRules: readonly Rule[] = [
	[/^[a-z][a-z0-9+.-]*:\/\//i, 'it begins with a scheme; leave it out'],
	[/@/, 'it has a user name in it'],
	[/%/, 'the address has a zone, and no certificate is for an address with a zone; leave it out, or use a name'],
	[/\//, 'it has a path; leave it out'],
	[/^\[[^\]]*\]$/, 'the port after the brackets is missing'],
	[/^\[[^\]]*$|^[^[]*\]/, 'one of the two brackets is missing'],
	[/^:\d*$/, 'the host in front of the colon is missing'],
	[/:$/, 'the port after the colon is missing'],
];

/** Why a text is not HOST:PORT; undefined for one that is. */
export function endpointFinding(text: string): string | undefined {
	if (splitHostPort(text) !== undefined) return undefined;
	const found = pasted(text) ?? first(endpointRules, text);
	if (found !== undefined) return found;
	const [, host = text, port] = /^(.*):(\d+)$/.exec(text) ?? [];
	if (ipVersion(text) === 6 || ipVersion(host) === 6) return 'an IPv6 address needs brackets: [::1]:6443';
	if (/^\[.*\]$/.test(host)) return 'only an IPv6 address is put in brackets';
	if (port === undefined) return text.includes(':') ? 'the port is not a number' : 'the port is missing, as in :6443';
	if (Number(port) < 1 || Number(port) > 65_535) return 'the port is not from 1 to 65535';
	return 'the host has characters that no name or address has';
}

const count = (text: string, noun: string): string => `${text.length} ${noun}${text.length === 1 ? '' : 's'}`;
