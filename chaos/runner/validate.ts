/**
 * Everything that is wrong with a document, at once, before anything is touched. What Chaos Toolkit refuses is refused; and besides what it would crash
 * on while the experiment runs, and what this project asks of an experiment.
 */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { causeText } from '../../lib/errors.ts';
import { type Environment, readConfiguration, readSecrets } from './configuration.ts';
import { type Activity, type Document, type Experiment, type Path, type Problem, pathText } from './document.ts';
import { at, isList, isMap, type Json, type JsonMap, pythonText } from './json.ts';
import { pythonRegex } from './python-regex.ts';
import { substitute, type Values } from './substitute.ts';
import { compilePath } from './tolerance.ts';

export const verdictKinds = ['security', 'availability'] as const;
export type VerdictKind = (typeof verdictKinds)[number];
/** `unknown`: not at stake, and no probe may give this verdict. */
export type Expected = Readonly<Record<VerdictKind, 'held' | 'violated' | 'unknown'>>;

/** What of an experiment is the project's own. */
export interface About {
	readonly id: string;
	readonly tier: string;
	readonly lesson: string;
	readonly mirrors: readonly string[];
	/** Programs of this machine. */
	readonly needs: readonly string[];
}

/** A document that can be run. */
export interface Plan {
	readonly name: string;
	readonly file: string;
	/** As it is in the file, secrets not resolved. */
	readonly experiment: Experiment;
	readonly about: About;
	readonly expected: Expected;
	readonly hypothesis?: { readonly title: string; readonly probes: readonly Activity[] };
	readonly method: readonly Activity[];
	readonly rollbacks: readonly Activity[];
	readonly values: Values;
}

export interface Machine {
	readonly environment: Environment;
	/** Where the programs of an experiment are started. */
	readonly directory: string;
}

type Report = (path: Path, text: string) => void;

/** The file of a program, looked for as a shell does. */
export function findProgram(name: string, { environment, directory }: Machine): string | undefined {
	if (name === '' || name.includes('\0')) return undefined;
	const candidates = name.includes('/')
		? [isAbsolute(name) ? name : join(directory, name)]
		: (environment.PATH ?? '').split(delimiter).map((folder) => join(folder === '' ? '.' : folder, name));
	return candidates.find((path) => {
		try {
			accessSync(path, constants.X_OK);
			return statSync(path).isFile();
		} catch {
			return false;
		}
	});
}

/** @returns the plan, or what is wrong */
export function validate(
	document: Document,
	machine: Machine,
): { readonly plan?: Plan; readonly problems: readonly Problem[] } {
	if (document.problems.length > 0) return { problems: document.problems };
	const problems: Problem[] = [];
	const report: Report = (path, text) =>
		void problems.push({ where: document.where(path), path: pathText(path), text });
	const { value } = document;
	if (!isMap(value)) {
		report([], 'is not an experiment: it must have a title, a description, a method and more');
		return { problems };
	}
	checkPlain(value, [], report);
	if (problems.length > 0) return { problems };
	const texts = (['title', 'description'] as const).map((key) => needText(value, [], key, report));
	const { tags } = value;
	if (tags !== undefined && tags !== null && !(isList(tags) && tags.every(isText)))
		report(['tags'], 'must be a list of texts that are not empty');

	const values = readValues(value, machine.environment, report);
	const found = new Map<string, JsonMap>();
	const hypothesis = value['steady-state-hypothesis'];
	for (const activity of [...listOf(value.method), ...(isMap(hypothesis) ? listOf(hypothesis.probes) : [])])
		if (isMap(activity) && isText(activity.name)) found.set(activity.name, activity);
	const checks: Checks = { document, machine, values, named: found, report };

	const plan = {
		name: document.name,
		file: document.file,
		experiment: value as Experiment,
		values,
		about: checkAbout(value, report),
		expected: checkExpected(value, report),
		...checkHypothesis(hypothesis, checks),
		method: checkActivities(value.method, ['method'], checks),
		rollbacks: checkActivities(value.rollbacks ?? [], ['rollbacks'], checks),
	};
	if (value.method === undefined || value.method === null) report([], 'needs a method, which may be an empty list');
	return problems.length > 0 || texts.includes(undefined) ? { problems } : { plan, problems };
}

const isText = (value: Json | undefined): value is string => typeof value === 'string' && value.trim() !== '';
const listOf = (value: Json | undefined): readonly Json[] => (isList(value) ? value : []);

