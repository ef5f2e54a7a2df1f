/**
 * gRPC message -> request of the pipeline -> gRPC message. The name of the service gives the resource, that of the
 * method the verb; nothing is decided here.
 */

import { JsonSyntaxError, parseJsonText } from '../../../lib/codec/json-text.ts';
import { KubejoinError } from '../../../lib/errors.ts';
import { MANAGED_FIELDS } from '../../../lib/kube/client.ts';
import { withoutManagedFields } from '../../../lib/kube/managed-fields/without.ts';
import { type ApiResource, apiVersionOf } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { type CountRefusal, limits } from '../../../lib/limits.ts';
import { contractOf } from '../../../lib/rpc/contracts.ts';
import type { Call, Service, StreamHandler, UnaryHandler } from '../../../lib/rpc/server.ts';
import { quotedInput } from '../authorize/go-text.ts';
import type { Pipeline, UnauthenticatedRequest } from '../pipeline.ts';
import type { Credentials, PatchType, RequestOptions } from '../request/api-request.ts';
import { impersonationHeaders } from '../request/impersonation-headers.ts';
import { infoOfMethod, type MessageInfo, verbOfMethod } from '../request/info.ts';
import {
	type DeleteOptions,
	readCollectionDeleteOptions,
	readDeleteOptions,
	readListOptions,
	readPatchOptions,
	readWriteOptions,
} from '../request/options.ts';
import { deletionStatus, listMeta } from '../status.ts';

/** The names of a request, and the options of its verb under upstream's names. */
interface OptionsMessage extends MessageInfo, DeleteOptions {
	readonly limit?: number;
	readonly metadataOnly?: boolean;
	readonly [option: string]: unknown;
}
interface PatchMessage extends OptionsMessage {
	readonly type?: string;
	readonly document?: string;
}
type ObjectMessage = Omit<KubeObject, 'apiVersion' | 'kind'>;

/** The maximum number of objects in a message, also if the caller asks for more. */
const MAX_PAGE = limits.listPageItems.value;

export type Handlers = Required<Pick<Service, 'unary' | 'streams' | 'bidi'>>;

/** The handlers of every method that the service of the resource declares; `stopping` ends the watches. */
export function resourceHandlers(resource: ApiResource, pipeline: Pipeline, stopping: AbortSignal): Handlers {
	const door = new GrpcDoor(resource, pipeline, stopping);
	const unary: Record<string, UnaryHandler> = {};
	const streams: Record<string, StreamHandler> = {};
	const bidi: Record<string, UnaryHandler> = {};
	for (const [method, { requestStream, responseStream }] of Object.entries(contractOf(resource.service))) {
		if (requestStream) bidi[method] = door.handlerOf(method);
		else if (responseStream) streams[method] = (message: OptionsMessage, call) => door.watch(method, message, call);
		else unary[method] = door.handlerOf(method);
	}
	return { unary, streams, bidi };
}

interface Written {
	readonly method: string;
	readonly apiVersion: string;
	readonly kind: string;
	/** Its name is in the object only. */
	readonly isNew: boolean;
	readonly options: 'CreateOptions' | 'UpdateOptions';
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
		if (verb === 'create' || verb === 'update') {
			const written = this.#writtenBy(method);
			return (message: ObjectMessage, call) => this.#write(written, message, call);
		}
		if (verb === 'list' || verb === 'deletecollection')
			return (message: OptionsMessage, call) => this.#list(method, message, call);
		if (verb === 'delete') return (message: OptionsMessage, call) => this.#delete(method, message, call);
		if (verb === 'patch') return (message: PatchMessage, call) => this.#patch(method, message, call);
		return async (message: OptionsMessage, call) =>
			shownAs(call, message)(await this.#pipeline.execute(this.#request(method, message, call), credentialsOf(call)));
	}

