/** Detects an outdated build. Mesh tests run the compiled programs, and would otherwise test the old code. */
import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { projectPath } from '../lib/paths.ts';

interface Output {
	/** A file that every build writes. */
	readonly written: string;
	readonly sources: readonly string[];
	readonly isSource: (file: string) => boolean;
}

const PAGE = 'services/observer/page';
const isProgramSource = (file: string): boolean =>
	/\.ts$/.test(file) && !/\.(test|fixture)\.ts$/.test(file) && !file.startsWith(PAGE);
const outputs: readonly Output[] = [
	{
		written: 'dist/.tsbuildinfo',
		sources: ['chaos', 'lib', 'services', 'infra', 'scripts'],
		isSource: isProgramSource,
	},
	{
		written: 'dist/bundle/scripts/up.js',
		sources: ['chaos', 'lib', 'services', 'infra', 'scripts'],
		isSource: isProgramSource,
	},
	{
		written: 'dist/services/observer/public/page.js',
		sources: [PAGE],
		isSource: (file) => /\.(tsx?|css|html)$/.test(file) && !file.endsWith('.test.ts'),
	},
];

const modifiedMs = (path: string): number => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/**
 * @param root  the top of the checkout
 * @returns the path of a source that is newer than its build, relative to root
 */
export function newerThanBuild(root = projectPath()): string | undefined {
	const under = (folder: string) =>
		readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
			.filter((entry) => entry.isFile())
			.map((entry: Dirent) => relative(root, join(entry.parentPath, entry.name)));
	for (const { written, sources, isSource } of outputs) {
		const builtMs = modifiedMs(join(root, written));
		const newer = sources.flatMap(under).find((file) => isSource(file) && modifiedMs(join(root, file)) > builtMs);
		if (newer !== undefined) return newer;
	}
	return undefined;
}