/** YAML has dates, sets and numbers that are none; programs are told them in ways of their own. */
function checkPlain(value: unknown, path: Path, report: Report): void {
	if (Array.isArray(value)) for (const [index, item] of value.entries()) checkPlain(item, [...path, index], report);
	else if (typeof value === 'number' && !Number.isFinite(value)) report(path, 'must be a finite number');
	else if (typeof value === 'object' && value !== null) {
		if (Object.getPrototypeOf(value) !== Object.prototype)
			report(path, 'is a date or another thing that JSON does not have; put it into quotes');
		else for (const [key, item] of Object.entries(value)) checkPlain(item, [...path, key], report);
	} else if (typeof value === 'bigint') report(path, 'is too large a number; put it into quotes');
}

function needText(map: JsonMap, path: Path, key: string, report: Report): string | undefined {
	const value = at(map, key);
	if (isText(value)) return value;
	report(value === undefined ? path : [...path, key], `needs ${key}, a text that is not empty`);
	return undefined;
}

function readValues(value: JsonMap, environment: Environment, report: Report): Values {
	const mapAt = (key: string): JsonMap => {
		const map = value[key];
		if (isMap(map)) return map;
		if (map !== undefined) report([key], 'must be a mapping of names to values');
		return {};
	};
	const configuration = readConfiguration(mapAt('configuration'), environment, (path, text) =>
		report(['configuration', ...path], text),
	);
	const secrets = readSecrets(mapAt('secrets'), environment, (path, text) => report(['secrets', ...path], text));
	return { configuration, secrets };
}

function checkAbout(value: JsonMap, report: Report): About {
	const { extensions } = value;
	if (extensions !== undefined && !isList(extensions)) report(['extensions'], 'must be a list');
	listOf(extensions).forEach((extension, index) => {
		if (!isMap(extension) || !isText(extension.name))
			report(['extensions', index], 'needs name, a text that is not empty');
	});
	const index = listOf(extensions).findIndex((extension) => isMap(extension) && extension.name === 'kubejoin');
	const ours = listOf(extensions)[index];
	const path = ['extensions', index];
	if (!isMap(ours)) {
		report(
			extensions === undefined ? [] : ['extensions'],
			'needs an extension with the name kubejoin, with id, tier and lesson',
		);
		return { id: '', tier: '', lesson: '', mirrors: [], needs: [] };
	}
	const texts = (key: string): readonly string[] => {
		const list = ours[key];
		if (list === undefined) return [];
		if (isList(list) && list.every(isText)) return list as readonly string[];
		report([...path, key], 'must be a list of texts that are not empty');
		return [];
	};
	const { id, tier } = ours;
	if (!isText(id) || !/^X\d{2,3}$/.test(id))
		report(id === undefined ? path : [...path, 'id'], 'needs id: X and two digits');
	if (tier !== 'A' && tier !== 'B' && tier !== 'C')
		report(tier === undefined ? path : [...path, 'tier'], 'needs tier: A, B or C');
	const lesson = needText(ours, path, 'lesson', report) ?? '';
	return {
		id: String(id),
		tier: String(tier),
		lesson: lesson.trim(),
		mirrors: texts('mirrors'),
		needs: texts('needs'),
	};
}

function checkExpected(value: JsonMap, report: Report): Expected {
	const contributions = value.contributions;
	const verdict = (kind: VerdictKind): Expected[VerdictKind] => {
		const wanted = isMap(contributions) ? at(contributions, kind) : undefined;
		if (wanted === 'held' || wanted === 'violated') return wanted;
		if (wanted === 'none') return 'unknown';
		const path = contributions === undefined ? [] : ['contributions', ...(wanted === undefined ? [] : [kind])];
		report(path, `needs contributions.${kind}, the expected verdict: held, violated, or none where it is not at stake`);
		return 'held';
	};
	return { security: verdict('security'), availability: verdict('availability') };
}

interface Checks {
	readonly document: Document;
	readonly machine: Machine;
	readonly values: Values;
	/** What a reference may name. */
	readonly named: ReadonlyMap<string, JsonMap>;
	readonly report: Report;
}

function checkHypothesis(hypothesis: Json | undefined, checks: Checks): Pick<Plan, 'hypothesis'> {
	if (hypothesis === undefined || hypothesis === null) return {};
	const path = ['steady-state-hypothesis'];
	if (!isMap(hypothesis)) {
		checks.report(path, 'must be a mapping with title and probes');
		return {};
	}
	const title = needText(hypothesis, path, 'title', checks.report) ?? '';
	const probes = checkActivities(hypothesis.probes ?? [], [...path, 'probes'], checks);
	listOf(hypothesis.probes).forEach((probe, index) => {
		if (isMap(probe) && at(probe, 'tolerance') === undefined)
			checks.report([...path, 'probes', index], 'needs a tolerance, for it is a probe of the hypothesis');
	});
	return { hypothesis: { title, probes } };
}

