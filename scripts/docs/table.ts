/** A table in Markdown, as the formatter writes it. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
	const widths = header.map((_, column) => Math.max(3, ...[header, ...rows].map((row) => row[column]?.length ?? 0)));
	const line = widths.map((width) => '-'.repeat(width));
	return [header, line, ...rows]
		.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`)
		.join('\n');
}
