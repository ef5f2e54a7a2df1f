/** The differences from upstream that the code itself declares, with the `differs` tag of a docstring. It judges none and leaves none out. */
import { readdirSync, readFileSync } from 'node:fs';
import { projectPath } from '../../lib/paths.ts';

const rooms = ['lib', 'services', 'infra'];

const sourceFiles = (): string[] =>
	rooms
		.flatMap((room) =>
			readdirSync(projectPath(room), { recursive: true, encoding: 'utf8' }).map((path) => `${room}/${path}`),
		)
		.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
		.sort();

/** What stands after each tag in the docstrings of a source text, on one line. */
export function differsTags(source: string): string[] {
	const docstrings = source.match(/\/\*\*[\s\S]*?\*\//g) ?? [];
	return docstrings
		.map((docstring) => docstring.slice('/**'.length, -'*/'.length).replace(/\s*\n\s*\* ?/g, '\n'))
		.flatMap((text) => [...text.matchAll(/@differs\s([\s\S]*?)(?=\s@[a-z]|$)/g)])
		.map(([, text = '']) => text.replace(/\s+/g, ' ').trim());
}

/** A list in Markdown, for a file in docs/. */
export const differsList = (): string =>
	sourceFiles()
		.flatMap((path) =>
			differsTags(readFileSync(projectPath(path), 'utf8')).map((text) => `- [${path}](../${path}): ${text}`),
		)
		.join('\n');
