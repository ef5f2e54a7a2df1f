/**
 * A cache of the bootstrap tokens, without their secrets, kept by watching token-store; it reconnects for ever, as the
 * informers of the API do.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { errorFields, type Log } from '../../lib/log.ts';
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
	/** Resolves after the time, or when the signal aborts; default a timer. */
	readonly pause?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const MIN_RETRY_MS = 200;
const MAX_RETRY_MS = 5_000;

const timer = (ms: number, signal: AbortSignal): Promise<void> =>
	delay(ms, undefined, { signal }).catch(() => undefined);

export function startTokenInformer({
	client,
	onChange,
	signal,
	log,
	pause = timer,
}: TokenInformerOptions): TokenInformer {
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
	async function run(): Promise<void> {
		let retryMs = MIN_RETRY_MS;
		while (!signal.aborted) {
			let problem = {};
			try {
				await follow(() => {
					retryMs = MIN_RETRY_MS;
				});
			} catch (error) {
				problem = errorFields(error);
			}
			if (signal.aborted) return;
			log.warn({ retryMs, ...problem }, 'waiting for token-store: the watch ended');
			await pause(retryMs, signal);
			retryMs = Math.min(retryMs * 2, MAX_RETRY_MS);
		}
	}
	return { get: (name) => cache.get(name), isSynced: () => synced, done: run() };
}
