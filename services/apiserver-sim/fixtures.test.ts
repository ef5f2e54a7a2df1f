/** Requests, and a store in its own directory, for the tests of this folder. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import type { ApiResource } from '../../lib/kube/resources.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { openStore } from '../../lib/store/open.ts';
import type { Store } from '../../lib/store/store.ts';
import type { AdmissionPlugin } from './admit/admission.ts';
import { createAdmission } from './admit/chain.ts';
import type { Authorizer } from './authorize/attributes.ts';
import { resourceRequest, userNamed } from './authorize/fixtures.test.ts';
import { type RegistryContext, WatchCache } from './registry.ts';
import { type ApiRequest, defaultOptions, type Verb } from './request/api-request.ts';
import type { TokenStoreClient } from './token-store-client.ts';

export const now = '2026-01-31T12:00:00Z';
export const clock = () => Date.parse(now);
export const admin = userNamed('admin', 'system:masters', 'system:authenticated');

export const request = (verb: Verb, resource: ApiResource, more: Partial<ApiRequest> = {}): ApiRequest => ({
	user: admin,
	verb,
	resource,
	subresource: '',
	namespace: '',
	name: '',
	...defaultOptions,
	userAgent: '',
	warn: () => undefined,
	created: () => undefined,
	parts: [],
	lifetime: new AbortController(),
	...more,
});

/** Allows the listed `USER VERB RESOURCE NAME`, has no opinion on other requests, and records all of them. */
export function fakeAuthorizer(...allowed: string[]): Authorizer & { readonly asked: string[] } {
	const asked: string[] = [];
	return {
		asked,
		authorize(attributes) {
			const { resource, subresource, name } = attributes.resourceRequest
				? attributes
				: resourceRequest({ resource: attributes.path });
			const question = [
				attributes.user.username,
				attributes.verb,
				subresource === '' ? resource : `${resource}/${subresource}`,
				name,
			]
				.join(' ')
				.trim();
			asked.push(question);
			return { decision: allowed.includes(question) ? 'Allow' : 'NoOpinion', reason: '' };
		},
	};
}

/** The parts of storages over this store. Without plug-ins, admission refuses and changes nothing. */
export const registryOn = (store: Store, plugins: readonly AdmissionPlugin[] = []): RegistryContext => ({
	store,
	cache: cacheOf(store),
	admission: createAdmission(plugins),
	authorizer: fakeAuthorizer(),
	clock,
});

const caches = new WeakMap<Store, WatchCache>();
let stop = new AbortController();
let logged: string[] = [];
/** The errors that the caches of the test logged. */
export const loggedErrors = () => logged;
/** One for each store, until the end of the test. */
export function cacheOf(store: Store): WatchCache {
	const log = { warn: () => undefined, error: (details: object) => void logged.push(JSON.stringify(details)) };
	const cache =
		caches.get(store) ?? new WatchCache(store, { signal: stop.signal, log: log as never, historyLength: 20 });
	caches.set(store, cache);
	return cache;
}

/** A store that is opened before and removed after each test of the suite. */
export function storeOfEachTest(): () => Store {
	let directory: string;
	let store: Store;
	beforeEach(async () => {
		[stop, logged] = [new AbortController(), []];
		directory = mkdtempSync(join(tmpdir(), 'registry-'));
		store = await openStore({ url: `lmdb:${directory}`, keyspace: 'registry', historyLength: 20 });
	});
	afterEach(async () => {
		stop.abort();
		await store.close();
		rmSync(directory, { recursive: true });
	});
	return () => store;
}

/** The refusal as a caller reads it: HTTP status, reason and message. */
export async function refusalOf(work: Promise<unknown> | AsyncIterable<unknown>): Promise<string> {
	try {
		if (Symbol.asyncIterator in work) for await (const _ of work);
		else await work;
	} catch (error) {
		if (!(error instanceof KubejoinError)) throw error;
		return `${error.http.status} ${error.http.reason}: ${error.message}`;
	}
	return assert.fail('it was not refused');
}

/** The client of a token-store in memory, and its tokens by name. */
export function memoryTokens() {
	const tokens = new Map<string, Secret>();
	let version = 0;
	const stored = (secret: Secret, uid: string): Secret => {
		version++;
		const metadata = { ...secret.metadata, uid, creationTimestamp: now, resourceVersion: String(version) };
		const kept = { ...secret, metadata };
		tokens.set(secret.metadata.name ?? '', kept);
		return kept;
	};
	const client: TokenStoreClient = {
		async create(secret) {
			const { name: own = '' } = secret.metadata;
			if (tokens.has(own)) throw new KubejoinError('API_ALREADY_EXISTS', { resource: 'secrets', group: '', name: own });
			return stored(secret, `uid-${own}`);
		},
		update: async (secret) => stored(secret, tokens.get(secret.metadata.name ?? '')?.metadata.uid ?? ''),
		list: async (own) => ({
			items: [...tokens.values()].filter(({ metadata }) => own === '' || metadata.name === own),
			resourceVersion: String(version),
		}),
		delete: async (own) => void tokens.delete(own),
		verify: () => assert.fail('verified'),
	};
	return { tokens, client };
}
