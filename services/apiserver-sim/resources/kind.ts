/** Builds the strategy of a kind from the few rules that make it different from others. */
import type { ApiResource, ApiSubresource } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Strategy } from '../registry.ts';

export interface KindRules<T extends KubeObject>
	extends Omit<Strategy<T>, 'resource' | 'subresources' | 'prepareForCreate' | 'prepareForUpdate'> {
	/** Whether a write of the status keeps labels, annotations, owners, finalizers. @source ResetObjectMetaForStatus */
	readonly resetsMetadataOfStatus?: boolean;
	/** Of a new object; the status that a client sends with it is ignored. Absent: the kind has no status of its own. */
	readonly initialStatus?: (object: T, now: string) => object;
}

type WithParts = KubeObject & { readonly spec?: object; readonly status?: object };

/** For `generationOf`. */
export const specOf = (object: WithParts): object | undefined => object.spec;

/** A part of the object, that is read and written with it; others are actions. */
const isPartOf = ({ kind, verbs }: ApiSubresource): boolean => kind === undefined && verbs.includes('update');

const ofObject = ['labels', 'annotations', 'finalizers', 'ownerReferences'] as const;
/** @source ResetObjectMetaForStatus */
export function resetMetadata({ metadata: sent }: KubeObject, { metadata: found }: KubeObject): KubeObject['metadata'] {
	const { labels: _l, annotations: _a, finalizers: _f, ownerReferences: _o, ...rest } = sent;
	const kept = ofObject.filter((name) => found[name] !== undefined).map((name) => [name, found[name]]);
	return { ...rest, ...Object.fromEntries(kept) };
}

/** The spec and the status have different writers, who never overwrite each other. */
export function kindStrategy<T extends KubeObject>(resource: ApiResource, rules: KindRules<T> = {}): Strategy<T> {
	const { initialStatus, resetsMetadataOfStatus = false, ...more } = rules;
	const hasStatus = resource.subresources.some(({ name }) => name === 'status');
	return {
		...(resetsMetadataOfStatus ? { ignoresDeletionTimeIn: ['status'] as const } : {}),
		...more,
		resource,
		subresources: resource.subresources.filter(isPartOf).map(({ name }) => name),
		prepareForCreate(created, _user, now) {
			if (!hasStatus) return created;
			const { status: _sent, ...rest } = created as WithParts;
			return { ...rest, status: initialStatus?.(created, now) ?? {} } as unknown as T;
		},
		prepareForUpdate(next, previous, subresource) {
			if (!hasStatus) return next;
			const [sent, found]: readonly [WithParts, WithParts] = [next, previous];
			const object =
				subresource === 'status'
					? {
							...found,
							metadata: resetsMetadataOfStatus ? resetMetadata(sent, found) : sent.metadata,
							status: sent.status,
						}
					: { ...sent, status: found.status };
			return object as WithParts as T;
		},
	};
}
