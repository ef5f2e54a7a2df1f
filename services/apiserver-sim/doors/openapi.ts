/**
 * The OpenAPI documents, versions 2 and 3: those of upstream, reduced to the served resources by
 * scripts/openapi/update.ts. They are kept compressed, and read when a client asks for one.
 *
 * @source kube-openapi/pkg/handler/handler.go, kube-openapi/pkg/handler3/handler.go
 */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { projectPath } from '../../../lib/paths.ts';

interface Entry {
	readonly file: string;
	/** Of the document, SHA-512 in upper case. */
	readonly hash: string;
}
interface Index {
	/** By `api/v1`, `apis/GROUP/v1`. */
	readonly v3: Readonly<Record<string, Entry>>;
	readonly v2: { readonly json: Entry; readonly protobuf: Entry };
}

export interface OpenApiRequest {
	/** Decoded, for example `/openapi/v3/api/v1`. */
	readonly path: string;
	/** Query parameter; empty if absent. */
	readonly hash: string;
	/** The Accept header; empty if absent. */
	readonly accept: string;
	readonly ifNoneMatch: string | undefined;
	readonly ifModifiedSince: string | undefined;
}
export interface OpenApiAnswer {
	readonly status: 200 | 301 | 304 | 406;
	readonly headers: Readonly<Record<string, string>>;
	readonly body: Uint8Array;
}

const YEAR_MS = 365 * 24 * 3_600_000;
const JSON_TYPE = 'application/json';
const PROTOBUF_V2 = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
/** An older name of the same form, which kubectl sends. */
const PROTOBUF_V2_SENT = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';
const nothing = new Uint8Array();
const decompress = promisify(brotliDecompress);
const httpDate = (ms: number): string => new Date(ms).toUTCString();

const acceptedTypes = (accept: string): string[] =>
	(accept === '' ? '*/*' : accept).split(',').map((clause) => (clause.split(';')[0] ?? '').trim().toLowerCase());

export class OpenApi {
	/** Of the start of the server, in whole seconds: no document is newer. */
	readonly #lastModifiedMs: number;
	readonly #now: () => number;
	readonly #directory: string;
	readonly #documents = new Map<string, Promise<Uint8Array>>();

	/** @param now  Unix time in milliseconds */
	constructor(now: () => number, directory = projectPath('proto/openapi')) {
		this.#now = now;
		this.#lastModifiedMs = Math.floor(now() / 1000) * 1000;
		this.#directory = directory;
	}

	/** @returns undefined for a path that is no OpenAPI document */
	async answer(request: OpenApiRequest): Promise<OpenApiAnswer | undefined> {
		const { path } = request;
		if (path !== '/openapi/v2' && path !== '/openapi/v3' && !path.startsWith('/openapi/v3/')) return undefined;
		const { v2, v3 } = await this.#index();
		if (path === '/openapi/v2') return this.#version2(request, v2);
		if (path === '/openapi/v3') return this.#listOf(v3, request);
		const root = path.slice('/openapi/v3/'.length);
		const entry = Object.hasOwn(v3, root) ? v3[root] : undefined;
		return entry === undefined ? undefined : this.#version3(request, root, entry);
	}

	/** @source upstream writes the list without a media type, and Go's server then calls it text */
	#listOf(v3: Index['v3'], { ifModifiedSince }: OpenApiRequest): OpenApiAnswer {
		const headers = { 'Content-Type': 'text/plain; charset=utf-8', 'Last-Modified': httpDate(this.#lastModifiedMs) };
		if (ifModifiedSince !== undefined && Date.parse(ifModifiedSince) >= this.#lastModifiedMs)
			return { status: 304, headers: { 'Last-Modified': headers['Last-Modified'] }, body: nothing };
		const paths = Object.fromEntries(
			Object.entries(v3).map(([root, { hash }]) => [root, { serverRelativeURL: relativeUrl(root, hash) }]),
		);
		return { status: 200, headers, body: Buffer.from(JSON.stringify({ paths })) };
	}

	/** A document under its hash never changes, so that clients may keep it for a year. */
	#version3(request: OpenApiRequest, root: string, entry: Entry): OpenApiAnswer | Promise<OpenApiAnswer> {
		const { hash } = request;
		if (hash !== '' && hash !== entry.hash)
			return { status: 301, headers: { Location: relativeUrl(root, entry.hash) }, body: nothing };
		const types = acceptedTypes(request.accept);
		if (!types.some((type) => type === JSON_TYPE || type === '*/*' || type === 'application/*')) return notAcceptable;
		const forever = { 'Cache-Control': 'public, immutable', Expires: httpDate(this.#now() + YEAR_MS) };
		return this.#document(request, entry, { ...(hash === '' ? {} : forever), 'Content-Type': JSON_TYPE });
	}

	#version2(request: OpenApiRequest, { json, protobuf }: Index['v2']): OpenApiAnswer | Promise<OpenApiAnswer> {
		for (const type of acceptedTypes(request.accept)) {
			if (type === PROTOBUF_V2 || type === PROTOBUF_V2_SENT)
				return this.#document(request, protobuf, { 'Content-Type': PROTOBUF_V2 });
			if (type === JSON_TYPE || type === 'application/*' || type === '*/*')
				return this.#document(request, json, { 'Content-Type': JSON_TYPE });
		}
		return notAcceptable;
	}

	/** @source net/http writeNotModified: an answer with an Etag has no Last-Modified */
	async #document(
		{ ifNoneMatch = '' }: OpenApiRequest,
		{ file, hash }: Entry,
		{ 'Content-Type': contentType = '', ...more }: Readonly<Record<string, string>>,
	): Promise<OpenApiAnswer> {
		const etag = `"${hash}"`;
		const headers = { ...more, Etag: etag, Vary: 'Accept' };
		if (ifNoneMatch.split(',').some((tag) => tag.trim() === etag)) return { status: 304, headers, body: nothing };
		const ofDocument = { 'Last-Modified': httpDate(this.#lastModifiedMs), 'Content-Type': contentType };
		return { status: 200, headers: { ...headers, ...ofDocument }, body: await this.#read(file) };
	}

	async #index(): Promise<Index> {
		return JSON.parse(Buffer.from(await this.#once('index.json', readFile)).toString()) as Index;
	}
	#read(file: string): Promise<Uint8Array> {
		return this.#once(file, async (path) => decompress(await readFile(path)));
	}
	/** Clients ask for few of the documents, and often for the same. */
	#once(file: string, read: (path: string) => Promise<Uint8Array>): Promise<Uint8Array> {
		const found = this.#documents.get(file) ?? read(`${this.#directory}/${file}`);
		this.#documents.set(file, found);
		found.catch(() => this.#documents.delete(file));
		return found;
	}
}

const relativeUrl = (root: string, hash: string): string => `/openapi/v3/${root}?hash=${hash}`;
const notAcceptable: OpenApiAnswer = { status: 406, headers: {}, body: nothing };
