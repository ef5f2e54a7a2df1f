/**
 * gRPC message -> request of the pipeline -> gRPC message. The resource is read off the service's name and the verb off the method's; nothing
 * is decided here.
 */
import { apiVersionOf, type ResourceName } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import type { Call, StreamHandler, UnaryHandler } from '../../lib/mesh/server.ts';
import type { Pipeline, UnauthenticatedRequest } from './pipeline.ts';
import type { Credentials, Subresource, Verb } from './request.ts';
import { parseFieldSelector } from './selectors.ts';
import { deletionStatus } from './status.ts';

interface Message {
	readonly namespace?: string;
	readonly name?: string;
	readonly fieldSelector?: string;
	readonly resourceVersion?: string;
	readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}
type ObjectMessage = Omit<KubeObject, 'apiVersion' | 'kind'>;

const updates: Readonly<Record<string, Subresource>> = {
	Update: '',
	UpdateStatus: 'status',
	UpdateApproval: 'approval',
};
const emptyRequest = {
	subresource: '',
	namespace: '',
	name: '',
	fieldSelector: [],
	resourceVersion: '',
	preconditions: {},
} as const;

export interface Handlers {
	readonly unary: Readonly<Record<string, UnaryHandler>>;
	readonly streams: Readonly<Record<string, StreamHandler>>;
}

/** The handlers of every method that a resource's service may declare; `stopping` ends the watches. */
export function resourceHandlers(resource: ResourceName, pipeline: Pipeline, stopping: AbortSignal): Handlers {
	const request = (verb: Verb, { signal }: Call, more: Partial<UnauthenticatedRequest>): UnauthenticatedRequest => ({
		...emptyRequest,
		verb,
		resource,
		signal,
		...more,
	});
	const write = (verb: Verb, subresource: Subresource, call: Call, sent: ObjectMessage) => {
		const object = { apiVersion: apiVersionOf(resource), kind: resource.kind, ...sent, metadata: sent.metadata ?? {} };
		const { namespace = '', name = '' } = object.metadata;
		return pipeline.one(
			request(verb, call, { subresource, object, namespace, name: verb === 'create' ? '' : name }),
			credentialsOf(call),
		);
	};
	const update =
		(subresource: Subresource): UnaryHandler<ObjectMessage> =>
		(sent, call) =>
			write('update', subresource, call, sent);
	return {
		unary: {
			Create: (sent: ObjectMessage, call) => write('create', '', call, sent),
			...Object.fromEntries(Object.entries(updates).map(([method, subresource]) => [method, update(subresource)])),
			Get: ({ namespace = '', name = '' }: Message, call) =>
				pipeline.one(request('get', call, { namespace, name }), credentialsOf(call)),
			async List({ namespace = '', fieldSelector = '' }: Message, call) {
				const selected = request('list', call, { namespace, fieldSelector: parseFieldSelector(fieldSelector) });
				const { items, resourceVersion } = await pipeline.list(selected, credentialsOf(call));
				return { metadata: { resourceVersion }, items };
			},
			async Delete({ namespace = '', name = '', preconditions = {} }: Message, call) {
				return deletionStatus(
					resource,
					await pipeline.one(request('delete', call, { namespace, name, preconditions }), credentialsOf(call)),
				);
			},
		},
		streams: {
			Watch({ namespace = '', fieldSelector = '', resourceVersion = '' }: Message, call) {
				const signal = AbortSignal.any([call.signal, stopping]);
				const selected = { namespace, fieldSelector: parseFieldSelector(fieldSelector), resourceVersion, signal };
				return pipeline.watch(request('watch', call, selected), credentialsOf(call));
			},
		},
	};
}

const credentialsOf = ({ peer, metadata }: Call): Credentials => ({ peer, authorization: metadata('authorization') });
