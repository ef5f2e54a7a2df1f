import { type Message, messageOf } from '../../codec/schema.ts';
import { type ApiResource, apiVersionOf } from '../resources.ts';

/** @throws TypeError  the tables have no such kind */
export function messageOfResource(resource: Pick<ApiResource, 'group' | 'version' | 'kind'>): Message {
	const type = { apiVersion: apiVersionOf(resource), kind: resource.kind };
	const message = messageOf(type);
	if (message === undefined) throw new TypeError(`proto/kubernetes.txt has no ${type.kind} of ${type.apiVersion}`);
	return message;
}
