/**
 * One step of the path of a field, as FieldsV1 writes it: `f:NAME` a field, `k:{"KEY":VALUE}` an element of a list with
 * keys, `v:VALUE` an element of a set, `i:INDEX` an element of a list.
 *
 * @source structured-merge-diff fieldpath/element.go, serialize-pe.go
 */
import { escapeHtml } from '../../codec/escape-html.ts';
import { isJsonObject, type JsonObject } from '../../json-object.ts';

export type PathElement = string;
export type Path = readonly PathElement[];

export const fieldElement = (name: string): PathElement => `f:${name}`;
export const valueElement = (value: unknown): PathElement => `v:${goJson(value)}`;
export const keyElement = (keys: Readonly<JsonObject>): PathElement =>
	`k:${goJson(Object.fromEntries(Object.entries(keys).sort(([a], [b]) => compareTexts(a, b))))}`;

const goJson = (value: unknown): string => escapeHtml(JSON.stringify(value));

type Parsed =
	| { readonly form: 'f'; readonly name: string }
	| { readonly form: 'k'; readonly keys: readonly (readonly [string, unknown])[] }
	| { readonly form: 'v'; readonly value: unknown }
	| { readonly form: 'i'; readonly index: number };

/** @throws SyntaxError  the text is not an element */
function parsed(element: PathElement): Parsed | undefined {
	const [form, text] = [element.slice(0, 2), element.slice(2)];
	if (form === 'f:') return { form: 'f', name: text };
	if (form === 'v:') return { form: 'v', value: JSON.parse(text) };
	if (form === 'i:' && /^-?\d{1,15}$/.test(text)) return { form: 'i', index: Number(text) };
	if (form === 'k:') {
		const keys: unknown = JSON.parse(text);
		if (isJsonObject(keys)) return { form: 'k', keys: Object.entries(keys) };
	}
	if (/^[fvik]?:/.test(element) || element[1] !== ':') throw new SyntaxError(`not an element of a path: ${element}`);
	return undefined;
}

/**
 * The element in the form that equal elements share.
 *
 * @returns undefined for an element of an unknown kind, which a later version of Kubernetes may know
 * @throws SyntaxError  the text is not an element
 */
export function canonicalElement(text: string): PathElement | undefined {
	const element = parsed(text);
	if (element === undefined) return undefined;
	if (element.form === 'k') return keyElement(Object.fromEntries(element.keys));
	if (element.form === 'v') return valueElement(element.value);
	return element.form === 'i' ? `i:${element.index}` : text;
}

export const compareTexts = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

const formOrder = ['k', 'v', 'i'];

/** In the order in which FieldsV1 lists elements. */
export function sortedElements(elements: Iterable<PathElement>): PathElement[] {
	const all = [...elements];
	const fields = all.filter((element) => element[0] === 'f').sort();
	if (fields.length === all.length) return fields;
	const others = all
		.filter((element) => element[0] !== 'f')
		.map((element) => ({ element, parsed: parsed(element) }))
		.sort(compareElements);
	return [...fields, ...others.map(({ element }) => element)];
}

interface Read {
	readonly element: PathElement;
	readonly parsed: Parsed | undefined;
}
function compareElements(left: Read, right: Read): number {
	const [a, b] = [left.element[0] ?? '', right.element[0] ?? ''];
	if (a !== b) return formOrder.indexOf(a) - formOrder.indexOf(b);
	const [one, other] = [left.parsed, right.parsed];
	if (one?.form === 'k' && other?.form === 'k') return compareKeys(one.keys, other.keys);
	if (one?.form === 'v' && other?.form === 'v') return compareValues(one.value, other.value);
	return one?.form === 'i' && other?.form === 'i' ? one.index - other.index : 0;
}

type Keys = readonly (readonly [string, unknown])[];
function compareKeys(left: Keys, right: Keys): number {
	for (const [at, [name, value]] of left.entries()) {
		const other = right[at];
		if (other === undefined) return 1;
		const order = compareTexts(name, other[0]) || compareValues(value, other[1]);
		if (order !== 0) return order;
	}
	return left.length - right.length;
}

const valueOrder = ['number', 'string', 'boolean', 'object'];
function compareValues(left: unknown, right: unknown): number {
	if (typeof left !== typeof right) return valueOrder.indexOf(typeof left) - valueOrder.indexOf(typeof right);
	if (typeof left === 'string') return compareTexts(left, right as string);
	return Number(left) - Number(right) || 0;
}

const MAX_SHOWN = 256;
const cut = (text: string): string => (text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);

/** `.name`, `[port=80,protocol="TCP"]`, `[="value"]`, `[0]`. */
function elementText(element: PathElement): string {
	const found = parsed(element);
	switch (found?.form) {
		case 'f':
			return `.${cut(found.name)}`;
		case 'k':
			return `[${found.keys.map(([name, value]) => `${name}=${cut(JSON.stringify(value))}`).join(',')}]`;
		case 'v':
			return `[=${cut(JSON.stringify(found.value))}]`;
		default:
			return `[${element.slice(2)}]`;
	}
}

/** A path as messages show it: `.spec.ports[port=80,protocol="TCP"].name`. */
export const pathText = (path: Path): string => path.map(elementText).join('');
