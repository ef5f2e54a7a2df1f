/** The differences from upstream that the code declares with the `differs` tag of a doc comment. */
import { readdirSync, readFileSync } from 'node:fs';
import { projectPath } from '../../lib/paths.ts';
import { knownDifferences } from '../../services/apiserver-sim/golden/known-differences.ts';
import { listItem } from './table.ts';

const folders = ['lib', 'services', 'infra'];

const sourceFiles = (): string[] =>
	folders
		.flatMap((folder) =>
			readdirSync(projectPath(folder), { recursive: true, encoding: 'utf8' }).map((path) => `${folder}/${path}`),
		)
		.filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
		.sort();

/** The text of each tag, on one line. */
export function differsTags(source: string): string[] {
	const docstrings = source.match(/\/\*\*[\s\S]*?\*\//g) ?? [];
	return docstrings
		.map((docstring) => docstring.slice('/**'.length, -'*/'.length).replace(/\s*\n\s*\* ?/g, '\n'))
		.flatMap((text) => [...text.matchAll(/@differs\s([\s\S]*?)(?=\s@[a-z]|$)/g)])
		.map(([, text = '']) => text.replace(/\s+/g, ' ').trim());
}

/** With links relative to docs/. */
const differsList = (): string =>
	sourceFiles()
		.flatMap((path) =>
			differsTags(readFileSync(projectPath(path), 'utf8')).map((text) => listItem(`[${path}](../${path}): ${text}`)),
		)
		.join('\n');

/** Both lists in Markdown: those of the code, and those of recorded requests. */
export const differences = (): string => `${differsList()}

## Seen in recordings

A test replays requests that kubectl, kubeadm and the kubelet sent to a real kube-apiserver 1.37.2, one for each shape,
and compares the answers. 71 shapes of kubectl 1.20 and 1.32 were recorded without their bodies: the test sends the body
of another shape. These are all differences that it finds.

${knownDifferences.map(({ reason }) => listItem(reason)).join('\n')}`;
