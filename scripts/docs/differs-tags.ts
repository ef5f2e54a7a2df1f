/** The differences from upstream that the code declares with the `differs` tag of a doc comment. */
import { readdirSync, readFileSync } from 'node:fs';
import { projectPath } from '../../lib/paths.ts';
import { exchanges } from '../../services/apiserver-sim/golden/exchange.ts';
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

/** The shapes whose bodies were not recorded. */
const shapesWithoutBody = new Set(exchanges.filter((one) => one.derivedFrom !== undefined).map(({ shape }) => shape));

/** Both lists in Markdown: those of the code, and those of recorded requests. */
export const differences = (): string => `${differsList()}

## Seen in recordings

2,123 exchanges of kubectl, kubeadm and the kubelet with a real kube-apiserver 1.37.2 were recorded; their requests have
369 shapes. A test replays ${exchanges.length} of them, each shape with each status of its answers, and fails for every
difference that is not in this list. The others:

- 7 exchanges, in two shapes, are \`kubectl exec\`: their connections become streams, which are refused here.
- All others repeat a shape and a status, with other names and objects.
- The exchanges of kubectl 1.20 and 1.32 were recorded without bodies. For ${shapesWithoutBody.size} shapes that no other client has, the
  test sends the body of a similar exchange.

These are all differences:

${knownDifferences.map(({ reason }) => listItem(reason)).join('\n')}`;
