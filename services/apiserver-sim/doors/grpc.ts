/**
 * gRPC message -> request of the pipeline -> gRPC message. The name of the service gives the resource, that of the
 * method the verb; nothing is decided here.
 */
import { type ApiResource, apiVersionOf } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import { contractOf } from '../../../lib/rpc/contracts.ts';
import type { Call, StreamHandler, UnaryHandler } from '../../../lib/rpc/server.ts';
import type { Pipeline, UnauthenticatedRequest } from '../pipeline.ts';
import { type Credentials, defaultOptions, type RequestOptions } from '../request/api-request.ts';
import { impersonationHeaders } from '../request/impersonation-headers.ts';
import { infoOfMethod, type MessageInfo, verbOfMethod } from '../request/info.ts';
import { readFieldSelector } from '../selectors.ts';
import { deletionStatus, listMeta } from '../status.ts';

/** A request that names what it is about, with the options of its verb under their names in RequestOptions. */
interface OptionsMessage extends MessageInfo, Partial<Omit<RequestOptions, 'fieldSelector' | 'labelSelector'>> {
	readonly continue?: string;
}
type ObjectMessage = Omit<KubeObject, 'apiVersion' | 'kind'>;

/** The maximum number of objects in a message, also if the caller asks for more. */
const MAX_PAGE = limits.listPageItems.value;

export interface Handlers {
	readonly unary: Readonly<Record<string, UnaryHandler>>;
	readonly streams: Readonly<Record<string, StreamHandler>>;
}

/** The handlers of every method that the service of the resource declares; `stopping` ends the watches. */
export function resourceHandlers(resource: ApiResource, pipeline: Pipeline, stopping: AbortSignal): Handlers {
	const door = new GrpcDoor(resource, pipeline, stopping);
	const unary: Record<string, UnaryHandler> = {};
	const streams: Record<string, StreamHandler> = {};
	for (const [method, { responseStream }] of Object.entries(contractOf(resource.service ?? ''))) {
		if (responseStream) streams[method] = (message: OptionsMessage, call) => door.watch(method, message, call);
		else unary[method] = door.handlerOf(method);
	}
	return { unary, streams };
}

class GrpcDoor {
	readonly #resource: ApiResource;
	readonly #pipeline: Pipeline;
	readonly #stopping: AbortSignal;

	constructor(resource: ApiResource, pipeline: Pipeline, stopping: AbortSignal) {
		this.#resource = resource;
		this.#pipeline = pipeline;
		this.#stopping = stopping;
	}

	handlerOf(method: string): UnaryHandler {
		const verb = verbOfMethod(this.#resource, method)?.verb;
		if (verb === 'create' || verb === 'update')
			return (message: ObjectMessage, call) => this.#write(method, message, call);
		if (verb === 'list') return (message: OptionsMessage, call) => this.#list(method, message, call);
		if (verb === 'delete') return (message: OptionsMessage, call) => this.#delete(method, message, call);
		return (message: OptionsMessage, call) =>
			this.#pipeline.execute(this.#request(method, message, call), credentialsOf(call));
	}

	async *watch(method: string, message: OptionsMessage, call: Call) {
		const signal = AbortSignal.any([call.signal, this.#stopping]);
		yield* await this.#pipeline.watch({ ...this.#request(method, message, call), signal }, credentialsOf(call));
	}

	#write(method: string, message: ObjectMessage, call: Call): Promise<KubeObject> {
		const { verb = '' } = verbOfMethod(this.#resource, method) ?? {};
		const typeMeta = { apiVersion: apiVersionOf(this.#resource), kind: this.#resource.kind };
		const object = { ...typeMeta, ...message, metadata: message.metadata ?? {} };
		const { namespace = '', name = '' } = object.metadata;
		const named = this.#request(method, { namespace, name: verb === 'create' ? '' : name }, call);
		return this.#pipeline.execute({ ...named, object }, credentialsOf(call));
	}

	async #list(method: string, message: OptionsMessage, call: Call): Promise<object> {
		const { limit = 0, continue: continueToken = '' } = message;
		const page = { limit: limit > 0 ? Math.min(limit, MAX_PAGE) : MAX_PAGE, continueToken };
		const asked = { ...this.#request(method, message, call), ...page };
		const list = await this.#pipeline.list(asked, credentialsOf(call));
		return { metadata: listMeta(list), items: list.items };
	}

	async #delete(method: string, message: OptionsMessage, call: Call): Promise<object> {
		const deleted = await this.#pipeline.execute(this.#request(method, message, call), credentialsOf(call));
		return deletionStatus(this.#resource, deleted);
	}

	#request(method: string, message: OptionsMessage, { signal }: Call): UnauthenticatedRequest {
		const { continue: _token, fieldSelector = '', labelSelector: _label, name: _name, ...options } = message;
		const selector = readFieldSelector(fieldSelector);
		return {
			...defaultOptions,
			...options,
			...infoOfMethod(this.#resource, method, message),
			userAgent: '',
			warn: () => undefined,
			created: () => undefined,
			signal,
			complete(count) {
				selector.check(count);
				return {};
			},
		};
	}
}

const credentialsOf = ({ peer, metadata, metadataPairs }: Call): Credentials => ({
	peer,
	authorization: metadata('authorization'),
	impersonation: impersonationHeaders(metadataPairs.flatMap(separated)),
});

/** gRPC joins the values of a key that is sent twice. @source gRPC over HTTP/2, Custom-Metadata */
const separated = ([key, joined]: readonly [string, string]): [string, string][] =>
	/^impersonate-(group$|extra-)/.test(key) ? joined.split(',').map((value) => [key, value.trim()]) : [[key, joined]];
