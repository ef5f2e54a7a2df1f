/** An animated SVG of a terminal recording: each line appears at its recorded time, and the animation repeats. */
import { stripVTControlCharacters } from 'node:util';

export interface Chunk {
	readonly atMs: number;
	readonly text: string;
}

interface Line {
	readonly atMs: number;
	readonly text: string;
	readonly style: 'plain' | 'bold' | 'green' | 'inverse';
}

const FONT_PX = 14;
const CHARACTER_PX = 8.43;
const LINE_PX = 20;
const PADDING_PX = 16;
/** How long the complete text is visible before the animation repeats. */
const PAUSE_MS = 8_000;

const styleOf = (line: string): Line['style'] => {
	if (line.includes('\u001b[7m')) return 'inverse';
	if (line.includes('\u001b[32m')) return 'green';
	return line.includes('\u001b[1m') ? 'bold' : 'plain';
};

/** Lines with the time of their last character. The cursor returns to the start of a line when it is erased. */
export function linesOf(chunks: readonly Chunk[]): Line[] {
	const lines: Line[] = [];
	let current = '';
	for (const { atMs, text } of chunks)
		for (const character of text)
			if (character === '\n') {
				const visible = current.slice(current.lastIndexOf('\u001b[1G') + 1).replaceAll('\r', '');
				lines.push({ atMs, text: stripVTControlCharacters(visible).replace(/^\[1G/u, ''), style: styleOf(visible) });
				current = '';
			} else current += character;
	return lines;
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const CSS = `text { font: ${FONT_PX}px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: #d4d4d4;
  white-space: pre; }
.bold { font-weight: bold; fill: #fff; } .green { fill: #6cc070; } .inverse { font-weight: bold; fill: #111; }`;

/** @param title  for screen readers */
export function terminalSvg(title: string, chunks: readonly Chunk[], columns: number): string {
	const lines = linesOf(chunks);
	const totalMs = (lines.at(-1)?.atMs ?? 0) + PAUSE_MS;
	const width = Math.ceil(columns * CHARACTER_PX) + 2 * PADDING_PX;
	const height = lines.length * LINE_PX + 2 * PADDING_PX;
	const percent = (ms: number): string => `${((ms * 100) / totalMs).toFixed(2)}%`;
	const rows = lines.flatMap(({ text, style }, index) => {
		if (text === '') return [];
		const top = PADDING_PX + index * LINE_PX;
		const bar =
			style === 'inverse' ? `<rect x="8" y="${top}" width="${width - 16}" height="${LINE_PX}" fill="#d4d4d4"/>` : '';
		const attributes = `class="${style}" x="${PADDING_PX}" y="${top + 15}" xml:space="preserve"`;
		return [`<g class="l${index}">${bar}<text ${attributes}>${escaped(text)}</text></g>`];
	});
	const animations = lines.map(
		({ atMs }, index) => `@keyframes l${index} { 0% { opacity: 0; } ${percent(atMs)}, 100% { opacity: 1; } }
.l${index} { animation: l${index} ${totalMs}ms step-end infinite; }`,
	);
	return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" role="img">
<title>${escaped(title)}</title>
<style>${CSS}
@media (prefers-reduced-motion: no-preference) {
${animations.join('\n')}
}</style>
<rect width="100%" height="100%" rx="8" fill="#1b1d1f"/>
${rows.join('\n')}
</svg>
`;
}
