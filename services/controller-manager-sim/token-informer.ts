/**
 * A cache of the bootstrap tokens, without their secrets, kept by watching token-store; it reconnects for ever, as the
 * informers of the API do.
 */
import { errorFields, type Log } from '../../lib/log.ts';
import { type Pause, repeatWatch } from '../../lib/poll.ts';
import type { TokenEvent, TokenStoreClient } from './clients.ts';

export type Token = Pick<TokenEvent, 'name' | 'uid' | 'expiration'>;

export interface TokenInformer {
	/** @param name  of the Secret */
	readonly get: (name: string) => Token | undefined;
	/** True once all tokens are in. */
	readonly isSynced: () => boolean;
	/** Ends when the signal aborts. */
	readonly done: Promise<void>;
}

export interface TokenInformerOptions {
	readonly client: Pick<TokenStoreClient, 'watch'>;
	/** Called with the name of every token that was added, changed or deleted; again after every reconnection. */
	readonly onChange: (name: string) => void;
	readonly signal: AbortSignal;
	readonly log: Log;
	readonly pause?: Pause;
}

export function startTokenInformer({ client, onChange, signal, log, pause }: TokenInformerOptions): TokenInformer {
	const cache = new Map<string, Token>();
	let synced = false;

	function apply({ type, name, ...rest }: TokenEvent): void {
		if (type === 'DELETED') cache.delete(name);
		else cache.set(name, { name, ...rest });
		onChange(name);
	}
	async function follow(onSynced: () => void): Promise<void> {
		const gone = new Set(cache.keys());
		for await (const event of client.watch(signal)) {
			if (event.type !== 'SYNCED') {
				gone.delete(event.name);
				apply(event);
				continue;
			}
			for (const name of gone) apply({ type: 'DELETED', name, uid: '', expiration: '' });
			synced = true;
			onSynced();
		}
	}
	function onEnded(error: unknown, retryMs: number): void {
		const problem = error === undefined ? {} : errorFields(error);
		log.warn({ retryMs, ...problem }, 'waiting for token-store: the watch ended');
	}
	const done = repeatWatch(follow, { signal, onEnded, pause });
	return { get: (name) => cache.get(name), isSynced: () => synced, done };
}
