/** The files that the values of `-f` name: a file, a directory, a pattern, or `-`. */
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { fileUnusable } from '../../lib/files.ts';
import { quoteInput, shellWord } from '../../lib/text.ts';
import { invalidCommand } from './command-errors.ts';

const extensions = ['.json', '.yaml', '.yml'];

/**
 * In the order of the values; the files of a directory and of a pattern by name.
 *
 * @param recursive  reads directories in directories too
 * @throws COMMAND_INVALID, FILE_UNUSABLE
 * @source cli-runtime pkg/resource FilenameParam, Path, ExpandPathsToFileVisitors
 * @differs a URL is refused
 */
export function expandFilenames(values: readonly string[], command: string, recursive: boolean): readonly string[] {
	const files: string[] = [];
	for (const value of values) {
		if (/^https?:\/\//.test(value)) throw urlRefused(value, command);
		if (value === '-') files.push(value);
		else {
			const paths = existing(value) ? [value] : matchesOf(value);
			if (paths.length === 0) throw invalidCommand(`the path ${quoteInput(value)} does not exist`, command);
			for (const path of paths) files.push(...filesAt(path, recursive));
			if (files.length === 0)
				throw invalidCommand(
					`error reading [${paths.join(' ')}]: recognized file extensions are [${extensions.join(' ')}]`,
					command,
				);
		}
	}
	return files;
}

const urlRefused = (url: string, command: string): KubejoinError =>
	new KubejoinError('COMMAND_INVALID', {
		problem: `cannot read ${quoteInput(url)}: kubectl-sim reads files, and no URLs`,
		remedy: `Download it to standard input: curl -fsSL ${shellWord(url)} | kubectl-sim ${command} -f -`,
	});

/** @throws FILE_UNUSABLE  other errors than a missing file are those of reading it */
function existing(path: string): boolean {
	try {
		return path !== '' && statSync(path, { throwIfNoEntry: false }) !== undefined;
	} catch {
		return true;
	}
}

/** The given path has any extension. A link to a directory is not followed, as in Go's filepath.Walk. */
function filesAt(path: string, recursive: boolean): readonly string[] {
	if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return [path];
	return read(path).flatMap((entry) => {
		const inside = join(path, entry.name);
		if (entry.isDirectory()) return recursive ? filesAt(inside, recursive) : [];
		return extensions.includes(extname(entry.name)) ? [inside] : [];
	});
}

function read(directory: string) {
	try {
		const entries = readdirSync(directory, { withFileTypes: true });
		return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
	} catch (error) {
		throw fileUnusable(directory, error);
	}
}

/** @source Go path/filepath Glob: `*`, `?` and `[a-z]` in each part of the path; a name can begin with a dot */
function matchesOf(pattern: string): readonly string[] {
	const isPattern = /[*?[]/.test(pattern);
	if (!isPattern) return [];
	const directory = pattern.replace(/\/?[^/]*$/, '') || (pattern.startsWith('/') ? '/' : '');
	const parents = /[*?[]/.test(directory) ? matchesOf(directory) : [directory];
	const name = patternOf(basename(pattern));
	return parents.flatMap((parent) =>
		namesIn(parent || '.')
			.filter((one) => name.test(one))
			.map((one) => (parent === '' ? one : join(parent, one))),
	);
}

function namesIn(directory: string): readonly string[] {
	try {
		return readdirSync(directory).sort();
	} catch {
		return [];
	}
}

/** A pattern that is not valid matches no name. */
function patternOf(glob: string): RegExp {
	const source = glob.replace(/\\(.)|\[(\^?)((?:\\.|[^\]\\])+)\]|[*?]|[.+^${}()|[\]\\]/g, (text, escaped, not, set) => {
		if (text === '*') return '[^/]*';
		if (text === '?') return '[^/]';
		if (set !== undefined) return `[${not}${set.replaceAll('[', '\\[')}]`;
		return escaped === undefined ? `\\${text}` : `\\u{${escaped.codePointAt(0).toString(16)}}`;
	});
	try {
		return new RegExp(`^${source}$`, 'u');
	} catch {
		return /[^\s\S]/;
	}
}
