/**
 * The query of a request and a DeleteOptions body -> its options, in upstream's order of checks and with its texts. A
 * parameter that nothing here reads changes nothing, as upstream.
 * @source apimachinery/pkg/apis/meta/{internalversion,v1}/validation; apiserver/pkg/endpoints/filters
 */
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { parseGoDuration } from '../../../lib/kube/duration.ts';
import { forbiddenField, invalid, notSupported, required, tooLong } from '../../../lib/kube/object-meta.ts';
import { type CountRefusal, limits } from '../../../lib/limits.ts';
import { quotedInput } from '../authorize/go-text.ts';
import { readFieldSelector } from '../selectors.ts';
import type { FieldValidation, PatchType, PropagationPolicy, RequestOptions } from './api-request.ts';
import { decodeContinue } from './continue-token.ts';
import { numberProblem } from './go-number.ts';
import { isTrue } from './info.ts';
import { requireResourceVersion } from './list-options.ts';

const badRequest = (problem: string) => new KubejoinError('API_BAD_REQUEST', { problem });

/** Milliseconds, or undefined for no wish. @throws API_BAD_REQUEST  before authentication, as upstream */
export function timeoutOf(query: URLSearchParams): number | undefined {
	const text = query.get('timeout') ?? '';
	if (text === '') return undefined;
	try {
		const ms = parseGoDuration(text.slice(0, MAX_DURATION_LENGTH));
		return ms > 0 ? ms : undefined;
	} catch (error) {
		throw badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`);
	}
}
/** Longer than any duration that fits an int64. */
const MAX_DURATION_LENGTH = 64;

/** @throws API_BAD_REQUEST */
export function readGetOptions(query: URLSearchParams): Partial<RequestOptions> {
	if (query.get('export') && isTrue(query.get('export')))
		throw badRequest('the export parameter, deprecated since v1.14, is no longer supported');
	const resourceVersion = query.get('resourceVersion') ?? '';
	requireResourceVersion(resourceVersion);
	return { resourceVersion };
}

/** @throws API_BAD_REQUEST, API_INVALID */
export function readListOptions(
	query: URLSearchParams,
	verb: 'list' | 'watch' | 'deletecollection',
	count: CountRefusal,
): Partial<RequestOptions> {
	const timeoutSeconds = int64Of(query.get('timeoutSeconds'));
	const limit = int64Of(query.get('limit')) ?? 0;
	const { fieldSelector, check } = readFieldSelector(query.get('fieldSelector') ?? '');
	check(count);
	const resourceVersion = query.get('resourceVersion') ?? '';
	const sent = {
		resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
		sendInitialEvents: query.has('sendInitialEvents') ? isTrue(query.get('sendInitialEvents')) : undefined,
	};
	const continueToken = query.get('continue') ?? '';
	const isWatch = verb === 'watch';
	const { resourceVersionMatch, sendInitialEvents } = isWatch ? withWatchDefaults(sent, resourceVersion) : sent;
	const position = { resourceVersion, resourceVersionMatch, continueToken, sendInitialEvents };
	requireNone('ListOptions', isWatch ? watchProblems(position) : listProblems(position));
	requireResourceVersion(resourceVersion);
	if (continueToken !== '') decodeContinue(continueToken);
	if (continueToken !== '' && resourceVersion !== '' && resourceVersion !== '0')
		throw badRequest('specifying resource version is not allowed when using continue');
	return {
		...position,
		fieldSelector,
		labelSelector: query.get('labelSelector') ?? '',
		allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
		limit: Math.max(0, limit),
		timeoutSeconds,
	};
}

type Position = Pick<
	RequestOptions,
	'resourceVersion' | 'resourceVersionMatch' | 'continueToken' | 'sendInitialEvents'
>;
const NOT_OLDER = 'NotOlderThan';

/** @source internalversion/defaults.go SetListOptionsDefaults */
function withWatchDefaults(
	sent: Pick<Position, 'resourceVersionMatch' | 'sendInitialEvents'>,
	resourceVersion: string,
): Pick<Position, 'resourceVersionMatch' | 'sendInitialEvents'> {
	const isLegacy = resourceVersion === '' || resourceVersion === '0';
	if (sent.sendInitialEvents !== undefined || sent.resourceVersionMatch !== '' || !isLegacy) return sent;
	return { sendInitialEvents: true, resourceVersionMatch: NOT_OLDER };
}

const matchField = 'resourceVersionMatch';
const withContinue = (continueToken: string): FieldProblem[] =>
	continueToken === ''
		? []
		: [forbiddenField(matchField, 'resourceVersionMatch is forbidden when continue is provided')];

function listProblems({ resourceVersion, resourceVersionMatch: match, continueToken, sendInitialEvents }: Position) {
	const initial =
		sendInitialEvents === undefined
			? []
			: [forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list')];
	if (match === '') return initial;
	return [
		...(resourceVersion === ''
			? [forbiddenField(matchField, 'resourceVersionMatch is forbidden unless resourceVersion is provided')]
			: []),
		...withContinue(continueToken),
		...(match === 'Exact' || match === NOT_OLDER
			? []
			: [notSupported(matchField, match.slice(0, 256), ['Exact', NOT_OLDER, ''])]),
		...(match === 'Exact' && resourceVersion === '0'
			? [forbiddenField(matchField, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')]
			: []),
		...initial,
	];
}

function watchProblems({ resourceVersionMatch: match, continueToken, sendInitialEvents }: Position): FieldProblem[] {
	const unset = 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided';
	return [
		...(sendInitialEvents !== undefined && match !== NOT_OLDER
			? [forbiddenField(matchField, `sendInitialEvents requires setting resourceVersionMatch to ${NOT_OLDER}`)]
			: []),
		...(match === ''
			? []
			: [
					...(sendInitialEvents === undefined ? [forbiddenField(matchField, unset)] : []),
					...(match === NOT_OLDER ? [] : [notSupported(matchField, match.slice(0, 256), [NOT_OLDER])]),
					...withContinue(continueToken),
				]),
	];
}

/** Of create and update. @throws API_INVALID */
export function readWriteOptions(
	query: URLSearchParams,
	kind: 'CreateOptions' | 'UpdateOptions',
): Partial<RequestOptions> {
	requireNone(kind, writeProblems(query));
	return writeOptions(query);
}

/** @throws API_INVALID */
export function readPatchOptions(query: URLSearchParams, type: PatchType): Partial<RequestOptions> {
	const force = query.get('force');
	const ofType =
		type !== 'apply'
			? [...(force === null ? [] : [forbiddenField('force', 'may not be specified for non-apply patch')])]
			: [...(query.get('fieldManager') ? [] : [required('fieldManager', 'is required for apply patch')])];
	requireNone('PatchOptions', [...ofType, ...writeProblems(query)]);
	return { ...writeOptions(query), force: isTrue(force) };
}

const writeOptions = (query: URLSearchParams): Partial<RequestOptions> => ({
	dryRun: query.has('dryRun'),
	fieldManager: query.get('fieldManager') ?? '',
	fieldValidation: (query.get('fieldValidation') || 'Warn') as FieldValidation,
});

const writeProblems = (query: URLSearchParams): FieldProblem[] => [
	...managerProblems(query.get('fieldManager') ?? ''),
	...dryRunProblems(query.getAll('dryRun')),
	...oneOf('fieldValidation', query.get('fieldValidation') ?? '', ['', 'Ignore', 'Strict', 'Warn']),
];

function oneOf(field: string, value: string, supported: readonly string[]): FieldProblem[] {
	return supported.includes(value) ? [] : [notSupported(field, value.slice(0, 256), supported)];
}

const MAX_PROBLEMS = limits.fieldProblems.value;
const max = limits.fieldManagerBytes.value;

/** @source ValidateFieldManager */
function managerProblems(manager: string): FieldProblem[] {
	const problems = Buffer.byteLength(manager) > max ? [tooLong('fieldManager', max, 'fieldManagerBytes')] : [];
	for (const { character, byte } of unprintable(manager)) {
		const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
		const detail = `invalid character U+${code} (at position ${byte})`;
		const message = `Invalid value: ${quotedInput(manager)}: ${detail}`;
		problems.push({ field: 'fieldManager', reason: 'FieldValueInvalid', message });
		if (problems.length >= MAX_PROBLEMS) break;
	}
	return problems;
}

function* unprintable(text: string): Generator<{ readonly character: string; readonly byte: number }> {
	let byte = 0;
	for (const character of text) {
		if (character !== ' ' && /[\p{C}\p{Z}]/u.test(character)) yield { character, byte };
		byte += Buffer.byteLength(character);
	}
}

/** @source ValidateDryRun */
const dryRunProblems = (values: readonly string[]): FieldProblem[] =>
	values.every((value) => value === 'All') ? [] : [notSupported('dryRun', values.slice(0, MAX_PROBLEMS), ['All'])];

/** The parts of a DeleteOptions that matter here. @source apimachinery/pkg/apis/meta/v1 DeleteOptions */
export interface DeleteOptions {
	readonly gracePeriodSeconds?: number;
	readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
	readonly orphanDependents?: boolean;
	readonly propagationPolicy?: string;
	readonly dryRun?: readonly string[];
	readonly ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
}

/** A deletion without a body has its options in the query. @throws API_BAD_REQUEST */
export function deleteOptionsOfQuery(query: URLSearchParams): DeleteOptions {
	const gracePeriodSeconds = int64Of(query.get('gracePeriodSeconds'));
	const flag = (name: string) => (query.has(name) ? { [name]: isTrue(query.get(name)) } : {});
	return {
		...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
		...flag('orphanDependents'),
		...flag('ignoreStoreReadErrorWithClusterBreakingPotential'),
		...(query.has('propagationPolicy') ? { propagationPolicy: query.get('propagationPolicy') ?? '' } : {}),
		dryRun: query.getAll('dryRun'),
	};
}

const policies: readonly string[] = ['Foreground', 'Background', 'Orphan'];

const unreadField = 'ignoreStoreReadErrorWithClusterBreakingPotential';
const unreadConflicts = ['propagationPolicy', 'orphanDependents', 'gracePeriodSeconds', 'preconditions'] as const;

/** @source ValidateIgnoreStoreReadError */
function unreadProblems(options: DeleteOptions): FieldProblem[] {
	if (options[unreadField] !== true) return [];
	return unreadConflicts
		.filter((name) => (options[name] ?? undefined) !== undefined)
		.map((name) => invalid(unreadField, true, `cannot be set together with .${name}`));
}

/** @throws API_INVALID */
export function readCollectionDeleteOptions(options: DeleteOptions): Partial<RequestOptions> {
	const read = readDeleteOptions(options);
	const detail = 'is not allowed with DELETECOLLECTION, try again after removing the option';
	requireNone('DeleteOptions', options[unreadField] === true ? [invalid(unreadField, true, detail)] : []);
	return read;
}

/** @throws API_INVALID */
export function readDeleteOptions(options: DeleteOptions): Partial<RequestOptions> {
	const { propagationPolicy: policy, orphanDependents, dryRun = [] } = options;
	const both = 'orphanDependents and deletionPropagation cannot be both set';
	requireNone('DeleteOptions', [
		...(orphanDependents !== undefined && policy !== undefined ? [invalid('propagationPolicy', policy, both)] : []),
		...(policy === undefined || policies.includes(policy)
			? []
			: [notSupported('propagationPolicy', policy.slice(0, 256), [...policies, 'nil'])]),
		...dryRunProblems(dryRun),
		...unreadProblems(options),
	]);
	const { uid, resourceVersion } = options.preconditions ?? {};
	return {
		dryRun: dryRun.length > 0,
		preconditions: {
			...(typeof uid === 'string' ? { uid } : {}),
			...(typeof resourceVersion === 'string' ? { resourceVersion } : {}),
		},
		propagationPolicy: (policy ?? policyOf(orphanDependents)) as PropagationPolicy | undefined,
		gracePeriodSeconds: options.gracePeriodSeconds ?? undefined,
		ignoreStoreReadError: options.ignoreStoreReadErrorWithClusterBreakingPotential === true,
	};
}

/** The older spelling of a policy. */
const policyOf = (orphanDependents: boolean | undefined): PropagationPolicy | undefined =>
	orphanDependents === undefined ? undefined : orphanDependents ? 'Orphan' : 'Background';

function requireNone(kind: string, causes: readonly FieldProblem[]): void {
	if (causes.length > 0) throw new KubejoinError('API_INVALID', { kind, group: 'meta.k8s.io', name: '', causes });
}

/** @throws API_BAD_REQUEST */
function int64Of(text: string | null): number | undefined {
	if (text === null) return undefined;
	const problem = numberProblem('ParseInt', text, /^[-+]?\d+$/, 2n ** 63n - 1n);
	if (problem !== undefined) throw badRequest(problem);
	return Number(text);
}