	async *watch(method: string, message: OptionsMessage, call: Call) {
		const signal = AbortSignal.any([call.signal, this.#stopping]);
		const complete = (count: CountRefusal) => readListOptions(queryOf(message), 'watch', count);
		const asked = { ...this.#request(method, message, call), lifetime: { signal }, complete };
		const events = await this.#pipeline.watch(asked, credentialsOf(call));
		const shown = shownAs(call, message);
		if (shown === asStored) yield* events;
		else for await (const { type, object } of events) yield { type, object: shown(object) };
	}

	/** The type of the messages of a method. It is kept, because each heartbeat needs it. */
	#writtenBy(method: string): Written {
		const { verb = '', subresource = '' } = verbOfMethod(this.#resource, method) ?? {};
		const row = this.#resource.subresources.find(({ name }) => name === subresource);
		const { kind, group, version } = { ...this.#resource, ...row };
		return {
			method,
			apiVersion: apiVersionOf({ group, version }),
			kind,
			isNew: verb === 'create' && subresource === '',
			options: verb === 'create' ? 'CreateOptions' : 'UpdateOptions',
		};
	}

	/** The options are metadata, because the message is the object. */
	async #write({ method, apiVersion, kind, isNew, options }: Written, message: ObjectMessage, call: Call) {
		const object = { apiVersion, kind, ...message, metadata: message.metadata ?? {} };
		const { namespace = '', name = '' } = object.metadata;
		const complete = () => writeOptionsOf(call, options);
		const request = this.#request(method, { namespace, name: isNew ? '' : name }, call, { object, complete });
		return shownAs(call)(await this.#pipeline.execute(request, credentialsOf(call)));
	}

	async #list(method: string, message: OptionsMessage, call: Call): Promise<object> {
		const isDeletion = verbOfMethod(this.#resource, method)?.verb === 'deletecollection';
		const complete = (count: CountRefusal) => {
			const selected = readListOptions(queryOf(message), isDeletion ? 'deletecollection' : 'list', count);
			if (isDeletion) return { ...selected, ...readCollectionDeleteOptions(message) };
			return { ...selected, limit: selected.limit ? Math.min(selected.limit, MAX_PAGE) : MAX_PAGE };
		};
		const asked = { ...this.#request(method, message, call), complete };
		const list = await this.#pipeline.list(asked, credentialsOf(call));
		return { metadata: listMeta(list), items: list.items.map(shownAs(call, message)) };
	}

	async #patch(method: string, message: PatchMessage, call: Call): Promise<KubeObject> {
		const complete = () => {
			const type = patchTypes.find((one) => one === message.type);
			if (type === undefined) {
				const problem = `patch type ${quotedInput(message.type ?? '')}: must be one of ${patchTypes.join(', ')}`;
				throw new KubejoinError('API_BAD_REQUEST', { problem });
			}
			return { ...readPatchOptions(queryOf(message), type), patch: { type, document: readDocument(message) } };
		};
		const asked = { ...this.#request(method, message, call), complete };
		return shownAs(call)(await this.#pipeline.execute(asked, credentialsOf(call)));
	}

	async #delete(method: string, message: OptionsMessage, call: Call): Promise<object> {
		const complete = () => readDeleteOptions(message);
		const asked = { ...this.#request(method, message, call), complete };
		return deletionStatus(this.#resource, await this.#pipeline.execute(asked, credentialsOf(call)));
	}

	/** In one literal: copies that grow take a fiftieth of the time of a heartbeat. */
	#request(
		method: string,
		message: MessageInfo,
		call: Call,
		write?: Required<Pick<UnauthenticatedRequest, 'object' | 'complete'>>,
	): UnauthenticatedRequest {
		const info = infoOfMethod(this.#resource, method, message);
		return {
			verb: info.verb,
			resource: info.resource,
			namespace: info.namespace,
			name: info.name,
			subresource: info.subresource,
			parts: info.parts,
			fieldSelector: info.fieldSelector,
			labelSelector: info.labelSelector,
			...write,
			userAgent: call.metadata('user-agent') ?? '',
			warn: () => undefined,
			created: () => undefined,
			lifetime: call,
		};
	}
}

const metadataOf = ({ apiVersion, kind, metadata }: KubeObject): KubeObject =>
	withoutManagedFields({ apiVersion, kind, metadata });
const asStored = (object: KubeObject): KubeObject => object;

/** Two thirds of a Lease are managedFields. Like the preferences of HTTP, an unknown value is ignored. */
function shownAs({ metadata }: Call, { metadataOnly }: OptionsMessage = {}): (object: KubeObject) => KubeObject {
	if (metadataOnly === true) return metadataOf;
	return metadata(MANAGED_FIELDS) === 'omit' ? withoutManagedFields : asStored;
}

const patchTypes: readonly PatchType[] = ['json', 'merge', 'strategic', 'apply'];

/** @throws API_BAD_REQUEST */
function readDocument({ document = '' }: PatchMessage): unknown {
	try {
		return parseJsonText(document).value;
	} catch (error) {
		if (!(error instanceof JsonSyntaxError)) throw error;
		throw new KubejoinError('API_BAD_REQUEST', { problem: error.message });
	}
}

/** The options of a message, as a query has them. */
function queryOf(message: OptionsMessage): URLSearchParams {
	const query = new URLSearchParams();
	for (const [name, value] of Object.entries(message)) {
		for (const one of [value].flat()) if (typeof one !== 'object') query.append(name, String(one));
	}
	return query;
}

const writeMetadata = [
	['dry-run', 'dryRun'],
	['field-manager', 'fieldManager'],
	['field-validation', 'fieldValidation'],
] as const;

/** @throws API_INVALID */
function writeOptionsOf({ metadata }: Call, kind: Written['options']): Partial<RequestOptions> {
	let query: URLSearchParams | undefined;
	for (const [key, name] of writeMetadata) {
		const value = metadata(key);
		if (value === undefined) continue;
		query ??= new URLSearchParams();
		query.append(name, value);
	}
	return query === undefined ? noWriteOptions : readWriteOptions(query, kind);
}
const noWriteOptions = readWriteOptions(new URLSearchParams(), 'UpdateOptions');

const credentialsOf = (call: Call): Credentials => ({
	peer: call.peer,
	authorization: call.metadata('authorization'),
	impersonation: call.hasMetadata('impersonate-') ? impersonationHeaders(call.metadataPairs.flatMap(separated)) : [],
});

/** gRPC joins the values of a key that is sent twice. @source gRPC over HTTP/2, Custom-Metadata */
const separated = ([key, joined]: readonly [string, string]): string[] =>
	/^impersonate-(group$|extra-)/.test(key) ? joined.split(',').flatMap((value) => [key, value.trim()]) : [key, joined];
