/**
 * Bounds on what a caller sends, for every kind and before anything is done with it: the types of all fields, the length of names, the entries
 * of lists and maps. What cannot be encoded again is refused here and so never stored.
 */
import { type FieldProblem, hasCode, KubejoinError } from '../../lib/errors.ts';
import type { ResourceName } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { cannotBeHandled, unmarshalProblem } from '../../lib/kube/unmarshal.ts';
import { type CountRefusal, type LimitName, limits } from '../../lib/limits.ts';
import { requireValid, tooLong, tooMany } from './object-meta.ts';
import type { ApiRequest, Endpoint } from './request.ts';

type Answer = (request: ApiRequest) => Promise<KubeObject>;

/** The endpoint of a resource, which refuses what exceeds a bound and counts it. */
export function bounded(resource: ResourceName, endpoint: Endpoint, countRefusal: CountRefusal): Endpoint {
	const within = (answer: Answer | undefined, check: (request: ApiRequest) => void): Answer | undefined =>
		answer &&
		(async (request) => {
			try {
				check(request);
				return await answer(request);
			} catch (error) {
				for (const limit of exceededBy(error)) countRefusal(limit);
				throw error;
			}
		});
	const checked = {
		create: within(endpoint.create, (request) => requireAcceptable(resource, request.object)),
		update: within(endpoint.update, (request) => {
			requireShortName(resource, request.name);
			requireAcceptable(resource, request.object);
		}),
		get: within(endpoint.get, (request) => requireShortName(resource, request.name)),
		delete: within(endpoint.delete, (request) => requireShortName(resource, request.name)),
	};
	const offered = Object.entries(checked).filter(([, answer]) => answer !== undefined);
	return { ...endpoint, ...Object.fromEntries(offered) };
}

function exceededBy(error: unknown): LimitName[] {
	if (hasCode(error, 'API_OBJECT_TOO_LARGE', 'STORE_VALUE_TOO_LARGE')) return ['objectBytes'];
	if (!hasCode(error, 'API_INVALID')) return [];
	const causes = error.facts.causes as readonly FieldProblem[];
	return causes.flatMap(({ limit }) =>
		limit !== undefined && Object.hasOwn(limits, limit) ? [limit as LimitName] : [],
	);
}

/** An object of a longer name cannot exist. @throws API_NOT_FOUND */
function requireShortName({ resource, group }: ResourceName, name: string): void {
	if (Buffer.byteLength(name) <= limits.nameBytes.value) return;
	throw new KubejoinError('API_NOT_FOUND', { resource, group, name: `${name.slice(0, 256)}...` });
}

/** @throws API_BAD_REQUEST, API_INVALID */
function requireAcceptable(resource: ResourceName, object: KubeObject | undefined): void {
	if (object === undefined) return;
	const problem = unmarshalProblem(resource, object);
	if (problem !== undefined)
		throw new KubejoinError('API_BAD_REQUEST', { problem: cannotBeHandled(resource, problem) });
	const { name = '', generateName = '', namespace = '' } = object.metadata ?? {};
	const max = limits.nameBytes.value;
	const long = Object.entries({ name, generateName, namespace }).filter(([, text]) => Buffer.byteLength(text) > max);
	requireValid(resource, long.length === 0 ? name : '', [
		...long.map(([field]) => tooLong(`metadata.${field}`, max, 'nameBytes')),
		...entryProblems(object, ''),
	]);
}

/** Lists and maps with too many entries, wherever they are in the object. */
function entryProblems(value: unknown, field: string): FieldProblem[] {
	if (typeof value !== 'object' || value === null) return [];
	const [limit, entries]: ['listEntries' | 'mapEntries', [string, unknown][]] = Array.isArray(value)
		? ['listEntries', value.map((entry, index) => [`${field}[${index}]`, entry])]
		: ['mapEntries', Object.entries(value).map(([key, entry]) => [field === '' ? key : `${field}.${key}`, entry])];
	const max = limits[limit].value;
	if (entries.length > max) return [tooMany(field, entries.length, max, limit)];
	return entries.flatMap(([at, entry]) => entryProblems(entry, at));
}
