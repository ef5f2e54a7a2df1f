/**
 * A request for a resource -> a request of the pipeline -> an answer. The order of checks is upstream's: the router's
 * (404, 405, 415, 406), then options, body and object, once the request is allowed.
 * @source apiserver/pkg/endpoints/installer.go, handlers/{get,create,update,patch,delete,watch}.go
 */
import { setImmediate as turn } from 'node:timers/promises';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { apiVersionOf } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { CountRefusal } from '../../../lib/limits.ts';
import type { Completion, Pipeline, UnauthenticatedRequest } from '../pipeline.ts';
import type { ObjectList, PatchType } from '../request/api-request.ts';
import type { ResourceInfo } from '../request/info.ts';
import type { Lifetime } from '../request/lifetime.ts';
import {
	type DeleteOptions,
	deleteOptionsOfQuery,
	readCollectionDeleteOptions,
	readDeleteOptions,
	readGetOptions,
	readListOptions,
	readPatchOptions,
	readWriteOptions,
} from '../request/options.ts';
import { selectedName } from '../selectors.ts';
import { deletionAnswer, listMeta } from '../status.ts';
import type { Answer } from './answer.ts';
import { decoderOf, patchTypeOf, readDeleteBody, readObject, readPatch } from './body.ts';
import type { Deadlines } from './deadline.ts';
import { encodeObject } from './encode.ts';
import { encodeList } from './encode-list.ts';
import type { EncodedObjects } from './encoded-objects.ts';
import type { HttpRequest } from './http-request.ts';
import { isConnection, type KubeletDoor } from './kubelet-door.ts';
import { conversions, mediaTypes, type Negotiated, negotiate, requireStream } from './negotiate.ts';
import { Converter, includeObjectOf, requireEventForm } from './table.ts';
import { type EventEncoder, watchAnswer, watchTimeMs } from './watch-stream.ts';
import { handshakeRefusal } from './web-socket-request.ts';

export interface ResourceDoorOptions {
	readonly pipeline: Pipeline;
	readonly count: CountRefusal;
	readonly encoded: EncodedObjects;
	readonly events: EventEncoder;
	readonly deadlines: Deadlines;
	/** Aborts when the server stops; watches end then. */
	readonly stopping: AbortSignal;
	readonly nowMs: () => number;
	/** Of the length of a watch without `timeoutSeconds`: from 0 to 1. */
	readonly random: () => number;
	readonly kubelets: KubeletDoor;
}

/** Longer requests have other limits: a watch its own, a deletecollection none upstream. */
const REQUEST_TIMEOUT_MS = 60_000;

export class ResourceRequest {
	readonly #http: HttpRequest;
	readonly #info: ResourceInfo;
	readonly #options: ResourceDoorOptions;
	readonly #timeoutMs: number;
	readonly #warn: (text: string) => void;
	#isCreated = false;
	/** Set when the request is complete. */
	#form: Negotiated | undefined;
	#completed: Completion = {};

	/** @param timeoutMs  of `?timeout=` */
	constructor(
		http: HttpRequest,
		info: ResourceInfo,
		options: ResourceDoorOptions,
		timeoutMs: number | undefined,
		warn: (text: string) => void,
	) {
		this.#http = http;
		this.#info = info;
		this.#options = options;
		this.#timeoutMs = Math.min(timeoutMs ?? REQUEST_TIMEOUT_MS, REQUEST_TIMEOUT_MS);
		this.#warn = warn;
	}

