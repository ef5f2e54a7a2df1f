/**
 * Bootstrap tokens in the store: Secrets under their names. As upstream, it checks the metadata and type of a token and
 * not its data. Events contain no secret.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, rfc3339 } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { field, idOfName } from '../../lib/kube/bootstrap-token.ts';
import { metadataProblems } from '../../lib/kube/object-meta.ts';
import { type Preconditions, requirePreconditions } from '../../lib/kube/preconditions.ts';
import { type Secret, wellKnown } from '../../lib/kube/types.ts';
import type { Store, StoredItem, StoreEvent } from '../../lib/store/store.ts';

export interface TokenEvent {
	/** SYNCED once, after the tokens that were there at the start. */
	readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'SYNCED';
	readonly name: string;
	readonly uid: string;
	/** As written in the Secret; empty means never. */
	readonly expiration: string;
}

const eventTypes = { created: 'ADDED', updated: 'MODIFIED', deleted: 'DELETED' } as const;
const synced: TokenEvent = { type: 'SYNCED', name: '', uid: '', expiration: '' };

const asSecret = ({ value, revision }: StoredItem<Secret>): Secret => ({
	...value,
	metadata: { ...value.metadata, resourceVersion: String(revision) },
});

/**
 * Keep a new token.
 *
 * @throws TOKEN_INVALID  the name, namespace or type is not that of a token, or the rest of the metadata is invalid
 * @throws TOKEN_EXISTS, STORE_UNAVAILABLE
 */
export async function createToken(
	store: Store,
	clock: Clock,
	{ metadata, type, data }: Pick<Secret, 'metadata' | 'type' | 'data'>,
): Promise<Secret> {
	const { name = '', namespace, labels, annotations } = metadata;
	const id = idOfName(name);
	const problems = [
		...(id === undefined
			? [`metadata.name is "${name}"; bootstrap-token- and six characters of a-z and 0-9 are wanted`]
			: []),
		...(namespace === wellKnown.kubeSystem
			? []
			: [`metadata.namespace is "${namespace ?? ''}"; ${wellKnown.kubeSystem} is wanted`]),
		...(type === wellKnown.bootstrapSecretType
			? []
			: [`type is "${type ?? ''}"; ${wellKnown.bootstrapSecretType} is wanted`]),
		...metadataProblems(metadata).map(({ field: at, message }) => `${at}: ${message}`),
	];
	if (id === undefined || problems.length > 0) throw new KubejoinError('TOKEN_INVALID', { problems });
	const token: Secret = {
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: {
			name,
			namespace: wellKnown.kubeSystem,
			uid: randomUUID(),
			creationTimestamp: rfc3339(clock()),
			...(labels === undefined ? {} : { labels }),
			...(annotations === undefined ? {} : { annotations }),
		},
		type: wellKnown.bootstrapSecretType,
		...(data === undefined ? {} : { data }),
	};
	try {
		return asSecret(await store.create(name, token));
	} catch (error) {
		throw hasCode(error, 'STORE_KEY_EXISTS') ? new KubejoinError('TOKEN_EXISTS', { id }) : error;
	}
}

/**
 * Replaces the data, labels and annotations of a token. A token with a time of deletion is invalid from then on.
 *
 * @throws TOKEN_NOT_FOUND, API_NOT_FOUND (the name is not that of a token)
 * @throws TOKEN_INVALID  the metadata is invalid
 * @throws STORE_UNAVAILABLE
 */
export async function updateToken(
	store: Store,
	{ metadata, data }: Pick<Secret, 'metadata' | 'data'>,
): Promise<Secret> {
	const { name = '', labels, annotations, deletionTimestamp } = metadata;
	const problems = metadataProblems(metadata).map(({ field: at, message }) => `${at}: ${message}`);
	if (problems.length > 0) throw new KubejoinError('TOKEN_INVALID', { problems });
	for (;;) {
		const item = await store.get<Secret>(name);
		if (item === undefined) throw notFound(name);
		const { labels: _labels, annotations: _annotations, ...kept } = item.value.metadata;
		const { data: _data, ...rest } = item.value;
		const next: Secret = {
			...rest,
			metadata: {
				...kept,
				...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
				...(labels === undefined ? {} : { labels }),
				...(annotations === undefined ? {} : { annotations }),
			},
			...(data === undefined ? {} : { data }),
		};
		try {
			return asSecret(await store.update(name, next, item.revision));
		} catch (error) {
			// Changed or deleted since it was read.
			if (!hasCode(error, 'STORE_CONFLICT', 'STORE_KEY_MISSING')) throw error;
		}
	}
}

/** @throws STORE_UNAVAILABLE */
export async function findToken(store: Store, name: string): Promise<Secret | undefined> {
	const item = await store.get<Secret>(name);
	return item === undefined ? undefined : asSecret(item);
}

/** All tokens, or the one of that name, and the version at which that was true. @throws STORE_UNAVAILABLE */
export async function listTokens(store: Store, name = ''): Promise<{ items: Secret[]; resourceVersion: string }> {
	const { items, revision } = await store.list<Secret>(name);
	return {
		items: items.filter((item) => name === '' || item.key === name).map(asSecret),
		resourceVersion: String(revision),
	};
}

/**
 * Delete a token, if it is the one that is meant.
 *
 * @returns the deleted token
 * @throws TOKEN_NOT_FOUND, API_NOT_FOUND (the name is not that of a token)
 * @throws API_CONFLICT  a precondition does not hold
 * @throws STORE_UNAVAILABLE
 */
export async function deleteToken(store: Store, name: string, preconditions: Preconditions = {}): Promise<Secret> {
	for (;;) {
		const item = await store.get<Secret>(name);
		if (item === undefined) throw notFound(name);
		requirePreconditions(preconditions, asSecret(item).metadata, { resource: 'secrets', group: '', name });
		try {
			await store.delete<Secret>(name, item.revision);
			return asSecret(item);
		} catch (error) {
			// Changed or deleted since it was read: the preconditions have to be looked at again.
			if (!hasCode(error, 'STORE_CONFLICT', 'STORE_KEY_MISSING')) throw error;
		}
	}
}

function notFound(name: string): KubejoinError {
	const id = idOfName(name);
	return id === undefined
		? new KubejoinError('API_NOT_FOUND', { resource: 'secrets', group: '', name })
		: new KubejoinError('TOKEN_NOT_FOUND', { id });
}

/**
 * The tokens there are, SYNCED, then every change until the signal aborts.
 *
 * @throws STORE_COMPACTED  the reader was too slow; watch again
 * @throws STORE_UNAVAILABLE
 */
export async function* watchTokens(store: Store, signal: AbortSignal): AsyncGenerator<TokenEvent> {
	const { items, revision } = await store.list<Secret>('');
	for (const { value } of items) yield eventOf('created', value);
	yield synced;
	for await (const { type, value } of store.watch<Secret>('', revision, signal)) yield eventOf(type, value);
}

const eventOf = (type: StoreEvent['type'], token: Secret): TokenEvent => ({
	type: eventTypes[type],
	name: token.metadata.name ?? '',
	uid: token.metadata.uid ?? '',
	expiration: field(token, 'expiration'),
});
