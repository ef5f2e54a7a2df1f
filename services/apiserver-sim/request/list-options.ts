/**
 * The query of a read, in upstream's order of checks and with its texts. A parameter that nothing here reads changes
 * nothing, as upstream.
 * @source apimachinery/pkg/apis/meta/internalversion; apiserver/pkg/endpoints/filters/request_deadline.go;
 *   storage/cacher
 */
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { parseGoDuration } from '../../../lib/kube/duration.ts';
import { forbiddenField, notSupported } from '../../../lib/kube/object-meta.ts';
import { quotedInput } from '../authorize/go-text.ts';
import type { ApiRequest } from './api-request.ts';
import { decodeContinue } from './continue-token.ts';

export interface ListOptions {
	/** Empty or `0`: any version. */
	readonly resourceVersion: string;
	/** Only the state of exactly that version will do. */
	readonly isExact: boolean;
}

const badRequest = (problem: string) => new KubejoinError('API_BAD_REQUEST', { problem });

/** Only `false` and `0` are no. @source runtime.Convert_Slice_string_To_bool */
export function asksForWatch(query: URLSearchParams): boolean {
	const value = query.get('watch');
	return value !== null && value !== '0' && value.toLowerCase() !== 'false';
}

/** Milliseconds, or undefined for no wish. @throws API_BAD_REQUEST  before authentication, as upstream */
export function timeoutOf(query: URLSearchParams): number | undefined {
	const text = query.get('timeout');
	if (text === null) return undefined;
	try {
		const ms = parseGoDuration(text.slice(0, MAX_DURATION_LENGTH));
		return ms > 0 ? ms : undefined;
	} catch (error) {
		throw badRequest(`invalid timeout specified in the request URL - ${(error as Error).message}`);
	}
}
/** Longer than any duration that fits an int64. */
const MAX_DURATION_LENGTH = 64;

/** @throws API_BAD_REQUEST, API_INVALID */
export function readListOptions(query: URLSearchParams): ListOptions {
	for (const name of ['timeoutSeconds', 'limit']) requireInt64(query.get(name));
	const labelSelector = query.get('labelSelector') ?? '';
	if (labelSelector !== '') throw badRequest(`labelSelector is not offered yet: ${quotedInput(labelSelector)}`);
	const resourceVersion = query.get('resourceVersion') ?? '';
	const match = query.get('resourceVersionMatch') ?? '';
	const from = query.get('continue') ?? '';
	const causes: FieldProblem[] = [
		...(match === '' ? [] : matchProblems(match, resourceVersion, from)),
		...(query.has('sendInitialEvents')
			? [forbiddenField('sendInitialEvents', 'sendInitialEvents is forbidden for list')]
			: []),
	];
	if (causes.length > 0)
		throw new KubejoinError('API_INVALID', { kind: 'ListOptions', group: 'meta.k8s.io', name: '', causes });
	requireResourceVersion(resourceVersion);
	if (from !== '' && resourceVersion !== '' && resourceVersion !== '0')
		throw badRequest('specifying resource version is not allowed when using continue');
	if (from !== '') decodeContinue(from);
	return { resourceVersion, isExact: match === 'Exact' };
}

/** @source apimachinery/pkg/apis/meta/internalversion/validation ValidateListOptions */
function matchProblems(match: string, resourceVersion: string, from: string): FieldProblem[] {
	const field = 'resourceVersionMatch';
	return [
		...(resourceVersion === ''
			? [forbiddenField(field, 'resourceVersionMatch is forbidden unless resourceVersion is provided')]
			: []),
		...(from === '' ? [] : [forbiddenField(field, 'resourceVersionMatch is forbidden when continue is provided')]),
		...(match === 'Exact' || match === 'NotOlderThan'
			? []
			: [notSupported(field, match.slice(0, 256), ['Exact', 'NotOlderThan', ''])]),
		...(match === 'Exact' && resourceVersion === '0'
			? [forbiddenField(field, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"')]
			: []),
	];
}

/** @throws API_BAD_REQUEST */
export function requireResourceVersion(text: string): void {
	const problem = text === '' ? undefined : numberProblem('ParseUint', text, /^\d+$/, 2n ** 64n - 1n);
	if (problem === undefined) return;
	throw badRequest(`invalid resource version: resourceVersion: Invalid value: ${quotedInput(text)}: ${problem}`);
}

function requireInt64(text: string | null): void {
	const problem = text === null ? undefined : numberProblem('ParseInt', text, /^[-+]?\d+$/, 2n ** 63n - 1n);
	if (problem !== undefined) throw badRequest(problem);
}

/** @source Go strconv NumError */
function numberProblem(name: string, text: string, form: RegExp, max: bigint): string | undefined {
	const because = (reason: string) => `strconv.${name}: parsing ${quotedInput(text)}: ${reason}`;
	if (!form.test(text)) return because('invalid syntax');
	const value = BigInt(text.replace('+', ''));
	return value > max || value < -max - 1n ? because('value out of range') : undefined;
}

/** How much of a list is wanted, and from where. @source apimachinery/pkg/apis/meta/v1 ListOptions */
export const readPaging = (query: URLSearchParams): Pick<ApiRequest, 'limit' | 'continueToken'> => ({
	limit: Math.max(0, Number(query.get('limit') ?? 0) || 0),
	continueToken: query.get('continue') ?? '',
});

/**
 * Refuse a list that is older than the caller asked for, or not of the version that it asked for.
 *
 * @param current  the version of the list
 * @throws API_VERSION_TOO_LARGE, API_EXPIRED
 * @differs upstream waits three seconds for a version that is to come; and it keeps old versions for five minutes, here
 *   there is only the latest
 */
export function requireVersion({ resourceVersion, isExact }: ListOptions, current: string): void {
	if (resourceVersion === '' || resourceVersion === '0') return;
	const [asked, has] = [BigInt(resourceVersion), BigInt(current)];
	if (asked > has)
		throw new KubejoinError('API_VERSION_TOO_LARGE', { requested: resourceVersion, current, ...tooLarge });
	if (isExact && asked !== has) {
		const because = 'The resourceVersion for the provided list is too old.';
		throw new KubejoinError('API_EXPIRED', { requested: resourceVersion, oldest: current, because });
	}
}

const tooLarge = {
	causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version', field: '' }],
	retryAfterSeconds: 1,
};
