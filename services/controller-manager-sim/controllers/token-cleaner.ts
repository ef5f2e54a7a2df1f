/**
 * Deletes bootstrap tokens when they expire; an invalid expiration counts as expired. It deletes exactly the token that
 * it saw.
 */
import type { Clock } from '../../../lib/clock.ts';
import { hasCode } from '../../../lib/errors.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import { millisecondsLeft } from '../../../lib/kube/expiration.ts';
import { wellKnown } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import type { Token } from '../token-informer.ts';

/** Maximum interval between two checks, because a clock can be set. */
const LONGEST_WAIT_MS = 60_000;

export interface TokenCleanerOptions {
	readonly secrets: Pick<ApiClient['secrets'], 'delete'>;
	/** The cached token, by name of its Secret. */
	readonly find: (name: string) => Token | undefined;
	readonly clock: Clock;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

/**
 * Delete a token if it has expired.
 *
 * @returns milliseconds until it should be looked at again; undefined when it need not
 * @throws the refusal of the API, except for a token that is deleted or was replaced
 * @source pkg/controller/bootstrap tokencleaner.go
 */
export async function cleanToken(
	{ secrets, find, clock, log }: TokenCleanerOptions,
	name: string,
): Promise<number | undefined> {
	const token = find(name);
	if (token === undefined || token.expiration === '') return undefined;
	const leftMs = millisecondsLeft(token.expiration, clock());
	if (leftMs > 0) return Math.min(leftMs, LONGEST_WAIT_MS);
	try {
		await secrets.delete(name, { namespace: wellKnown.kubeSystem, preconditions: { uid: token.uid } });
		log.info(
			{ expiration: token.expiration },
			`deleted the expired token ${name.slice(wellKnown.bootstrapSecretPrefix.length)}`,
		);
	} catch (error) {
		if (!hasCode(error, 'TOKEN_NOT_FOUND', 'API_NOT_FOUND', 'API_CONFLICT')) throw error;
	}
	return undefined;
}

export function startTokenCleaner(options: TokenCleanerOptions): WorkQueue {
	const work = async (name: string) => {
		const againMs = await cleanToken(options, name);
		if (againMs !== undefined) queue.add(name, againMs);
	};
	const queue = startWorkQueue('token-cleaner', work, options.log, options.observeQueue);
	return queue;
}
