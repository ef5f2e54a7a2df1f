/** token-store as apiserver-sim uses it. Tokens pass through; none is kept or logged here. */
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { parseToken } from '../../lib/kube/bootstrap-token.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { call, type VerifiedChannel } from '../../lib/rpc/channel.ts';
import type { VerifyToken } from './authenticate/bootstrap-token.ts';

export interface TokenStoreClient {
	readonly create: (secret: Secret) => Promise<Secret>;
	/** All, or the one of this name. */
	readonly list: (name: string) => Promise<{ items: Secret[]; resourceVersion: string }>;
	/** Replaces the data, labels and annotations of the token with this name. */
	readonly update: (secret: Secret) => Promise<Secret>;
	readonly delete: (
		name: string,
		preconditions: { readonly uid?: string; readonly resourceVersion?: string },
	) => Promise<void>;
	readonly verify: VerifyToken;
}

/** A slow token-store must not hold up every request with a token; a late answer is no answer. */
const VERIFY_DEADLINE_MS = 3_000;

export function tokenStoreClient(channel: VerifiedChannel): TokenStoreClient {
	return {
		async create(secret) {
			try {
				return await call(channel, 'TokenStore', 'Create', secret);
			} catch (error) {
				if (!hasCode(error, 'TOKEN_EXISTS')) throw error;
				throw new KubejoinError(
					'API_ALREADY_EXISTS',
					{ resource: 'secrets', group: '', name: secret.metadata.name ?? '' },
					{ cause: error },
				);
			}
		},
		async list(name) {
			const answer = await call<object, { metadata?: { resourceVersion?: string }; items?: Secret[] }>(
				channel,
				'TokenStore',
				'List',
				{ name },
			);
			return { items: answer.items ?? [], resourceVersion: answer.metadata?.resourceVersion ?? '' };
		},
		update: (secret) => call(channel, 'TokenStore', 'Update', secret),
		async delete(name, preconditions) {
			await call(channel, 'TokenStore', 'Delete', { name, ...preconditions });
		},
		/** @source plugin/pkg/auth/authenticator/token/bootstrap: a token of another form is no bootstrap token */
		async verify(token) {
			if (parseToken(token) === undefined) return undefined;
			const answer = await call<object, { authenticated?: boolean; username?: string; groups?: string[] }>(
				channel,
				'TokenStore',
				'Verify',
				{ token },
				{ deadlineMs: VERIFY_DEADLINE_MS },
			);
			if (answer.authenticated !== true || !answer.username) return undefined;
			return { username: answer.username, groups: answer.groups ?? [] };
		},
	};
}