function checkActivities(list: Json | undefined, path: Path, checks: Checks): readonly Activity[] {
	if (list === undefined || list === null) return [];
	if (!isList(list)) {
		checks.report(path, 'must be a list of activities');
		return [];
	}
	return list.flatMap((activity, index) => {
		const place = [...path, index];
		if (!isMap(activity) || Object.keys(activity).length === 0) {
			checks.report(place, 'must be an activity: a mapping with type, name and provider');
			return [];
		}
		return activity.ref === undefined || activity.ref === null
			? checkActivity(activity, place, checks)
			: resolve(activity, place, checks);
	});
}

/** The activity that a reference names, with what the reference says itself. */
function resolve(activity: JsonMap, path: Path, checks: Checks): readonly Activity[] {
	const { ref, background, tolerance } = activity;
	const target = typeof ref === 'string' ? checks.named.get(ref) : undefined;
	if (target === undefined || isText(target.ref)) {
		checks.report([...path, 'ref'], `names no activity of the method or the hypothesis: ${JSON.stringify(ref)}`);
		return [];
	}
	if (tolerance !== undefined)
		checkTolerance(
			tolerance,
			[...path, 'tolerance'],
			String(at(isMap(target.provider) ? target.provider : {}, 'type')),
			checks,
		);
	if (background !== undefined && typeof background !== 'boolean')
		checks.report([...path, 'background'], 'must be true or false');
	const { background: _own, ...rest } = target;
	return [
		{
			...rest,
			...(background === undefined ? {} : { background }),
			...(tolerance === undefined ? {} : { tolerance }),
		} as unknown as Activity,
	];
}

function checkActivity(activity: JsonMap, path: Path, checks: Checks): readonly Activity[] {
	const { report } = checks;
	const { type, provider, timeout, pauses, background } = activity;
	if (type !== 'probe' && type !== 'action')
		report(type === undefined ? path : [...path, 'type'], 'needs type: probe or action');
	needText(activity, path, 'name', report);
	if (timeout !== undefined && timeout !== null && typeof timeout !== 'number')
		report([...path, 'timeout'], 'must be a number');
	if (background !== undefined && typeof background !== 'boolean')
		report([...path, 'background'], 'must be true or false');
	if (pauses !== undefined && pauses !== null) checkPauses(pauses, [...path, 'pauses'], report);
	const at_ = [...path, 'provider'];
	if (!isMap(provider))
		report(provider === undefined ? path : at_, 'needs a provider: a mapping with type: process or http');
	else checkProvider(provider, at_, checks);
	const tolerance = at(activity, 'tolerance');
	if (tolerance !== undefined)
		checkTolerance(tolerance, [...path, 'tolerance'], isMap(provider) ? String(provider.type) : '', checks);
	return [activity as unknown as Activity];
}

const variable = /^\$\{.*\}$/;

function checkPauses(pauses: Json, path: Path, report: Report): void {
	if (!isMap(pauses)) {
		report(path, 'must be a mapping with before, after or both, in seconds');
		return;
	}
	for (const key of ['before', 'after']) {
		const pause = at(pauses, key);
		const isFine =
			pause === undefined ||
			pause === null ||
			(typeof pause === 'number' && pause >= 0) ||
			(typeof pause === 'string' && variable.test(pause));
		if (!isFine) report([...path, key], `must be a number of seconds or \${NAME}`);
	}
}

function checkProvider(provider: JsonMap, path: Path, checks: Checks): void {
	switch (provider.type) {
		case 'process':
			checkProcess(provider, path, checks);
			return;
		case 'http':
			checkHttp(provider, path, checks);
			return;
		case 'python':
			checks.report(
				[...path, 'type'],
				'python needs Python on every machine, and this runner needs only Node; use process or http',
			);
			return;
		default:
			checks.report(provider.type === undefined ? path : [...path, 'type'], 'needs type: process or http');
			return;
	}
}

function checkProcess(provider: JsonMap, path: Path, { document, machine, report }: Checks): void {
	const program = needText(provider, path, 'path', report);
	if (program !== undefined && findProgram(program, machine) === undefined)
		report([...path, 'path'], `the program ${program} cannot be found, or may not be started`);
	checkSeconds(provider.timeout, [...path, 'timeout'], false, report);
	const list = provider.arguments;
	if (list === undefined || list === null || typeof list === 'string') return;
	if (typeof list !== 'object') {
		report([...path, 'arguments'], 'must be a list, a mapping or a text');
		return;
	}
	for (const [key, item] of Object.entries(list)) {
		const place = [...path, 'arguments', isList(list) ? Number(key) : key];
		if (typeof item === 'object' && item !== null) report(place, 'must be a text or a number');
		const source = typeof item === 'number' ? document.source(place) : undefined;
		if (source !== undefined && source !== String(item))
			report(place, `is written as ${source} and would be handed on as ${item}; put it into quotes`);
	}
}

