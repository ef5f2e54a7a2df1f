/**
 * Bounds on the input of a caller, for every kind and before any processing: the types of all fields and the entries of
 * lists and maps. An object that cannot be encoded again is refused here and so never stored.
 */
import { type FieldProblem, hasCode, KubejoinError } from '../../lib/errors.ts';
import { requireValid, tooLong, tooMany } from '../../lib/kube/object-meta.ts';
import type { ApiResource } from '../../lib/kube/resources.ts';
import type { KubeObject, UserInfo, WatchEvent } from '../../lib/kube/types.ts';
import { cannotBeHandled, unmarshalProblem } from '../../lib/kube/unmarshal.ts';
import { type CountRefusal, type LimitName, limits } from '../../lib/limits.ts';
import type { ApiRequest, ResourceStorage } from './request/api-request.ts';

type Watch = NonNullable<ResourceStorage['watch']>;
type Answer = (request: ApiRequest) => Promise<KubeObject>;

/** The storage of a resource, which refuses and counts requests that exceed a bound. */
export function bounded(
	resource: ApiResource,
	endpoint: ResourceStorage,
	countRefusal: CountRefusal,
	watches: WatchCount = new WatchCount(),
): ResourceStorage {
	const onRefusal = (error: unknown): never => {
		for (const limit of exceededBy(error)) countRefusal(limit);
		throw error;
	};
	const within = (
		answer: Answer | undefined,
		check: (resource: ApiResource, object: KubeObject | undefined) => void,
	): Answer | undefined =>
		answer &&
		(async (request) => {
			try {
				check(resource, request.object);
				return await answer(request);
			} catch (error) {
				return onRefusal(error);
			}
		});
	const { list: listed, watch: watched } = endpoint;
	const list = listed && (async (request: ApiRequest) => listed(request).catch(onRefusal));
	const watch =
		watched &&
		(async (request: ApiRequest) => {
			try {
				return await counted(watched, request, watches, onRefusal);
			} catch (error) {
				return onRefusal(error);
			}
		});
	const checked = {
		create: within(endpoint.create, requireAcceptable),
		update: within(endpoint.update, requireAcceptable),
		patch: within(endpoint.patch, () => undefined),
	};
	const offered = Object.entries(checked).filter(([, answer]) => answer !== undefined);
	return { ...endpoint, ...Object.fromEntries(offered), ...(list && { list }), ...(watch && { watch }) };
}

/** The open watches of all resources, by user. */
export class WatchCount {
	readonly #open = new Map<string, number>();

	/** @throws API_TOO_MANY_WATCHES */
	enter({ username }: UserInfo): void {
		const open = this.#open.get(username) ?? 0;
		const limit = limits.watchesPerCaller.value;
		if (open >= limit) throw new KubejoinError('API_TOO_MANY_WATCHES', { limit, retryAfterSeconds: 1 });
		this.#open.set(username, open + 1);
	}

	leave({ username }: UserInfo): void {
		const open = this.#open.get(username) ?? 0;
		if (open > 1) this.#open.set(username, open - 1);
		else this.#open.delete(username);
	}
}

/** Counted from its begin, because a watch without events is open as well. */
async function counted(watch: Watch, request: ApiRequest, watches: WatchCount, onError: (error: unknown) => never) {
	watches.enter(request.user);
	try {
		return leaving(await watch(request), () => watches.leave(request.user), onError);
	} catch (error) {
		watches.leave(request.user);
		throw error;
	}
}

async function* leaving(
	events: AsyncIterable<WatchEvent<KubeObject>>,
	leave: () => void,
	onError: (error: unknown) => never,
): AsyncGenerator<WatchEvent<KubeObject>> {
	try {
		yield* events;
	} catch (error) {
		onError(error);
	} finally {
		leave();
	}
}

function exceededBy(error: unknown): LimitName[] {
	if (hasCode(error, 'API_TOO_MANY_WATCHES')) return ['watchesPerCaller'];
	if (hasCode(error, 'API_LIST_TOO_LARGE')) return ['listBytes'];
	if (hasCode(error, 'API_OBJECT_TOO_LARGE', 'STORE_VALUE_TOO_LARGE')) return ['objectBytes'];
	if (hasCode(error, 'API_BAD_REQUEST') && typeof error.details.limit === 'string')
		return [error.details.limit as LimitName];
	if (!hasCode(error, 'API_INVALID')) return [];
	const causes = error.details.causes as readonly FieldProblem[];
	return causes.flatMap(({ limit }) =>
		limit !== undefined && Object.hasOwn(limits, limit) ? [limit as LimitName] : [],
	);
}

const unreadable =
	(resource: ApiResource) =>
	(problem: string): KubejoinError =>
		new KubejoinError('API_BAD_REQUEST', { problem: cannotBeHandled(resource, problem) });

/**
 * @param refusal  of an object that has not the types of its kind
 * @throws API_INVALID, and the refusal
 */
export function requireAcceptable(
	resource: ApiResource,
	object: KubeObject | undefined,
	refusal: (problem: string) => KubejoinError = unreadable(resource),
): void {
	if (object === undefined) return;
	const problem = unmarshalProblem(resource, object);
	if (problem !== undefined) throw refusal(problem);
	const { name = '', generateName = '' } = object.metadata ?? {};
	const max = limits.requestNameBytes.value;
	const isLong = Buffer.byteLength(generateName) > max;
	requireValid(resource, name, [
		...(isLong ? [tooLong('metadata.generateName', max, 'requestNameBytes')] : []),
		...(mayExceed(object) ? entryProblems(object, '') : []),
	]);
}

const fewestEntries = Math.min(limits.listEntries.value, limits.mapEntries.value, limits.trackedFields.value);
/** Whether the slower search for problems is needed, which writes the path of each entry. */
const mayExceed = (value: unknown): boolean =>
	typeof value === 'object' &&
	value !== null &&
	(Object.keys(value).length > fewestEntries || Object.values(value).some(mayExceed));

/** Lists and maps with too many entries, wherever they are in the object. */
function entryProblems(value: unknown, field: string): FieldProblem[] {
	if (typeof value !== 'object' || value === null) return [];
	const [limit, entries]: ['listEntries' | 'mapEntries', [string, unknown][]] = Array.isArray(value)
		? ['listEntries', value.map((entry, index) => [`${field}[${index}]`, entry])]
		: ['mapEntries', Object.entries(value).map(([key, entry]) => [field === '' ? key : `${field}.${key}`, entry])];
	// The owners of a map list its entries and the map itself.
	const exceeded = field.startsWith('metadata.managedFields') ? 'trackedFields' : limit;
	const max = limits[exceeded].value;
	if (entries.length > max) return [tooMany(field, entries.length, max, exceeded)];
	return entries.flatMap(([at, entry]) => entryProblems(entry, at));
}
