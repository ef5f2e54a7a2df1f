/** The managedFields of objects that are answered and not stored, which upstream's handler adds to each create. */
import { type Clock, rfc3339 } from '../../../lib/clock.ts';
import { withUpdatedFields } from '../../../lib/kube/managed-fields/field-manager.ts';
import { managerName } from '../../../lib/kube/managed-fields/manager-name.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';

/** @source apiserver/pkg/endpoints/handlers/create.go */
export function withSentFields<T extends KubeObject>(answer: T, request: ApiRequest, clock: Clock): T {
	const { object, subresource, fieldManager, userAgent } = request;
	const { apiVersion, kind } = answer;
	const sent: KubeObject = { ...object, apiVersion, kind, metadata: { ...object?.metadata } };
	const manager = managerName(fieldManager, userAgent);
	const { metadata } = withUpdatedFields(undefined, sent, {
		kind: answer,
		subresource,
		manager,
		now: rfc3339(clock()),
	});
	const { managedFields } = metadata as { readonly managedFields?: unknown };
	return managedFields === undefined ? answer : { ...answer, metadata: { ...answer.metadata, managedFields } };
}

/** The storage whose answers have them. */
export const managed = (storage: ResourceStorage, clock: Clock): ResourceStorage => ({
	...storage,
	...(storage.create && {
		create: async (request) => withSentFields((await storage.create?.(request)) as KubeObject, request, clock),
	}),
});
