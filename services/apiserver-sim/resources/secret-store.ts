/**
 * The store of Secrets. The data of bootstrap tokens is at token-store alone; the registry holds the rest of each token
 * as of any Secret, so that tokens have versions, watches and lists like other objects.
 */
import { hasCode, ignoring, KubejoinError } from '../../../lib/errors.ts';
import { idOfName } from '../../../lib/kube/bootstrap-token.ts';
import { resources } from '../../../lib/kube/resources.ts';
import { type KubeObject, type Secret, wellKnown } from '../../../lib/kube/types.ts';
import type { Store, StoredItem, StoredValue } from '../../../lib/store/store.ts';
import { storeKey, storePrefix } from '../registry.ts';
import type { TokenStoreClient } from '../token-store-client.ts';

const tokenPrefix = storeKey(resources.secrets, wellKnown.kubeSystem, '');

/** The name in a key that a token can have. */
function tokenName(key: string): string | undefined {
	const name = key.startsWith(tokenPrefix) ? key.slice(tokenPrefix.length) : '';
	return idOfName(name) === undefined ? undefined : name;
}

/** Whether token-store keeps the data of a Secret. */
const isToken = ({ metadata, ...rest }: KubeObject): boolean =>
	(rest as Partial<Secret>).type === wellKnown.bootstrapSecretType &&
	metadata.namespace === wellKnown.kubeSystem &&
	idOfName(metadata.name ?? '') !== undefined;

function withoutData<V extends StoredValue>(value: V): V {
	const { data: _data, ...rest } = value as V & Partial<Secret>;
	return rest as unknown as V;
}

export class SecretStore implements Store {
	readonly #registry: Store;
	readonly #tokens: TokenStoreClient;
	/** The last operation on each key: those of one key run one after the other. */
	readonly #last = new Map<string, Promise<unknown>>();
	#reconciled: Promise<void> | undefined;

	constructor(registry: Store, tokens: TokenStoreClient) {
		this.#registry = registry;
		this.#tokens = tokens;
	}

	get name(): string {
		return this.#registry.name;
	}

	get<V extends StoredValue>(key: string, known?: StoredItem<V>): Promise<StoredItem<V> | undefined> {
		const name = tokenName(key);
		return name === undefined ? this.#registry.get(key, known) : this.#inTurn(key, () => this.#getToken<V>(key, name));
	}

	create<V extends StoredValue>(key: string, value: V): Promise<StoredItem<V>> {
		if (!isToken(value as unknown as KubeObject)) return this.#registry.create(key, value);
		return this.#inTurn(key, () => this.#createToken(key, value));
	}

