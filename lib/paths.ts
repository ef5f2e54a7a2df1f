/** The paths of the project's own files, the same from the sources and from the compiled output. */
import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const findRoot = (directory: string): string =>
	existsSync(join(directory, 'package.json')) ? directory : findRoot(dirname(directory));

/** @param path  relative to the root of the repository */
export const projectPath = (...parts: string[]): string => join(findRoot(import.meta.dirname), ...parts);

/** As short as a command can name it from here. */
export function shownPath(path: string): string {
	const short = relative(process.cwd(), path);
	return short === '' || short.startsWith('..') ? path : short;
}
