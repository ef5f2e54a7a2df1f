/**
 * Checks a document before anything runs, and reports all problems together: each error of Chaos Toolkit, each of its
 * features that this runner does not have, and the rules of this project.
 */
import { causeText } from '../../lib/errors.ts';
import { type Document, type Path, type Problem, pathText } from './document.ts';
import { at, isList, isMap, type Json, type JsonMap } from './json.ts';
import type { About, Expected, Plan, Step, Tolerance, VerdictKind } from './plan.ts';
import { DEFAULT_TIMEOUT_SECONDS, findProgram, type Machine } from './programs.ts';

type Report = (path: Path, text: string) => void;

interface Checks {
	readonly document: Document;
	readonly machine: Machine;
	readonly report: Report;
}

const isText = (value: Json | undefined): value is string => typeof value === 'string' && value.trim() !== '';
const listOf = (value: Json | undefined): readonly Json[] => (isList(value) ? value : []);
const isGiven = (value: Json | undefined): boolean => value !== undefined && value !== null;

/** @returns the plan, or the problems */
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
	refuseFeatures(value, [], ['configuration', 'secrets', 'controls', 'runtime'], report);
	const checks: Checks = { document, machine, report };
	const title = needText(value, [], 'title', report) ?? '';
	const description = needText(value, [], 'description', report) ?? '';
	const { tags } = value;
	if (isGiven(tags) && !(isList(tags) && tags.every(isText)))
		report(['tags'], 'must be a list of texts that are not empty');
	if (!isGiven(value.method)) report([], 'needs a method, which may be an empty list');
	const plan: Plan = {
		name: document.name,
		file: document.file,
		experiment: value,
		title,
		description,
		about: checkAbout(value, report),
		expected: checkExpected(value, report),
		hypothesis: checkHypothesis(value['steady-state-hypothesis'], checks),
		method: checkSteps(value.method, ['method'], checks),
		rollbacks: checkSteps(value.rollbacks, ['rollbacks'], checks),
	};
	return problems.length > 0 ? { problems } : { plan, problems };
}

/** YAML has dates, sets and numbers that JSON does not have; Python and JavaScript print them differently. */
function checkPlain(value: unknown, path: Path, report: Report): void {
	if (Array.isArray(value)) for (const [index, item] of value.entries()) checkPlain(item, [...path, index], report);
	else if (typeof value === 'number' && !Number.isFinite(value)) report(path, 'must be a finite number');
	else if (typeof value === 'object' && value !== null) {
		if (Object.getPrototypeOf(value) !== Object.prototype)
			report(path, 'is a date or another value that JSON does not have; put it into quotes');
		else for (const [key, item] of Object.entries(value)) checkPlain(item, [...path, key], report);
	} else if (typeof value === 'bigint') report(path, 'is too large a number; put it into quotes');
}

const unsupported = (feature: string): string =>
	`${feature} is a feature of Chaos Toolkit that this runner does not have`;

function refuseFeatures(map: JsonMap, path: Path, keys: readonly string[], report: Report): void {
	for (const key of keys) if (Object.hasOwn(map, key)) report([...path, key], unsupported(key));
}

function needText(map: JsonMap, path: Path, key: string, report: Report): string | undefined {
	const value = at(map, key);
	if (isText(value)) return value;
	report(value === undefined ? path : [...path, key], `needs ${key}, a text that is not empty`);
	return undefined;
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
		const expected = isMap(contributions) ? at(contributions, kind) : undefined;
		if (expected === 'held' || expected === 'violated') return expected;
		if (expected === 'none') return 'unknown';
		const path = contributions === undefined ? [] : ['contributions', ...(expected === undefined ? [] : [kind])];
		report(path, `needs contributions.${kind}, the expected verdict: held, violated, or none where it is not at stake`);
		return 'held';
	};
	return { security: verdict('security'), availability: verdict('availability') };
}

function checkHypothesis(hypothesis: Json | undefined, checks: Checks): Plan['hypothesis'] {
	if (hypothesis === undefined || hypothesis === null) return { title: '', probes: [] };
	const path = ['steady-state-hypothesis'];
	if (!isMap(hypothesis)) {
		checks.report(path, 'must be a mapping with title and probes');
		return { title: '', probes: [] };
	}
	refuseFeatures(hypothesis, path, ['controls'], checks.report);
	const title = needText(hypothesis, path, 'title', checks.report) ?? '';
	const probes = checkSteps(hypothesis.probes, [...path, 'probes'], checks);
	listOf(hypothesis.probes).forEach((probe, index) => {
		if (isMap(probe) && at(probe, 'tolerance') === undefined)
			checks.report([...path, 'probes', index], 'needs a tolerance, because it is a probe of the hypothesis');
	});
	return { title, probes };
}

function checkSteps(list: Json | undefined, path: Path, checks: Checks): readonly Step[] {
	if (list === undefined || list === null) return [];
	if (!isList(list)) {
		checks.report(path, 'must be a list of activities');
		return [];
	}
	return list.flatMap((activity, index) => {
		const place = [...path, index];
		if (isMap(activity) && Object.hasOwn(activity, 'ref')) {
			checks.report([...place, 'ref'], unsupported('ref'));
			return [];
		}
		if (isMap(activity) && Object.keys(activity).length > 0) return [checkStep(activity, place, checks)];
		checks.report(place, 'must be an activity: a mapping with type, name and provider');
		return [];
	});
}

