/** The objects that a request selects by namespace, name, fields and labels. */
import { labelMatcher, parseLabelSelector } from '../../../lib/kube/label-selector.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { ApiRequest } from '../request/api-request.ts';
import { matchesFields, requireSelectable, type SelectableFields, selectedName } from '../selectors.ts';
import type { StoredObjects } from './stored-objects.ts';
import { storePrefix } from './strategy.ts';
import type { Place } from './watch-cache.ts';

export interface Selection extends Place {
	readonly matches: (object: KubeObject) => boolean;
	/** Whether fields or labels select: the rest of such a list is not counted. */
	readonly isPartial: boolean;
}

/** Upstream's kinds of the cluster that have fields of their own have no `metadata.namespace`. */
const fieldsOf =
	<T extends KubeObject>({ strategy, resource }: StoredObjects<T>): SelectableFields =>
	(object) => ({
		'metadata.name': object.metadata.name ?? '',
		...(resource.namespaced || strategy.fields === undefined
			? { 'metadata.namespace': object.metadata.namespace ?? '' }
			: {}),
		...strategy.fields?.(object as T),
	});

const noObject = { apiVersion: '', kind: '', metadata: {} };

/** @throws API_BAD_REQUEST */
export function selectionOf<T extends KubeObject>(objects: StoredObjects<T>, request: ApiRequest): Selection {
	const { namespace, fieldSelector } = request;
	const { resource } = objects;
	const fields = fieldsOf(objects);
	requireSelectable(fields(noObject), fieldSelector);
	const labelSelector = parseLabelSelector(request.labelSelector);
	const matchesLabels = labelMatcher(labelSelector);
	const name = selectedName(fieldSelector);
	const isOneKey = name !== undefined && (!resource.namespaced || namespace !== '');
	return {
		prefix: isOneKey ? objects.keyFor({ namespace, name }) : storePrefix(resource, namespace),
		isOneKey,
		isPartial: fieldSelector.length > 0 || labelSelector.length > 0,
		matches: (object) =>
			(fieldSelector.length === 0 || matchesFields(fields(object), fieldSelector)) &&
			matchesLabels(object.metadata.labels),
	};
}
