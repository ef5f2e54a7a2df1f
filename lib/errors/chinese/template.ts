/** Translates texts that have values in them, as gettext does: by templates with `{name}` for each value. */

interface Template {
	/** The texts between the values. */
	readonly parts: readonly string[];
	readonly names: readonly string[];
	readonly target: string;
}

/** Longer texts are output of programs, and have no template. */
const MAX_LENGTH = 2_000;

/**
 * @param table  templates with their translations, which have the same values
 * @returns undefined for a text without a template
 */
export function translator(table: Readonly<Record<string, string>>): (text: string) => string | undefined {
	// Most programs translate nothing.
	let templates: readonly Template[] | undefined;
	const translate = (text: string): string | undefined => {
		if (Object.hasOwn(table, text)) return table[text];
		if (text.length > MAX_LENGTH) return undefined;
		templates ??= templatesOf(table);
		for (const template of templates) {
			const values = valuesIn(text, template);
			if (values !== undefined) return fill(template.target, (name) => shown(values.get(name) ?? ''));
		}
		return undefined;
	};
	// A value can be a sentence itself, such as the problem that an error reports.
	const shown = (text: string): string => (text.includes(' ') ? (translate(text) ?? text) : text);
	return translate;
}

const templatesOf = (table: Readonly<Record<string, string>>): readonly Template[] =>
	Object.entries(table)
		.filter(([source]) => source.includes('{'))
		.map(([source, target]) => ({ ...partsOf(source), target }))
		.sort((a, b) => literalLength(b) - literalLength(a));

const value = /\{(\w+)\}/g;

export const valueNames = (template: string): readonly string[] =>
	[...template.matchAll(value)].map(([, name = '']) => name);

const fill = (template: string, textOf: (name: string) => string): string =>
	template.replace(value, (_, name: string) => textOf(name));

const partsOf = (source: string): Pick<Template, 'parts' | 'names'> => ({
	parts: source.split(/\{\w+\}/),
	names: valueNames(source),
});

/** The template with most words of its own fits best. */
const literalLength = ({ parts }: Template): number => parts.join('').length;

/** Values without blanks: without this, a template for a part of a sentence would take the whole one. */
const oneWord: ReadonlySet<string> = new Set(['code', 'exit', 'count']);

/** Takes the first place of each part, and the last part at the end: a text takes no more than one pass. */
function valuesIn(text: string, { parts, names }: Template): ReadonlyMap<string, string> | undefined {
	const [first = '', ...others] = parts;
	const last = others.at(-1) ?? '';
	if (!text.startsWith(first) || !text.endsWith(last)) return undefined;
	const values = new Map<string, string>();
	let from = first.length;
	for (const [index, part] of others.entries()) {
		const isLast = index === others.length - 1;
		const to = isLast ? text.length - last.length : text.indexOf(part, from + 1);
		if (to <= from) return undefined;
		const [name = '', found] = [names[index], text.slice(from, to)];
		if (oneWord.has(name) && found.includes(' ')) return undefined;
		values.set(name, found);
		from = to + part.length;
	}
	return values;
}

/** A name from outside can be that of a member of every object. */
export const lookup =
	<T>(table: Readonly<Record<string, T>>) =>
	(name: string): T | undefined =>
		Object.hasOwn(table, name) ? table[name] : undefined;
