/** The experiments of a directory, as far as the page shows them. The runner reads the same files, all of them, and says what is wrong with one. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { parse } from 'yaml';
import { causeText } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Expected, Experiment } from './api.ts';

const endings = ['.yaml', '.yml', '.json'];
/** So that none can be taken for a flag or a path. */
export const isExperimentName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,99}$/.test(name);

/** What a document offers, by id; those that cannot be shown are logged and left out. */
export function readExperiments(directory: string, log: Log): readonly Experiment[] {
	const files = filesOf(directory, log).filter((file) => endings.includes(extname(file)));
	const found = files.flatMap((file) => {
		try {
			return [readExperiment(file, readFileSync(join(directory, file), 'utf8'))];
		} catch (error) {
			log.warn({ file: join(directory, file), problem: causeText(error) }, 'this experiment is not offered');
			return [];
		}
	});
	return found.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }) || a.name.localeCompare(b.name));
}

function filesOf(directory: string, log: Log): readonly string[] {
	try {
		return readdirSync(directory);
	} catch (error) {
		log.warn({ directory, problem: causeText(error) }, 'there are no experiments');
		return [];
	}
}

/** @param file  its name @throws Error  what of it cannot be shown */
export function readExperiment(file: string, text: string): Experiment {
	const name = file.slice(0, -extname(file).length);
	if (!isExperimentName(name)) throw new Error('its name must be of small letters, digits and hyphens');
	const document: unknown = parse(text, { version: '1.1' });
	const extensions = memberOf(document, 'extensions');
	const own = Array.isArray(extensions) ? extensions.find((one) => memberOf(one, 'name') === 'kubejoin') : undefined;
	const contributions = memberOf(document, 'contributions');
	const expected: Expected = {
		security: verdictOf(contributions, 'security'),
		availability: verdictOf(contributions, 'availability'),
	};
	return {
		name,
		id: textOf(own, 'id'),
		tier: textOf(own, 'tier'),
		title: textOf(document, 'title'),
		description: textOf(document, 'description'),
		lesson: textOf(own, 'lesson'),
		expected,
	};
}

const memberOf = (value: unknown, key: string): unknown =>
	typeof value === 'object' && value !== null && Object.hasOwn(value, key)
		? (value as Readonly<Record<string, unknown>>)[key]
		: undefined;

function textOf(value: unknown, key: string): string {
	const text = memberOf(value, key);
	if (typeof text !== 'string' || text.trim() === '') throw new Error(`it needs ${key}, a text`);
	return text.trim();
}

function verdictOf(contributions: unknown, kind: keyof Expected): Expected[keyof Expected] {
	const verdict = memberOf(contributions, kind);
	if (verdict === 'none') return 'unknown';
	if (verdict !== 'held' && verdict !== 'violated')
		throw new Error(`it needs contributions.${kind}: held, violated or none`);
	return verdict;
}
