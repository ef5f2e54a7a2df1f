/**
 * The only parser of YAML from outside: kubeconfigs, JoinConfigurations, manifests, cluster-info. Bounded in size,
 * tokens, depth and aliases, and linear in its input. A problem names its line and column and repeats no value of the
 * text, which may hold a secret.
 */
import {
	Composer,
	type Document,
	isAlias,
	isMap,
	isScalar,
	isSeq,
	Lexer,
	LineCounter,
	type ParsedNode,
	Parser,
	parseDocument,
	type YAMLMap,
} from 'yaml';
import { KubejoinError } from './errors.ts';
import { limits } from './limits.ts';
import { quoteInput } from './text.ts';

export interface YamlProblem {
	/** As kubectl prints it: `yaml: line 6: mapping values are not allowed in this context`. */
	readonly text: string;
	/** An imperative sentence about this problem. */
	readonly remedy: string;
	readonly line?: number;
	readonly column?: number;
}
export type Path = readonly (string | number)[];
export interface YamlDocument {
	readonly value: unknown;
	/** Where a part of the value is, from 1; for one that is absent, where its parent is. */
	positionOf(path: Path): { readonly line: number; readonly column: number };
}
export interface YamlOptions {
	/** Throws the caller's error. */
	readonly refuse: (problem: YamlProblem) => never;
	/** In bytes. Default: 1 MiB. */
	readonly maxBytes?: number;
	readonly maxTokens?: number;
	/**
	 * Called with each key that is given twice, of which the last value counts: `line 6: key "a" already set in map`.
	 * Default: refused.
	 */
	readonly onDuplicate?: (text: string) => void;
	/** Experiments have merge keys (`<<`), which Chaos Toolkit reads. Default: refused. */
	readonly allowsMergeKeys?: boolean;
}

/**
 * The documents of a YAML or JSON text. Null documents are among them.
 *
 * @param input  bytes in UTF-8 or, with a byte order mark, UTF-16; or text
 * @source sigs.k8s.io/yaml, whose texts are used where its parser has one
 * @differs a key that is given twice is refused, as `kubectl apply` does and `kubectl --kubeconfig` does not; so are
 *   merge keys (`<<`) and tags of other languages. go-yaml reads yes, no, on, off, y and n as true and false
 */
export function readYaml(input: string | Uint8Array, options: YamlOptions): YamlDocument[] {
	const text = typeof input === 'string' ? checkSize(input, options).replace(/^\uFEFF/, '') : decode(input, options);
	const lines = new LineCounter();
	lines.addNewLine(0);
	const refuseAt = (offset: number, { text: what, remedy }: YamlProblem): never => {
		const { line, col } = lines.linePos(offset);
		const at = line === 0 ? { line: 1, column: 1 } : { line, column: col };
		return options.refuse({
			text: `yaml: line ${at.line}: ${what}`,
			remedy: `At line ${at.line}, column ${at.column}, ${remedy}`,
			...at,
		});
	};
	const tokens = [...boundedTokens(text, lines, { refuseAt, ...options })];
	const { allowsMergeKeys = false, onDuplicate } = options;
	const duplicateAt =
		onDuplicate && ((offset: number, text: string) => onDuplicate(`line ${lines.linePos(offset).line}: ${text}`));
	const composer = new Composer({
		uniqueKeys: false,
		prettyErrors: false,
		logLevel: 'silent',
		version: '1.2',
		merge: allowsMergeKeys,
	});
	return [...composer.compose(tokens)].map((document) => {
		const [first] = [...document.errors].sort((one, other) => one.pos[0] - other.pos[0]);
		if (first !== undefined) {
			const open = unclosedProblem(first.message, text.slice(0, first.pos[0]).trimEnd());
			return refuseAt(open?.offset ?? first.pos[0], open ?? problemOf(first.code));
		}
		checkNode(document.contents, { refuseAt, anchors: new Set(), allowsMergeKeys, duplicateAt });
		return {
			value: documentValue(document, refuseAt),
			positionOf: (path: Path) => positionOf(document, path, lines),
		};
	});
}

/** The value of the first document, as client-go reads a file; undefined when the text is empty. */
export const readFirstYaml = (input: string | Uint8Array, options: YamlOptions): YamlDocument | undefined =>
	readYaml(input, options)[0];

const refuseFile =
	(path: string): YamlOptions['refuse'] =>
	({ text, remedy }) => {
		throw new KubejoinError('FILE_UNUSABLE', { path, problem: `${text}. ${remedy}` });
	};

