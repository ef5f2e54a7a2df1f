/**
 * Bounds on the input of a caller, for every kind and before any processing: the types of all fields and the entries of
 * lists and maps. An object that cannot be encoded again is refused here and so never stored.
 */
import { type FieldProblem, hasCode, KubejoinError } from '../../lib/errors.ts';
import { countFields } from '../../lib/json-object.ts';
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
	if (hasCode(error, 'API_SPACE_EXCEEDED')) return ['storedBytes'];
	if (hasCode(error, 'API_OBJECT_TOO_LARGE', 'STORE_VALUE_TOO_LARGE')) return ['objectBytes'];
	if (hasCode(error, 'API_BAD_REQUEST', 'API_PATCH_REJECTED') && typeof error.details.limit === 'string')
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
	const problem = unmarshalProblem(resource, object, { maxQuantities: limits.quantities.value });
	if (problem !== undefined) throw refusal(problem);
	const { name = '', generateName = '' } = object.metadata ?? {};
	const max = limits.requestNameBytes.value;
	const isLong = Buffer.byteLength(generateName) > max;
	requireValid(resource, name, [
		...(isLong ? [tooLong('metadata.generateName', max, 'requestNameBytes')] : []),
		...entryProblems(object),
	]);
}

/** A part of an object; its text is made for a problem only, because the names above it can be long. */
interface Place {
	readonly parent: Place | undefined;
	readonly name: string;
	readonly isInList: boolean;
}
const MAX_NAME = 256;

function textOf({ parent, name, isInList }: Place): string {
	const above = parent === undefined ? '' : textOf(parent);
	if (isInList) return `${above}[${name}]`;
	const cut = name.length > MAX_NAME ? `${name.slice(0, MAX_NAME)}...` : name;
	return above === '' ? cut : `${above}.${cut}`;
}

/** Lists and maps with too many entries, wherever they are in the object. */
function entryProblems(object: object): FieldProblem[] {
	const problems: FieldProblem[] = [];
	const visit = (value: object, at: Place | undefined, ofOwners: boolean): void => {
		const isInList = Array.isArray(value);
		// The owners of a map list its entries and the map itself.
		const limit = ofOwners ? 'trackedFields' : isInList ? 'listEntries' : 'mapEntries';
		const max = limits[limit].value;
		const count = isInList ? value.length : countFields(value);
		if (count > max) {
			problems.push(tooMany(at === undefined ? '' : textOf(at), count, max, limit));
			return;
		}
		for (const name in value) {
			if (!Object.hasOwn(value, name)) continue;
			const entry = (value as Record<string, unknown>)[name];
			if (typeof entry !== 'object' || entry === null) continue;
			const isOwners = name === 'managedFields' && at?.name === 'metadata' && at.parent === undefined;
			visit(entry, { parent: at, name, isInList }, ofOwners || isOwners);
		}
	};
	visit(object, undefined, false);
	return problems;
}
