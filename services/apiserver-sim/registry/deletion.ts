/**
 * The effect of a deletion on an object: it is removed, or it is marked and stays until its grace period has ended and
 * its last finalizer is removed.
 *
 * @source apiserver/pkg/registry/rest/delete.go BeforeDelete, generic/registry/store.go Delete
 */
import { rfc3339 } from '../../../lib/clock.ts';
import type { KubeObject, ObjectMeta } from '../../../lib/kube/types.ts';
import type { RequestOptions } from '../request/api-request.ts';
import type { Strategy } from './strategy.ts';

type DeletionOptions = Pick<RequestOptions, 'propagationPolicy' | 'gracePeriodSeconds'>;
type DeletionRules<T extends KubeObject> = Pick<
	Strategy<T>,
	'gracePeriodSeconds' | 'markDeleted' | 'isFinalizing' | 'isIgnoredByGarbageCollection'
>;

export interface Deletion<T extends KubeObject> {
	/** The marked object; undefined if the stored one stays as it is. */
	readonly next: T | undefined;
	readonly isRemoved: boolean;
}

const ORPHAN = 'orphan';
const FOREGROUND = 'foregroundDeletion';

export function deletionOf<T extends KubeObject>(
	rules: DeletionRules<T>,
	object: T,
	options: DeletionOptions,
	nowMs: number,
): Deletion<T> {
	// Only its content is deleted again. @source pkg/registry/core/namespace/storage Delete
	if (object.metadata.deletionTimestamp !== undefined && rules.isFinalizing?.(object) === true)
		return { next: undefined, isRemoved: false };
	const grace = graceOf(rules, object, options, nowMs);
	if (grace === 'pending') return { next: undefined, isRemoved: false };
	const finalizers = rules.isIgnoredByGarbageCollection
		? (object.metadata.finalizers ?? [])
		: finalizersFor(object.metadata.finalizers ?? [], options);
	const waits = finalizers.length > 0 || rules.isFinalizing?.(object) === true;
	if (grace === undefined && !waits) return { next: undefined, isRemoved: true };
	const marked = withFinalizers(grace === undefined ? markedMetadata(object.metadata, nowMs) : grace, finalizers);
	const next = { ...object, metadata: marked };
	const isBeginning = object.metadata.deletionTimestamp === undefined;
	return {
		next: isBeginning ? (rules.markDeleted?.(next) ?? next) : next,
		isRemoved: !waits && (marked.deletionGracePeriodSeconds ?? 0) === 0,
	};
}

/** The metadata with a grace period; undefined if the kind has none, `pending` if a shorter one runs already. */
function graceOf<T extends KubeObject>(
	{ gracePeriodSeconds: rule }: DeletionRules<T>,
	object: T,
	{ gracePeriodSeconds: requested }: DeletionOptions,
	nowMs: number,
): ObjectMeta | 'pending' | undefined {
	if (rule === undefined) return undefined;
	const { metadata } = object;
	const wanted = requested === undefined ? undefined : atLeast(requested);
	if (metadata.deletionTimestamp === undefined) {
		const seconds = atLeast(rule(object, wanted));
		const deletionTimestamp = rfc3339(nowMs + seconds * 1000);
		return { ...nextGeneration(metadata), deletionTimestamp, deletionGracePeriodSeconds: seconds };
	}
	const running = metadata.deletionGracePeriodSeconds ?? 0;
	if (running === 0) return undefined;
	if (wanted === undefined || wanted >= running) return 'pending';
	const endMs = Date.parse(metadata.deletionTimestamp) + (wanted - running) * 1000;
	const isOver = endMs < nowMs;
	return {
		...metadata,
		deletionTimestamp: rfc3339(isOver ? nowMs : endMs),
		deletionGracePeriodSeconds: isOver && wanted !== 0 ? 1 : wanted,
	};
}

/** A negative grace period counts as one second. */
const atLeast = (seconds: number): number => (seconds < 0 ? 1 : seconds);

const nextGeneration = (metadata: ObjectMeta): ObjectMeta =>
	metadata.generation ? { ...metadata, generation: metadata.generation + 1 } : metadata;

function markedMetadata(metadata: ObjectMeta, nowMs: number): ObjectMeta {
	const { deletionTimestamp: before } = metadata;
	const isLater = before !== undefined && Date.parse(before) > nowMs;
	return {
		...(before === undefined ? nextGeneration(metadata) : metadata),
		deletionTimestamp: before === undefined || isLater ? rfc3339(nowMs) : before,
		deletionGracePeriodSeconds: 0,
	};
}

function withFinalizers({ finalizers: _before, ...metadata }: ObjectMeta, finalizers: string[]): ObjectMeta {
	return finalizers.length === 0 ? metadata : { ...metadata, finalizers };
}

/** The policy of the request decides, otherwise the finalizer that the object has. */
function finalizersFor(before: readonly string[], { propagationPolicy: policy }: DeletionOptions): string[] {
	const others = before.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
	if (policy === 'Orphan') return [...others, ORPHAN];
	if (policy === 'Foreground') return [...others, FOREGROUND];
	if (policy === 'Background') return others;
	const own = before.find((finalizer) => finalizer === ORPHAN || finalizer === FOREGROUND);
	return own === undefined ? others : [...others, own];
}

/** Whether an update leaves nothing to wait for, so that the deleted object is removed. */
export const isRemovable = <T extends KubeObject>(
	{ isFinalizing }: Pick<Strategy<T>, 'isFinalizing'>,
	next: T,
	previous: T,
): boolean =>
	previous.metadata.deletionTimestamp !== undefined &&
	(previous.metadata.deletionGracePeriodSeconds ?? 0) === 0 &&
	(next.metadata.finalizers ?? []).length === 0 &&
	isFinalizing?.(next) !== true;