	answer(): Promise<Answer> {
		const { pipeline, deadlines } = this.#options;
		const { credentials } = this.#http;
		const { verb } = this.#info;
		if (isConnection(this.#info, this.#http.method)) return this.#connect();
		if (!isRoute(this.#info, this.#http.method)) return pipeline.refuse(this.#request(), credentials);
		if (verb === 'watch') return this.#watch();
		return deadlines.within(this.#http.lifetime, this.#timeoutMs, this.#answerWithin());
	}

	async #answerWithin(): Promise<Answer> {
		const { pipeline } = this.#options;
		const { credentials } = this.#http;
		const { verb } = this.#info;
		const request = this.#request();
		if (verb === 'list' || verb === 'deletecollection') return this.#ofList(await pipeline.list(request, credentials));
		return this.#ofObject(await pipeline.execute(request, credentials), verb);
	}

	#request(lifetime: Lifetime = this.#http.lifetime): UnauthenticatedRequest {
		const { verb, resource, subresource, namespace, name, parts, fieldSelector, labelSelector } = this.#info;
		return {
			verb,
			resource,
			subresource,
			namespace,
			name,
			parts,
			fieldSelector,
			labelSelector,
			userAgent: this.#http.userAgent,
			warn: this.#warn,
			created: () => {
				this.#isCreated = true;
			},
			lifetime,
			complete: (count) => this.#complete(count),
		};
	}

	#complete(count: CountRefusal): Completion | Promise<Completion> {
		const { verb, resource, subresource } = this.#info;
		const { query, wishes } = this.#http;
		const patchType = verb === 'patch' ? patchTypeOf(this.#http.contentType) : undefined;
		const isOfMany = verb === 'list' || verb === 'watch';
		const hasTable = resource.verbs.includes('get') && (subresource === '' || subresource === 'status');
		this.#form = negotiate(wishes, { isOfMany, conversions: hasTable ? conversions.all : conversions.metadata });
		if (this.#form.conversion?.kind === 'Table') includeObjectOf(query);
		if (verb === 'get') return readGetOptions(query);
		if (verb === 'watch') {
			requireStream(this.#form);
			requireEventForm(this.#info.resource, this.#form);
			this.#completed = withName(this.#info, readListOptions(query, verb, count));
			return this.#completed;
		}
		if (verb === 'list') return readListOptions(query, verb, count);
		if (verb === 'deletecollection') return this.#readCollectionDeletion(count, readListOptions(query, verb, count));
		if (verb === 'delete') return this.#readDeletion(count).then(readDeleteOptions);
		return patchType === undefined ? this.#readWrite(count) : this.#readPatch(count, patchType);
	}

	async #readPatch(count: CountRefusal, type: PatchType): Promise<Completion> {
		const body = await this.#http.readBody(count);
		const options = readPatchOptions(this.#http.query, type);
		const document = readPatch(body, type, count);
		await afterReading(body);
		return { ...options, patch: { type, document } };
	}

	async #readWrite(count: CountRefusal): Promise<Completion> {
		const { query, contentType } = this.#http;
		const isCreate = this.#info.verb === 'create';
		if (isCreate) decoderOf(contentType);
		const body = await this.#http.readBody(count);
		const options = readWriteOptions(query, isCreate ? 'CreateOptions' : 'UpdateOptions');
		const { fieldValidation = 'Warn' } = options;
		const object = readObject(body, decoderOf(contentType), typeOf(this.#info), fieldValidation, this.#warn, count);
		await afterReading(body);
		return { ...options, object };
	}

	async #readCollectionDeletion(count: CountRefusal, selected: Completion): Promise<Completion> {
		return { ...selected, ...readCollectionDeleteOptions(await this.#readDeletion(count)) };
	}

	async #readDeletion(count: CountRefusal): Promise<DeleteOptions> {
		const { query, contentType } = this.#http;
		const body = await this.#http.readBody(count);
		return body.length === 0 ? deleteOptionsOfQuery(query) : readDeleteBody(body, decoderOf(contentType), count);
	}

	#connect(): Promise<Answer> {
		const { kubelets, pipeline, stopping } = this.#options;
		const signal = AbortSignal.any([this.#http.lifetime.signal, stopping]);
		return kubelets.answer(this.#http, this.#request({ signal }), pipeline);
	}

	async #watch(): Promise<Answer> {
		const { pipeline, stopping, random } = this.#options;
		const ended = new AbortController();
		const signal = AbortSignal.any([this.#http.lifetime.signal, stopping, ended.signal]);
		const events = await pipeline.watch(this.#request({ signal }), this.#http.credentials).catch((error: unknown) => {
			// Upstream reports a version that is too old in the stream.
			if (this.#form !== undefined && hasCode(error, 'API_EXPIRED')) return failing(error);
			throw error;
		});
		const webSocket = this.#http.isForWebSocket;
		const refusal = webSocket ? handshakeRefusal(this.#http.incoming) : undefined;
		if (refusal !== undefined) {
			ended.abort();
			for await (const _ of events) break;
			return refusal;
		}
		return watchAnswer(events, {
			webSocket,
			encoder: this.#options.events,
			form: this.#formOf(),
			convert: this.#eventConverter(),
			end: () => ended.abort(),
			timeoutMs: watchTimeMs(this.#completed.timeoutSeconds, random),
			isList: this.#completed.sendInitialEvents === true && this.#completed.allowWatchBookmarks === true,
			signal,
		});
	}

	#eventConverter(): ((object: KubeObject) => object) | undefined {
		const converter = this.#converter();
		if (converter === undefined) return undefined;
		let isFirst = true;
		return (object) => {
			const converted = converter.object(object, isFirst);
			isFirst = false;
			return converted;
		};
	}

	#converter(): Converter | undefined {
		const { conversion } = this.#formOf();
		if (conversion === undefined) return undefined;
		return new Converter(this.#info.resource, conversion, includeObjectOf(this.#http.query), this.#options.nowMs);
	}

	#formOf(): Negotiated {
		if (this.#form === undefined) throw new Error('the pipeline answered a request that it did not complete');
		return this.#form;
	}

	async #ofList(list: ObjectList): Promise<Answer> {
		const { resource } = this.#info;
		const form = this.#formOf();
		const head = { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata: listMeta(list) };
		const converter = this.#converter();
		if (converter === undefined && !form.pretty && form.mediaType === mediaTypes.json) {
			const body = this.#options.encoded.list(head, list.items);
			return { status: 200, headers: { 'Content-Type': form.mediaType }, body, isList: true };
		}
		const part = (from: number, to: number) => {
			const items = list.items.slice(from, to);
			return converter?.list({ ...list, items }) ?? { ...head, items: items.map(asItem) };
		};
		const { contentType, body } = await encodeList({ items: list.items, part }, form);
		return { status: 200, headers: { 'Content-Type': contentType }, body, isList: true };
	}

	#ofObject(object: KubeObject, verb: string): Answer {
		const answer = verb === 'delete' ? deletionAnswer(this.#info.resource, object) : object;
		if (answer !== object) return this.#encoded(200, answer);
		const status = verb === 'create' || this.#isCreated ? 201 : 200;
		const { mediaType, pretty, conversion } = this.#formOf();
		if (verb !== 'get' || pretty || conversion !== undefined || mediaType !== mediaTypes.json)
			return this.#encoded(status, this.#converter()?.object(object) ?? object);
		return { status, headers: { 'Content-Type': mediaType }, body: this.#options.encoded.object(object) };
	}

	#encoded(status: number, object: object): Answer {
		const { contentType, body } = encodeObject(object, this.#formOf());
		return { status, headers: { 'Content-Type': contentType }, body };
	}
}

/** Other work runs between reading a large body and the work on its object. */
const LARGE_BODY_BYTES = 32 * 1024;
const afterReading = async ({ length }: Uint8Array): Promise<void> => {
	if (length > LARGE_BODY_BYTES) await turn();
};

const failing = (error: unknown): AsyncIterable<never> => ({
	[Symbol.asyncIterator]: () => ({ next: () => Promise.reject(error) }),
});

/** A path that watches one object selects it by its name. @source handlers/get.go listOpts */
function withName({ name, fieldSelector }: ResourceInfo, options: Completion): Completion {
	if (name === '') return options;
	const sent = options.fieldSelector ?? [];
	if (sent.length === 0 || selectedName(sent) === name) return { ...options, fieldSelector };
	throw new KubejoinError('API_BAD_REQUEST', { problem: "fieldSelector metadata.name doesn't match requested name" });
}

/** The list says the kind of its items. */
function asItem({ kind: _kind, apiVersion: _version, ...item }: KubeObject): object {
	return item;
}

/** The kind of a body: that of the subresource, if it has one of its own. */
function typeOf({ resource, subresource }: ResourceInfo): { readonly apiVersion: string; readonly kind: string } {
	const row = resource.subresources.find(({ name }) => name === subresource);
	const { group = resource.group, version = resource.version, kind = resource.kind } = row ?? {};
	return { apiVersion: apiVersionOf({ group, version }), kind };
}

/** Methods of a collection, of an object and of a subresource. @source apiserver/pkg/endpoints/installer.go */
function isRoute({ resource, verb, namespace, name, subresource, path }: ResourceInfo, method: string): boolean {
	if (subresource !== '') return method !== 'HEAD' && verb !== '';
	if (name !== '' && verb !== 'watch') return ['GET', 'PUT', 'PATCH', 'DELETE'].includes(method);
	const isEverywhere = resource.namespaced && namespace === '';
	const isPathVerb = /^\/apis?(?:\/[^/]+){1,2}\/watch\//.test(path);
	return isEverywhere || isPathVerb ? method === 'GET' : ['GET', 'POST', 'DELETE'].includes(method);
}
