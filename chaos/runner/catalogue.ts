/** The experiments of a folder, in their order, and the choice of some by name. */
import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { KubejoinError } from '../../lib/errors.ts';
import { type Document, documentExtensions, nameOf, type Problem, readChosenFile, readDocument } from './document.ts';
import type { Plan } from './plan.ts';
import type { Machine } from './programs.ts';
import { validate } from './validate.ts';

/** One name a line; `#` starts a comment. Experiments that are not listed follow, by id. */
const ORDER_FILE = 'order.txt';
const MAX_NEAR = 3;

export interface Entry {
	readonly name: string;
	readonly document: Document;
	/** Absent when the document has problems. */
	readonly plan?: Plan;
	readonly problems: readonly Problem[];
}

/**
 * Read and check every document of a folder.
 *
 * @param folder  absolute
 * @param shown   the folder in messages
 * @throws FILE_UNUSABLE
 */
export function readCatalogue(
	folder: string,
	shown: string,
	machine: Machine,
): { readonly entries: readonly Entry[]; readonly problems: readonly Problem[] } {
	const files = existsSync(folder)
		? readdirSync(folder).filter((file) => documentExtensions.includes(extname(file)))
		: [];
	const entries = files.map((file): Entry => {
		const document = readDocument(join(folder, file), `${shown}/${file}`);
		return { name: nameOf(file), document, ...validate(document, machine) };
	});
	const order = readOrder(folder);
	const placeOf = ({ name }: Entry): number => {
		const place = order.findIndex((line) => line.name === name);
		return place === -1 ? order.length : place;
	};
	const byId = (one: Entry, other: Entry): number =>
		(one.plan?.about.id ?? '').localeCompare(other.plan?.about.id ?? '', 'en', { numeric: true }) ||
		one.name.localeCompare(other.name);
	const unknown = order
		.filter(({ name }) => !entries.some((entry) => entry.name === name))
		.map(({ name, line }) => ({
			where: `${shown}/${ORDER_FILE}:${line}:1`,
			path: '',
			text: `no experiment is named ${name}`,
		}));
	return {
		entries: entries.toSorted((one, other) => placeOf(one) - placeOf(other) || byId(one, other)),
		problems: [...unknown, ...duplicates(entries)],
	};
}

const readOrder = (folder: string): readonly { readonly name: string; readonly line: number }[] => {
	const path = join(folder, ORDER_FILE);
	if (!existsSync(path)) return [];
	return readChosenFile(path, path)
		.split('\n')
		.map((text, index) => ({ name: text.replace(/#.*/, '').trim(), line: index + 1 }))
		.filter(({ name }) => name !== '');
};

/** Documents with one id, or with one name and different extensions. */
const duplicates = (entries: readonly Entry[]): readonly Problem[] =>
	entries.flatMap((entry, index) => {
		const same = entries
			.slice(0, index)
			.find(
				(other) =>
					other.name === entry.name || (entry.plan !== undefined && other.plan?.about.id === entry.plan.about.id),
			);
		return same === undefined
			? []
			: [{ where: `${entry.document.file}:1:1`, path: '$', text: `has the same name or id as ${same.document.file}` }];
	});

/**
 * @param names  names, ids, or unique prefixes of names; none: all experiments
 *
 * @throws CHAOS_NAME_UNKNOWN, CHAOS_NAME_AMBIGUOUS
 */
export function chooseEntries(entries: readonly Entry[], names: readonly string[]): readonly Entry[] {
	if (names.length === 0) return entries;
	const chosen = names.map((name) => chooseEntry(entries, name));
	return chosen.filter((entry, index) => chosen.indexOf(entry) === index);
}

function chooseEntry(entries: readonly Entry[], name: string): Entry {
	const whole = entries.find(
		(entry) => entry.name === name || entry.plan?.about.id.toLowerCase() === name.toLowerCase(),
	);
	if (whole !== undefined) return whole;
	const begun = entries.filter((entry) => name !== '' && entry.name.startsWith(name));
	const [only] = begun;
	if (only !== undefined && begun.length === 1) return only;
	if (only !== undefined)
		throw new KubejoinError('CHAOS_NAME_AMBIGUOUS', { name, begun: begun.map((entry) => entry.name) });
	throw new KubejoinError('CHAOS_NAME_UNKNOWN', { name, near: nearTo(entries, name) });
}

const nearTo = (entries: readonly Entry[], name: string): string[] =>
	entries
		.map((entry) => ({ name: entry.name, far: entry.name.includes(name) ? 0 : distance(entry.name, name) }))
		.filter(({ name: known, far }) => far <= Math.max(3, known.length / 2))
		.sort((one, other) => one.far - other.far)
		.slice(0, MAX_NEAR)
		.map(({ name: known }) => known);

/** The list in an order that depends only on the seed. @source mulberry32 and Fisher and Yates */
export function shuffle<T>(list: readonly T[], seed: number): readonly T[] {
	let state = seed >>> 0;
	const next = (): number => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
	const shuffled = [...list];
	for (let index = shuffled.length - 1; index > 0; index--) {
		const other = Math.floor(next() * (index + 1));
		[shuffled[index], shuffled[other]] = [shuffled[other] as T, shuffled[index] as T];
	}
	return shuffled;
}
