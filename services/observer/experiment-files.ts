/** Reads the parts of the experiments that the page shows. The runner reads and validates the same files. */
import { readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { causeText } from '../../lib/errors.ts';
import { readText } from '../../lib/files.ts';
import { limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { readYamlFile } from '../../lib/yaml.ts';
import type { Expected, Experiment, ExperimentGroup, FaultStep } from './api.ts';

const endings = ['.yaml', '.yml', '.json'];
/** A name cannot be mistaken for a flag or a path. */
export const isExperimentName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,99}$/.test(name);

/** The experiments of a directory. To read all takes longer than the rest of the observer's start. */
export class ExperimentFiles {
	readonly #directory: string;
	readonly #log: Log;
	readonly #unread: string[];
	readonly #found: Experiment[] = [];

	constructor(directory: string, log: Log) {
		this.#directory = directory;
		this.#log = log;
		this.#unread = filesOf(directory, log).filter((file) => endings.includes(extname(file)));
	}

	/** Sorted by ID. Reads those that remain. A document that cannot be shown is logged and left out. */
	list(): readonly Experiment[] {
		while (this.readNext());
		return this.#found;
	}

	/** Reads one document ahead of `list`. @returns false when all are read */
	readNext(): boolean {
		const file = this.#unread.pop();
		if (file === undefined) return false;
		const path = join(this.#directory, file);
		try {
			this.#found.push(readExperiment(file, readText(path, limits.yamlBytes.value)));
			this.#found.sort((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }) || a.name.localeCompare(b.name));
		} catch (error) {
			this.#log.warn({ file: path, problem: causeText(error) }, 'the page does not show this experiment');
		}
		return true;
	}
}

/** Seconds of a recorded run by experiment, of this kind of mesh or else of the other. */
export function readRecorded(path: string, mesh: 'local' | 'compose'): ReadonlyMap<string, number> {
	try {
		const results = Object.entries(JSON.parse(readText(path)) as object);
		return new Map(
			results.flatMap(([name, result]) => {
				const seconds =
					memberOf(memberOf(result, mesh), 'seconds') ??
					memberOf(memberOf(result, mesh === 'local' ? 'compose' : 'local'), 'seconds');
				return typeof seconds === 'number' ? [[name, seconds] as const] : [];
			}),
		);
	} catch {
		// An installation without documentation.
		return new Map();
	}
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
	const method = listOf(memberOf(document, 'method'));
	const probes = listOf(memberOf(memberOf(document, 'steady-state-hypothesis'), 'probes'));
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
		group: groupOf(textsOf(memberOf(document, 'tags'))),
		steps: 2 * probes.length + method.length + listOf(memberOf(document, 'rollbacks')).length,
		faults: method.flatMap(faultOf),
	};
}

const tagGroups: readonly (readonly [tag: string, group: ExperimentGroup])[] = [
	['baseline', 'start'],
	['outage', 'outage'],
	['crash', 'outage'],
	['time', 'clock'],
	['rotation', 'rotation'],
	['token', 'token'],
	['pin', 'pin'],
	['discovery', 'pin'],
	['csr', 'rights'],
	['rbac', 'rights'],
	['names', 'rights'],
	['mesh', 'rights'],
];

/** The first row of the table whose tag is the first of the document, or else one of its tags. */
function groupOf(tags: readonly string[]): ExperimentGroup {
	const strong = tagGroups.slice(0, 5).find(([tag]) => tags.includes(tag));
	const found = strong ?? tags.flatMap((tag) => tagGroups.filter(([one]) => one === tag))[0];
	return found?.[1] ?? 'other';
}

const faultsOfVerbs: Readonly<Record<string, FaultStep['fault']>> = {
	...{ kill: 'killed', pause: 'paused', cut: 'cut', change: 'changed', skew: 'skewed', attack: 'attacked' },
	...{ 'kill-during-joins': 'killed', delay: 'changed' },
	...{ start: 'restored', resume: 'restored', heal: 'restored', restore: 'restored', reset: 'restored' },
	...{ continue: 'restored', restart: 'restored' },
};
const parties = ['apiserver-sim', 'token-store', 'controller-manager-sim', 'ca-service', 'kubelet-sim'];

/** The fault of a command of the lab: `service kill ca-service`, `pause NODE`, `skew SERVICE OFFSET`. */
function faultOf(activity: unknown): readonly FaultStep[] {
	const [first = '', ...rest] = textsOf(memberOf(memberOf(activity, 'provider'), 'arguments'));
	const isOfService = first === 'service' || first === 'network';
	const verb = isOfService ? (rest[0] ?? '') : first;
	const named = isOfService ? rest.slice(1) : rest;
	const fault = Object.hasOwn(faultsOfVerbs, verb) ? faultsOfVerbs[verb] : undefined;
	const step = memberOf(activity, 'name');
	if (fault === undefined || typeof step !== 'string') return [];
	const party =
		fault === 'attacked'
			? 'attacker-sim'
			: (named.find((one) => parties.some((name) => one.includes(name))) ??
				(isOfService ? undefined : named[0]) ??
				'*');
	return [
		{
			step,
			party: parties.find((name) => party.startsWith(name)) ?? party,
			fault: fault === 'changed' && named.includes('--clock') ? 'skewed' : fault,
		},
	];
}

const memberOf = (value: unknown, key: string): unknown =>
	typeof value === 'object' && value !== null && Object.hasOwn(value, key)
		? (value as Readonly<Record<string, unknown>>)[key]
		: undefined;

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const textsOf = (value: unknown): readonly string[] => listOf(value).filter((one) => typeof one === 'string');

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