function checkSeconds(value: Json | undefined, path: Path, mayBePair: boolean, report: Report): void {
	if (value === undefined || value === null) return;
	const isSeconds = (item: Json) => typeof item === 'number' && item > 0;
	const isPair = mayBePair && isList(value) && value.length === 2 && value.every(isSeconds);
	const isVariable = mayBePair && typeof value === 'string' && variable.test(value);
	if (!isSeconds(value) && !isPair && !isVariable) report(path, 'must be a number of seconds above 0');
}

function checkHttp(provider: JsonMap, path: Path, { report }: Checks): void {
	const url = needText(provider, path, 'url', report);
	if (url !== undefined && !url.includes('$') && !/^https?:\/\/[^/]/.test(url))
		report([...path, 'url'], 'must start with http:// or https://');
	const { headers, method, verify_tls: verify, max_retries: retries } = provider;
	if (headers !== undefined && headers !== null && !isMap(headers))
		report([...path, 'headers'], 'must be a mapping of names to texts');
	if (method !== undefined && !(isText(method) && /^[A-Za-z]+$/.test(method)))
		report([...path, 'method'], 'must be a method of HTTP');
	if (verify !== undefined && typeof verify !== 'boolean' && typeof verify !== 'string')
		report([...path, 'verify_tls'], 'must be true, false or the file of a CA');
	if (retries !== undefined && !(Number.isInteger(retries) && Number(retries) >= 0))
		report([...path, 'max_retries'], 'must be a whole number');
	checkSeconds(provider.timeout, [...path, 'timeout'], true, report);
}

/** Texts that an output of the provider has. */
const targets: Readonly<Record<string, readonly string[]>> = { process: ['stdout', 'stderr'], http: ['body'] };

/** @source chaoslib.hypothesis ensure_hypothesis_tolerance_is_valid */
function checkTolerance(tolerance: Json, path: Path, provider: string, checks: Checks): void {
	const { report, values } = checks;
	if (typeof tolerance === 'number' && !Number.isInteger(tolerance)) {
		report(path, 'must be a whole number, a text, true or false, a list or a mapping');
		return;
	}
	if (tolerance === null) {
		report(path, 'must not be empty');
		return;
	}
	if (!isMap(tolerance)) return;
	const { type, pattern, path: query, range, target, count } = tolerance;
	if (target !== undefined && typeof target !== 'string') report([...path, 'target'], 'must be a text');
	switch (type) {
		case 'probe':
			checkActivities([{ ...tolerance, type: 'probe' }], path.slice(0, -1), {
				...checks,
				// What stands in the list above is the tolerance itself.
				report: (place, text) => report([...path, ...place.slice(path.length)], text),
			});
			if (!isMap(tolerance.provider) || !isMap(tolerance.provider.arguments))
				report([...path, 'provider'], 'needs arguments, a mapping: the value that is to be judged is added to it');
			return;
		case 'regex': {
			if (typeof pattern !== 'string') {
				report(pattern === undefined ? path : [...path, 'pattern'], 'needs pattern, a text');
				return;
			}
			try {
				pythonRegex(pythonText(substitute(pattern, values)));
			} catch (error) {
				report([...path, 'pattern'], `cannot be used: ${causeText(error)}`);
			}
			const known = targets[provider];
			if (known !== undefined && !known.includes(String(target)))
				report(target === undefined ? path : [...path, 'target'], `needs target: ${known.join(' or ')}`);
			return;
		}
		case 'jsonpath':
			if (!isText(query)) {
				report(query === undefined ? path : [...path, 'path'], 'needs path, a text that is not empty');
				return;
			}
			if (count !== undefined && !Number.isInteger(count)) report([...path, 'count'], 'must be a whole number');
			try {
				compilePath(pythonText(substitute(query.trim(), values)));
			} catch (error) {
				report([...path, 'path'], `cannot be used: ${causeText(error)}`);
			}
			return;
		case 'range':
			if (!isList(range) || range.length !== 2 || !range.every((bound) => typeof bound === 'number'))
				report(range === undefined ? path : [...path, 'range'], 'needs range, a list of two numbers');
			return;
		default:
			report(type === undefined ? path : [...path, 'type'], 'needs type: regex, jsonpath, range or probe');
			return;
	}
}
