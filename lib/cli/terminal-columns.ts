/** Text on a terminal: its width in columns, of which a Chinese character takes two, and its lines. */

const wide =
	'\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6';
const wideCharacters = new RegExp(`[${wide}]`, 'g');
/** A line must not begin with these. */
const closing = '，。：；、？！）》”…';
/** A line must not end with these. */
const opening = '（《“';
/** A word or one Chinese character, with the spaces before it and the marks that belong to it. */
const chunks = new RegExp(` *[${opening}]*(?:[^ ${wide}${closing}]+|[${wide}]|(?=[${closing}]))[${closing}]*`, 'gu');

export const columnsOf = (text: string): number => [...text].length + (text.match(wideCharacters)?.length ?? 0);

/** Filled with spaces on the right. */
export const padColumns = (text: string, columns: number): string =>
	text + ' '.repeat(Math.max(0, columns - columnsOf(text)));

/** The characters that fit. @param mark  ends a text that is cut, such as `…` */
export function cutColumns(text: string, columns: number, mark = ''): string {
	if (columnsOf(text) <= columns) return text;
	const most = columns - columnsOf(mark);
	let used = 0;
	let cut = '';
	for (const character of text) {
		used += columnsOf(character);
		if (used > most) break;
		cut += character;
	}
	return `${cut}${mark}`;
}

/** Breaks at spaces, and between any two Chinese characters. A word that is longer than a line is not broken. */
export function wrapColumns(text: string, columns: number): readonly string[] {
	const lines: string[] = [];
	let line = '';
	let used = 0;
	for (const [chunk] of text.trim().matchAll(chunks)) {
		const isNew = line !== '' && used + columnsOf(chunk) > columns;
		if (isNew) lines.push(line);
		const added = isNew ? chunk.trimStart() : chunk;
		line = isNew ? added : line + added;
		used = columnsOf(added) + (isNew ? 0 : used);
	}
	return [...lines, line];
}
