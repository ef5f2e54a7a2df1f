/** Reads an experiment as PyYAML does, because Chaos Toolkit reads the same file, and finds the line of each part. */
import { basename, extname } from 'node:path';
import { isNode, isScalar, LineCounter, parseDocument } from 'yaml';
import { causeText } from '../../lib/errors.ts';
import { fileUnusable, readText } from '../../lib/files.ts';
import { limits } from '../../lib/limits.ts';
import type { Json } from './json.ts';

/** Keys and indices from the top of a document. */
export type Path = readonly (string | number)[];

export interface Problem {
	/** `chaos/experiments/expired-token.yaml:12:5` */
	readonly where: string;
	/** `$.method[0].provider` */
	readonly path: string;
	readonly text: string;
}

export interface Document {
	/** The file name without its extension. */
	readonly name: string;
	readonly file: string;
	readonly value: Json;
	/** `FILE:LINE:COLUMN` of a part; of its nearest parent when the part is absent or comes from an anchor. */
	readonly where: (path: Path) => string;
	/** The text of a scalar in the file, without quotes. */
	readonly source: (path: Path) => string | undefined;
	readonly problems: readonly Problem[];
}

export const documentExtensions = ['.yaml', '.yml', '.json'];
export const nameOf = (file: string): string => basename(file, extname(file));

export const pathText = (path: Path): string =>
	path.reduce<string>(
		(text, key) =>
			text +
			(typeof key === 'number' ? `[${key}]` : /^[A-Za-z_][\w-]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`),
		'$',
	);

/** @throws FILE_UNUSABLE */
export function readDocument(path: string, file: string): Document {
	return parseText(readChosenFile(path, file), file);
}

/** @param shown  the path in messages @throws FILE_UNUSABLE */
export function readChosenFile(path: string, shown: string): string {
	try {
		return readText(path, limits.yamlBytes.value);
	} catch (error) {
		throw fileUnusable(shown, error);
	}
}

export function parseText(text: string, file: string): Document {
	const lines = new LineCounter();
	// Version 1.1 has merge keys (`<<`), as PyYAML has.
	const parsed = parseDocument(text, { version: '1.1', lineCounter: lines, prettyErrors: false });
	const whereIs = (offset: number): string => {
		const { line, col } = lines.linePos(offset);
		return `${file}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
	};
	const nodeAt = (path: Path): unknown => {
		try {
			return path.length === 0 ? parsed.contents : parsed.getIn(path, true);
		} catch {
			return undefined;
		}
	};
	const where = (path: Path): string => {
		for (let length = path.length; length >= 0; length--) {
			const node = nodeAt(path.slice(0, length));
			if (isNode(node) && node.range) return whereIs(node.range[0]);
		}
		return `${file}:1:1`;
	};
	const problems: Problem[] = parsed.errors.map((error) => ({
		where: whereIs(error.pos[0]),
		path: '$',
		text: firstLine(error.message),
	}));
	let value: Json = null;
	try {
		if (problems.length === 0) value = parsed.toJS() as Json;
		if (problems.length === 0 && file.endsWith('.json')) JSON.parse(text);
	} catch (error) {
		problems.push({ where: `${file}:1:1`, path: '$', text: firstLine(causeText(error)) });
	}
	const source = (path: Path): string | undefined => {
		const node = nodeAt(path);
		return isScalar(node) ? node.source : undefined;
	};
	return { name: nameOf(file), file, value, where, source, problems };
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';