/** The value of the first document of a file. @throws FILE_UNUSABLE with the path and the line, but no value */
export const readYamlFile = (path: string, text: string, options: Omit<YamlOptions, 'refuse'> = {}): unknown =>
	readFirstYaml(text, { ...options, refuse: refuseFile(path) })?.value;

/**
 * The text of a file with another value for one field of the map at its top. Comments and the order of fields stay.
 *
 * @throws FILE_UNUSABLE
 */
export function withTopField(path: string, text: string, field: string, value: string): string {
	readYamlFile(path, text);
	const document = parseDocument(text.replace(/^\uFEFF/, ''), { uniqueKeys: false });
	document.set(field, value);
	return document.toString({ lineWidth: 0 });
}

const maxBytesOf = ({ maxBytes = limits.yamlBytes.value }: YamlOptions): number => maxBytes;
const tooLarge = (what: string): YamlProblem => ({
	text: `yaml: ${what}`,
	remedy: 'Give a smaller file, or divide it',
});

function checkSize(text: string, options: YamlOptions): string {
	const max = maxBytesOf(options);
	return text.length > max ? options.refuse(tooLarge(`the text is longer than ${max} bytes`)) : text;
}

function decode(bytes: Uint8Array, options: YamlOptions): string {
	const max = maxBytesOf(options);
	if (bytes.length > max) return options.refuse(tooLarge(`the text is longer than ${max} bytes`));
	const [first, second] = bytes;
	const hasMark = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
	const isUtf16 = hasMark || (bytes.length > 1 && (first === 0 || second === 0));
	if (isUtf16 && !hasMark)
		return options.refuse({
			text: 'yaml: control characters are not allowed',
			remedy: 'The file is UTF-16 without a byte order mark: save it as UTF-8',
		});
	try {
		// TextDecoder removes the byte order mark.
		return new TextDecoder(isUtf16 ? (first === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8', { fatal: true }).decode(
			bytes,
		);
	} catch {
		return options.refuse({
			text: isUtf16 ? 'yaml: incomplete UTF-16 character' : 'yaml: invalid leading UTF-8 octet',
			remedy: 'Save the file as UTF-8',
		});
	}
}

type RefuseAt = (offset: number, problem: YamlProblem) => never;

/** Ends at the first token that YAML does not allow. */
function* boundedTokens(
	text: string,
	lines: LineCounter,
	{ refuseAt, maxTokens = limits.yamlTokens.value }: Pick<YamlOptions, 'maxTokens'> & { readonly refuseAt: RefuseAt },
) {
	const control = text.search(forbiddenInYaml);
	if (control !== -1) {
		for (let end = text.indexOf('\n'); end !== -1 && end < control; end = text.indexOf('\n', end + 1))
			lines.addNewLine(end + 1);
		refuseAt(control, {
			text: 'control characters are not allowed',
			remedy: 'delete the control character, or write it as an escape between double quotes',
		});
	}
	const parser = new Parser(lines.addNewLine);
	let aliases = 0;
	let count = 0;
	let isFailed = false;
	for (const lexeme of new Lexer().lex(text)) {
		for (const token of parser.next(lexeme)) {
			yield token;
			isFailed ||= token.type === 'error';
		}
		if (isFailed) return;
		if (lexeme.startsWith('*')) aliases += 1;
		count += 1;
		if (parser.stack.length > limits.yamlDepth.value)
			refuseAt(parser.offset, {
				text: `exceeded max depth of ${limits.yamlDepth.value}`,
				remedy: 'nest fewer lists and maps',
			});
		if (aliases > limits.yamlAliases.value) refuseAt(parser.offset, excessiveAliasing);
		if (count > maxTokens)
			refuseAt(parser.offset, { text: `more than ${maxTokens} tokens`, remedy: 'give a smaller file, or divide it' });
	}
	yield* parser.end();
}

/** Every control but tab, CR, LF and NEL. @source go-yaml readerc.go */
export const forbiddenInYaml = /[^\P{Cc}\t\n\r\x85]|[\uFFFE\uFFFF]/u;

/** go-yaml's texts; those of the library repeat the input. */
function problemOf(code: string): YamlProblem {
	const [text, remedy] = problems[code] ?? ['could not parse this', 'correct the syntax'];
	return { text, remedy };
}
/**
 * A list or a map in brackets without its end. The library calls it an indent where other keys may follow.
 *
 * @param before  the text before the place where the library misses the bracket
 */
function unclosedProblem(message: string, before: string): (YamlProblem & { readonly offset: number }) | undefined {
	const [, end] = /^Flow .* end with a ([\]}])$/.exec(message) ?? [];
	if (end === undefined) return undefined;
	const what = /[[{,]$/.test(before) ? 'node content' : `',' or '${end}'`;
	const { remedy } = problemOf('MISSING_CHAR');
	return { text: `did not find expected ${what}`, remedy, offset: before.length };
}

const quoteIt =
	'put a value that begins with [, {, *, &, !, %, @ or ` or that has ": " or " #" in it between double quotes';
const problems: Readonly<Record<string, readonly [text: string, remedy: string]>> = {
	TAB_AS_INDENT: ['found character that cannot start any token', 'indent with blanks; YAML allows no tabs'],
	BLOCK_AS_IMPLICIT_KEY: ['mapping values are not allowed in this context', quoteIt],
	MULTILINE_IMPLICIT_KEY: ["could not find expected ':'", 'write the key on one line, followed by a colon and a blank'],
	MISSING_CHAR: ['did not find expected character', 'close the quote or the bracket, and separate items by a comma'],
	BAD_INDENT: ['did not find expected key', 'indent the keys of one map by the same number of blanks'],
	UNEXPECTED_TOKEN: ['did not find expected key', quoteIt],
	BLOCK_IN_FLOW: ['did not find expected node content', 'inside [ ] and { } use commas, not lines'],
	BAD_SCALAR_START: ['found character that cannot start any token', quoteIt],
	BAD_DQ_ESCAPE: ['found unknown escape character', 'write a backslash as two, or use single quotes'],
	BAD_ALIAS: ['unknown anchor referenced', quoteIt],
	TAG_RESOLVE_FAILED: ['unknown tag', 'leave the tag out, or put the value between double quotes'],
	KEY_OVER_1024_CHARS: ["could not find expected ':'", 'shorten the key to 1024 characters'],
};

interface Walk {
	readonly refuseAt: RefuseAt;
	/** The anchors before this one. */
	readonly anchors: Set<string>;
	readonly allowsMergeKeys: boolean;
	readonly duplicateAt: ((offset: number, text: string) => void) | undefined;
}

/** Duplicate keys and unknown aliases. The depth of the recursion is that of the text, which is bounded. */
function checkNode(node: ParsedNode | null, walk: Walk): void {
	const { refuseAt, anchors } = walk;
	if (node === null) return;
	if (isAlias(node)) {
		if (!anchors.has(node.source)) refuseAt(node.range[0], problemOf('BAD_ALIAS'));
		return;
	}
	if (isSeq(node)) for (const item of node.items) checkNode(item as ParsedNode | null, walk);
	if (isMap(node)) checkMap(node as YAMLMap.Parsed, walk);
	if (node.anchor !== undefined) anchors.add(node.anchor);
}

function checkMap(map: YAMLMap.Parsed, walk: Walk): void {
	const keys = new Set<string>();
	for (const { key, value } of map.items) {
		const refuse = (problem: YamlProblem) => walk.refuseAt(key.range[0], problem);
		const name = isScalar(key)
			? String(key.value)
			: refuse({ text: 'invalid map key', remedy: 'use a text as the key' });
		if (name === '<<' && !walk.allowsMergeKeys)
			refuse({ text: 'merge keys are not read', remedy: 'write the fields out in place of <<' });
		if (keys.has(name)) {
			const text = `key ${quoteInput(name, 64)} already set in map`;
			// go-yaml counts to the line of the value.
			if (walk.duplicateAt === undefined) refuse({ text, remedy: 'keep one of the two keys' });
			else walk.duplicateAt(value?.range[0] ?? key.range[0], text);
		}
		keys.add(name);
		checkNode(value, walk);
	}
}

function documentValue(document: Document.Parsed, refuseAt: RefuseAt): unknown {
	try {
		return document.toJS({ maxAliasCount: limits.yamlAliases.value });
	} catch (error) {
		return refuseAt(document.range[0], error instanceof ReferenceError ? excessiveAliasing : badMerge);
	}
}
const excessiveAliasing: YamlProblem = {
	text: 'document contains excessive aliasing',
	remedy: `write values out in place of aliases; ${limits.yamlAliases.value} are allowed`,
};

/** @source go-yaml decode.go failWantMap */
const badMerge: YamlProblem = {
	text: 'map merge requires map or sequence of maps as the value',
	remedy: 'merge an alias of a map with <<',
};

function positionOf(document: Document.Parsed, path: Path, lines: LineCounter): { line: number; column: number } {
	for (let length = path.length; length >= 0; length--) {
		const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
		const range = (node as ParsedNode | null | undefined)?.range;
		if (range !== undefined && range !== null) {
			const { line, col } = lines.linePos(range[0]);
			return { line, column: col };
		}
	}
	return { line: 1, column: 1 };
}
