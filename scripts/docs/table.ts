/** A Markdown table in the format of the formatter. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
	const widths = header.map((_, column) => Math.max(3, ...[header, ...rows].map((row) => row[column]?.length ?? 0)));
	const line = widths.map((width) => '-'.repeat(width));
	return [header, line, ...rows]
		.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
		.join('\n');
}

const MAX_COLUMNS = 118;

/** A Markdown list item in lines of at most 118 columns. Inline code and links are never split. */
export function listItem(text: string): string {
	const words = text.replace(/`[^`]+`/g, (code) => code.replaceAll(' ', '\0')).split(/\s+/);
	const lines: string[] = [];
	let line = '-';
	for (const word of words) {
		if (line.length + 1 + word.length > MAX_COLUMNS && line !== '-') {
			lines.push(line);
			line = ' ';
		}
		line += ` ${word}`;
	}
	return [...lines, line].join('\n').replaceAll('\0', ' ');
}