function checkStep(activity: JsonMap, path: Path, checks: Checks): Step {
	const { report } = checks;
	refuseFeatures(activity, path, ['background', 'controls', 'configuration', 'secrets'], report);
	const { type, provider, timeout } = activity;
	if (type !== 'probe' && type !== 'action')
		report(type === undefined ? path : [...path, 'type'], 'needs type: probe or action');
	const name = needText(activity, path, 'name', report) ?? '';
	if (isGiven(timeout)) report([...path, 'timeout'], 'must be in the provider, in seconds');
	const program = checkProvider(provider, path, checks);
	const tolerance = at(activity, 'tolerance');
	const judged = tolerance === undefined ? undefined : checkTolerance(tolerance, [...path, 'tolerance'], report);
	const pauses = checkPauses(activity.pauses, [...path, 'pauses'], report);
	return {
		type: type === 'action' ? 'action' : 'probe',
		name,
		activity,
		...program,
		tolerance: judged,
		...pauses,
	};
}

function checkPauses(
	pauses: Json | undefined,
	path: Path,
	report: Report,
): Pick<Step, 'pauseBeforeSeconds' | 'pauseAfterSeconds'> {
	if (isGiven(pauses) && !isMap(pauses)) report(path, 'must be a mapping with before, after or both, in seconds');
	const seconds = (key: 'before' | 'after'): number => {
		const pause = isMap(pauses) ? at(pauses, key) : undefined;
		if (pause === undefined || pause === null) return 0;
		if (typeof pause === 'number' && pause >= 0) return pause;
		const isVariable = typeof pause === 'string' && pause.includes('${');
		report([...path, key], `${isVariable ? `${unsupported('a variable')}; it ` : ''}must be a number of seconds`);
		return 0;
	};
	return { pauseBeforeSeconds: seconds('before'), pauseAfterSeconds: seconds('after') };
}

type Program = Pick<Step, 'path' | 'args' | 'timeoutSeconds'>;

function checkProvider(provider: Json | undefined, path: Path, checks: Checks): Program {
	const { report, machine } = checks;
	const place = [...path, 'provider'];
	const none: Program = { path: '', args: [], timeoutSeconds: DEFAULT_TIMEOUT_SECONDS };
	if (!isMap(provider)) {
		report(provider === undefined ? path : place, 'needs a provider: a mapping with type: process');
		return none;
	}
	const { type, timeout } = provider;
	if (type !== 'process') {
		const isKnown = type === 'http' || type === 'python';
		report(
			type === undefined ? place : [...place, 'type'],
			isKnown ? `${unsupported(`the provider ${type}`)}; use process` : 'needs type: process',
		);
		return none;
	}
	const program = needText(provider, place, 'path', report);
	if (program !== undefined && findProgram(program, machine) === undefined)
		report([...place, 'path'], `the program ${program} was not found, or is not executable`);
	if (isGiven(timeout) && !(typeof timeout === 'number' && timeout > 0))
		report([...place, 'timeout'], 'must be a number of seconds above 0');
	return {
		path: program ?? '',
		args: checkArguments(provider.arguments, [...place, 'arguments'], checks),
		timeoutSeconds: typeof timeout === 'number' ? timeout : DEFAULT_TIMEOUT_SECONDS,
	};
}

function checkArguments(list: Json | undefined, path: Path, { document, report }: Checks): readonly string[] {
	if (list === undefined || list === null) return [];
	if (!isList(list)) {
		const isKnown = typeof list === 'string' || isMap(list);
		report(path, isKnown ? `${unsupported('arguments that are no list')}; write a list` : 'must be a list');
		return [];
	}
	return list.flatMap((item, index) => {
		const place = [...path, index];
		if (typeof item !== 'string' && typeof item !== 'number') {
			report(place, 'must be a text or a number');
			return [];
		}
		const source = typeof item === 'number' ? document.source(place) : undefined;
		if (source !== undefined && source !== String(item))
			report(place, `is written as ${source} and would be passed as ${item}; put it into quotes`);
		// Chaos Toolkit drops empty arguments.
		return item === '' ? [] : [String(item)];
	});
}

/** @source chaoslib.hypothesis ensure_hypothesis_tolerance_is_valid */
function checkTolerance(tolerance: Json, path: Path, report: Report): Tolerance | undefined {
	if (typeof tolerance === 'number' && Number.isInteger(tolerance)) return { type: 'status', status: tolerance };
	if (!isMap(tolerance)) {
		const isKnown = isList(tolerance) || typeof tolerance === 'boolean' || typeof tolerance === 'string';
		const problem = 'must be an exit code or a mapping with type: regex';
		report(path, isKnown ? `${unsupported('a tolerance of this type')}; it ${problem}` : problem);
		return undefined;
	}
	const { type, pattern, target } = tolerance;
	if (type !== 'regex') {
		const isKnown = type === 'jsonpath' || type === 'range' || type === 'probe';
		report(
			type === undefined ? path : [...path, 'type'],
			isKnown ? `${unsupported(`a tolerance of type ${type}`)}; use regex` : 'needs type: regex',
		);
		return undefined;
	}
	if (typeof pattern !== 'string') {
		report(pattern === undefined ? path : [...path, 'pattern'], 'needs pattern, a text');
		return undefined;
	}
	if (target !== 'stdout' && target !== 'stderr') {
		report(target === undefined ? path : [...path, 'target'], 'needs target: stdout or stderr');
		return undefined;
	}
	try {
		// With `u`, JavaScript refuses escapes and groups that only Python has, instead of reading them as text.
		return { type: 'regex', pattern: new RegExp(pattern, 'u'), target };
	} catch (error) {
		report([...path, 'pattern'], `must be a pattern that Python and JavaScript both have: ${causeText(error)}`);
		return undefined;
	}
}
