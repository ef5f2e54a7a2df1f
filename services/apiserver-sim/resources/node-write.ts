/** A write as the NodeRestriction plugin wants to see it. */
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { NodeWrite } from '../authorize/node-restriction.ts';
import type { ApiRequest } from '../request/api-request.ts';

export const toNodeWrite = (
	request: ApiRequest,
	object: KubeObject | undefined,
	oldObject: KubeObject | undefined,
): NodeWrite => ({
	resourceRequest: true,
	user: request.user,
	verb: request.verb,
	apiGroup: request.resource.group,
	apiVersion: request.resource.version,
	resource: request.resource.resource,
	subresource: request.subresource,
	namespace: request.namespace,
	name: request.name,
	object,
	oldObject,
});
