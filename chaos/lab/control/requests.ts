/** Validates the bodies of requests to the control server: known fields, their types and sizes. */
import { KubejoinError } from '../../../lib/errors.ts';
import { isJsonObject } from '../../../lib/json-object.ts';
import { limits } from '../../../lib/limits.ts';
import { quoteInput } from '../../../lib/text.ts';
import { type WorkerPlan, type WorkerProgram, type WorkerSignal, workerSignals } from '../workers.ts';
import type { Change, LabCall, LabOperation } from './api.ts';

// The name of an experiment's object is also the name of a file.
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
export const isLabName = (name: string): boolean => namePattern.test(name);
export const LAB_NAME = 'up to 100 letters, digits, dots, dashes and underscores, a letter or a digit first';

type Check = (value: unknown) => boolean;
const isText: Check = (value) => typeof value === 'string';
const isShort: Check = (value) => typeof value === 'string' && value.length <= limits.labTextLength.value;
const isTexts: Check = (value) =>
	Array.isArray(value) && value.length <= limits.labListItems.value && value.every(isShort);
const isSettings: Check = (value) =>
	isJsonObject(value) &&
	Object.keys(value).length <= limits.labListItems.value &&
	Object.entries(value).every(([name, text]) => /^[A-Z][A-Z0-9_]*$/.test(name) && isShort(text));
/** @source libfaketime: an offset from now, in seconds or another unit */
const isClock: Check = (value) => typeof value === 'string' && /^[+-]\d{1,12}(\.\d{1,9})?[smhdy]?$/.test(value);
const isSeconds: Check = (value) => typeof value === 'number' && Number.isFinite(value) && value >= 0;
const isSkewResult: Check = (value) =>
	isJsonObject(value) && ['service', 'offset', 'outcome'].every((name) => isText(value[name]));

const EACH_SHORT = `each at most ${limits.labTextLength.value} characters`;

interface Field {
	readonly is: Check;
	/** Completes "NAME must be". */
	readonly what: string;
	readonly isRequired?: true;
}
const clock: Field = { is: isClock, what: 'an offset such as +600s' };

const planFields: Readonly<Record<keyof WorkerPlan, Field>> = {
	name: {
		is: (value) => typeof value === 'string' && isLabName(value),
		what: LAB_NAME,
		isRequired: true,
	},
	// The workers know which programs exist.
	program: { is: isText, what: 'the name of a program', isRequired: true },
	args: { is: isTexts, what: `a list of at most ${limits.labListItems.value} texts, ${EACH_SHORT}`, isRequired: true },
	clock,
	pauseAfter: { is: (value) => isShort(value) && value !== '', what: `a text that is not empty, ${EACH_SHORT}` },
};
const changeFields: Readonly<Record<keyof Change, Field>> = {
	settings: {
		is: isSettings,
		what: `at most ${limits.labListItems.value} texts by the names of settings, without a prefix, ${EACH_SHORT}`,
	},
	clock,
};
const signalFields: Readonly<Record<'signal', Field>> = {
	signal: {
		is: (value) => workerSignals.some((signal) => signal === value),
		what: `one of ${workerSignals.join(', ')}`,
		isRequired: true,
	},
};

const callArguments: Readonly<Record<LabOperation, readonly Check[]>> = {
	runCommand: [isTexts],
	startedAtMs: [],
	judgeExpectations: [isSeconds],
	recordVerdict: [isText],
	recordMissed: [isText],
	recordSkew: [isSkewResult],
	recordHalfJoined: [isText],
	tokenSecrets: [],
	processTexts: [],
	nodeFiles: [],
	resetNodes: [],
};
const callFields: Readonly<Record<keyof LabCall, Field>> = {
	operation: {
		is: (value) => typeof value === 'string' && Object.hasOwn(callArguments, value),
		what: `one of ${Object.keys(callArguments).join(', ')}`,
		isRequired: true,
	},
	args: { is: Array.isArray, what: 'a list', isRequired: true },
};

const MAX_UNKNOWN_NAMED = 10;

/** @throws LAB_REQUEST_INVALID  with every problem */
function read<T>(body: unknown, fields: Readonly<Record<string, Field>>): T {
	if (!isJsonObject(body))
		throw new KubejoinError('LAB_REQUEST_INVALID', { problem: 'the request has no JSON object' });
	const given = body as Readonly<Record<string, unknown>>;
	const unknown = Object.keys(given)
		.filter((name) => !Object.hasOwn(fields, name))
		.slice(0, MAX_UNKNOWN_NAMED);
	const problems = [
		...unknown.map((name) => `there is no field ${quoteInput(name)}; there are ${Object.keys(fields).join(', ')}`),
		...Object.entries(fields).flatMap(([name, { is, what, isRequired }]) => {
			if (Object.hasOwn(given, name)) return is(given[name]) ? [] : [`${name} must be ${what}`];
			return isRequired ? [`${name} is missing: ${what}`] : [];
		}),
	];
	if (problems.length > 0) throw new KubejoinError('LAB_REQUEST_INVALID', { problem: problems.join('; ') });
	return given as T;
}

/** Does not check that the program exists. @throws LAB_REQUEST_INVALID */
export const readPlan = (body: unknown): WorkerPlan & { readonly program: WorkerProgram } => read(body, planFields);
/** @throws LAB_REQUEST_INVALID */
export const readChange = (body: unknown): Change => read(body, changeFields);
/** @throws LAB_REQUEST_INVALID */
export const readSignal = (body: unknown): WorkerSignal =>
	read<{ readonly signal: WorkerSignal }>(body, signalFields).signal;

/** @throws LAB_REQUEST_INVALID */
export function readLabCall(body: unknown): LabCall {
	const call = read<LabCall>(body, callFields);
	const checks = callArguments[call.operation];
	if (call.args.length !== checks.length || !checks.every((check, index) => check(call.args[index])))
		throw new KubejoinError('LAB_REQUEST_INVALID', { problem: `${call.operation} does not take these arguments` });
	return call;
}
