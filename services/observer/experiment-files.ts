/** Reads the parts of the experiments that the page shows. The runner reads and validates the same files. */
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { causeText } from '../../lib/errors.ts';
import type { Log } from '../../lib/log.ts';
import { readYamlFile } from '../../lib/yaml.ts';
import type { Expected, Experiment } from './api.ts';

const endings = ['.yaml', '.yml', '.json'];
/** A name cannot be mistaken for a flag or a path. */
export const isExperimentName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,99}$/.test(name);

/** Sorted by ID. A document that cannot be shown is logged and left out. */
export function readExperiments(directory: string, log: Log): readonly Experiment[] {
	const files = filesOf(directory, log).filter((file) => endings.includes(extname(file)));
	const found = files.flatMap((file) => {
		try {
			return [readExperiment(file, readFileSync(join(directory, file), 'utf8'))];
		} catch (error) {
			log.warn({ file: join(directory, file), problem: causeText(error) }, 'the page does not show this experiment');
			return [];
		}
	});
	return found.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }) || a.name.localeCompare(b.name));
}

function filesOf(directory: string, log: Log): readonly string[] {
	try {
		return readdirSync(directory);
	} catch (error) {
		log.warn({ directory, problem: causeText(error) }, 'the directory of the experiments cannot be read');
		return [];
	}
}

/** @throws Error  why the document cannot be shown */
export function readExperiment(file: string, text: string): Experiment {
	const name = file.slice(0, -extname(file).length);
	if (!isExperimentName(name)) throw new Error('its name can have lower-case letters, digits and hyphens only');
	const document = readYamlFile(file, text, { allowsMergeKeys: true });
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