	update<V extends StoredValue>(key: string, value: V, expectedRevision: number): Promise<StoredItem<V>> {
		if (!isToken(value as unknown as KubeObject)) return this.#registry.update(key, value, expectedRevision);
		return this.#inTurn(key, async () => {
			await this.#requireRevision(key, expectedRevision);
			await this.#tokens.update(value as unknown as Secret);
			const { revision } = await this.#registry.update(key, withoutData(value), expectedRevision);
			return { key, value, revision };
		});
	}

	async delete<V extends StoredValue>(key: string, expectedRevision?: number): Promise<StoredItem<V>> {
		const name = tokenName(key);
		if (name === undefined) return this.#registry.delete(key, expectedRevision);
		return this.#inTurn(key, async () => {
			const found = await this.#getToken<V>(key, name);
			if (found === undefined) throw new KubejoinError('STORE_KEY_MISSING', { key });
			if (expectedRevision !== undefined) await this.#requireRevision(key, expectedRevision);
			if (isToken(found.value as unknown as KubeObject)) await this.#deleteToken(name);
			const { revision } = await this.#registry.delete(key, found.revision);
			return { ...found, revision };
		});
	}

	list: Store['list'] = (prefix, page) => this.#registry.list(prefix, page);
	pages: Store['pages'] = (prefix, limit) => this.#registry.pages(prefix, limit);
	watch: Store['watch'] = (prefix, after, signal) => this.#registry.watch(prefix, after, signal);
	revision: Store['revision'] = () => this.#registry.revision();
	ping: Store['ping'] = () => this.#registry.ping();
	close: Store['close'] = () => this.#registry.close();

	/** Objects of lists and watches, with the data of tokens; without it if a token was deleted meanwhile. */
	async withData<T extends KubeObject>(objects: readonly T[]): Promise<T[]> {
		const tokens = objects.filter(isToken);
		if (tokens.length === 0) return [...objects];
		const only = tokens.length === 1 ? (tokens[0]?.metadata.name ?? '') : '';
		const { items } = await this.#tokens.list(only);
		const found = new Map(items.map(({ metadata, data }) => [metadata.name, data]));
		return objects.map((object) => {
			const data = isToken(object) ? found.get(object.metadata.name) : undefined;
			return data === undefined ? object : { ...object, data };
		});
	}

	/**
	 * Once in the life of the process: the registry learns of tokens that only token-store has, and forgets those that it
	 * no longer has.
	 *
	 * @throws UNAVAILABLE
	 */
	reconcile(): Promise<void> {
		this.#reconciled ??= this.#reconcile().catch((error: unknown) => {
			this.#reconciled = undefined;
			throw error;
		});
		return this.#reconciled;
	}

	async #reconcile(): Promise<void> {
		const { items } = await this.#tokens.list('');
		for (const { metadata } of items) await this.get(`${tokenPrefix}${metadata.name}`);
		for await (const page of this.#registry.pages<Secret>(storePrefix(resources.secrets, wellKnown.kubeSystem)))
			for (const { key } of page.items) if (tokenName(key) !== undefined) await this.get(key);
	}

	async #getToken<V extends StoredValue>(key: string, name: string): Promise<StoredItem<V> | undefined> {
		const found = await this.#registry.get<V>(key);
		if (found !== undefined && !isToken(found.value as unknown as KubeObject)) return found;
		const [token] = (await this.#tokens.list(name)).items;
		if (token === undefined) {
			if (found !== undefined) await this.#registry.delete(key, found.revision);
			return undefined;
		}
		const { revision, value } = found ?? (await this.#registry.create<Secret>(key, adopted(token)));
		return { key, revision, value: { ...value, ...(token.data && { data: token.data }) } as V };
	}

	async #createToken<V extends StoredValue>(key: string, value: V): Promise<StoredItem<V>> {
		const name = tokenName(key) ?? '';
		if ((await this.#getToken(key, name)) !== undefined) throw new KubejoinError('STORE_KEY_EXISTS', { key });
		const secret = value as unknown as Secret;
		const { metadata } = await this.#tokens.create(secret).catch((error: unknown) => {
			if (!hasCode(error, 'API_ALREADY_EXISTS')) throw error;
			throw new KubejoinError('STORE_KEY_EXISTS', { key }, { cause: error });
		});
		const { uid = '', creationTimestamp = '' } = metadata;
		const created = { ...secret, metadata: { ...secret.metadata, uid, creationTimestamp } } as unknown as V;
		const { revision } = await this.#registry.create(key, withoutData(created));
		return { key, value: created, revision };
	}

	async #deleteToken(name: string): Promise<void> {
		await this.#tokens.delete(name, {}).catch(ignoring('TOKEN_NOT_FOUND'));
	}

	/** @throws STORE_KEY_MISSING, STORE_CONFLICT */
	async #requireRevision(key: string, expectedRevision: number): Promise<void> {
		const found = await this.#registry.get(key);
		if (found === undefined) throw new KubejoinError('STORE_KEY_MISSING', { key });
		if (found.revision === expectedRevision) return;
		throw new KubejoinError('STORE_CONFLICT', { key, expectedRevision, foundRevision: found.revision });
	}

	#inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
		const before = this.#last.get(key) ?? Promise.resolve();
		const mine = before.then(work, work);
		const settled = mine.then(
			() => undefined,
			() => undefined,
		);
		this.#last.set(key, settled);
		void settled.then(() => {
			if (this.#last.get(key) === settled) this.#last.delete(key);
		});
		return mine;
	}
}

function adopted(token: Secret): Secret {
	const { resourceVersion: _version, ...metadata } = token.metadata;
	return withoutData({ ...token, apiVersion: 'v1', kind: 'Secret', metadata });
}
