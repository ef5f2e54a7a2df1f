/**
 * gRPC message -> request of the pipeline -> gRPC message. The name of the service gives the resource, that of the
 * method the verb; nothing is decided here.
 */
import { type ApiResource, apiVersionOf } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { limits } from '../../lib/limits.ts';
import type { Call, StreamHandler, UnaryHandler } from '../../lib/rpc/server.ts';
import type { Pipeline, UnauthenticatedRequest } from './pipeline.ts';
import { type Credentials, defaultOptions } from './request/api-request.ts';
import { impersonationHeaders } from './request/impersonation-headers.ts';
import { grpcMethods } from './request/info.ts';
import { readFieldSelector } from './selectors.ts';
import { deletionStatus, listMeta } from './status.ts';

interface Message {
	readonly namespace?: string;
	readonly name?: string;
	readonly fieldSelector?: string;
	readonly limit?: number;
	readonly continue?: string;
	readonly resourceVersion?: string;
	readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}
type ObjectMessage = Omit<KubeObject, 'apiVersion' | 'kind'>;

const emptyRequest = {
	...defaultOptions,
	subresource: '',
	namespace: '',
	name: '',
	userAgent: '',
	warn: () => undefined,
} as const;

/** The maximum number of objects in a message, also if the caller asks for more. */
const MAX_PAGE = limits.listPageItems.value;

export interface Handlers {
	readonly unary: Readonly<Record<string, UnaryHandler>>;
	readonly streams: Readonly<Record<string, StreamHandler>>;
}

type Method = (typeof grpcMethods)[keyof typeof grpcMethods];

/** The handlers of every method that a resource's service may declare; `stopping` ends the watches. */
export function resourceHandlers(resource: ApiResource, pipeline: Pipeline, stopping: AbortSignal): Handlers {
	const request = (
		method: Method,
		{ signal }: Call,
		more: Partial<UnauthenticatedRequest>,
	): UnauthenticatedRequest => ({ ...emptyRequest, ...method, resource, signal, ...more });
	const write =
		(method: Method): UnaryHandler<ObjectMessage> =>
		(sent, call) => {
			const typeMeta = { apiVersion: apiVersionOf(resource), kind: resource.kind };
			const object = { ...typeMeta, ...sent, metadata: sent.metadata ?? {} };
			const { namespace = '', name = '' } = object.metadata;
			const named = { object, namespace, name: method.verb === 'create' ? '' : name };
			return pipeline.execute(request(method, call, named), credentialsOf(call));
		};
	return {
		unary: {
			Create: write(grpcMethods.Create),
			Update: write(grpcMethods.Update),
			UpdateStatus: write(grpcMethods.UpdateStatus),
			UpdateApproval: write(grpcMethods.UpdateApproval),
			Get: ({ namespace = '', name = '' }: Message, call) =>
				pipeline.execute(request(grpcMethods.Get, call, { namespace, name }), credentialsOf(call)),
			async List({ namespace = '', fieldSelector = '', limit = 0, continue: continueToken = '' }: Message, call) {
				const page = { limit: limit > 0 ? Math.min(limit, MAX_PAGE) : MAX_PAGE, continueToken };
				const selected = request(grpcMethods.List, call, { namespace, ...readFieldSelector(fieldSelector), ...page });
				const list = await pipeline.list(selected, credentialsOf(call));
				return { metadata: listMeta(list), items: list.items };
			},
			async Delete({ namespace = '', name = '', preconditions = {} }: Message, call) {
				const named = request(grpcMethods.Delete, call, { namespace, name, preconditions });
				return deletionStatus(resource, await pipeline.execute(named, credentialsOf(call)));
			},
		},
		streams: {
			Watch({ namespace = '', fieldSelector = '', resourceVersion = '' }: Message, call) {
				const signal = AbortSignal.any([call.signal, stopping]);
				const selected = { namespace, ...readFieldSelector(fieldSelector), resourceVersion, signal };
				return pipeline.watch(request(grpcMethods.Watch, call, selected), credentialsOf(call));
			},
		},
	};
}

const credentialsOf = ({ peer, metadata, metadataPairs }: Call): Credentials => ({
	peer,
	authorization: metadata('authorization'),
	impersonation: impersonationHeaders(metadataPairs.flatMap(separated)),
});

/** gRPC joins the values of a key that is sent twice. @source gRPC over HTTP/2, Custom-Metadata */
const separated = ([key, joined]: readonly [string, string]): [string, string][] =>
	/^impersonate-(group$|extra-)/.test(key) ? joined.split(',').map((value) => [key, value.trim()]) : [[key, joined]];
