/**
 * Bearer tokens: the authenticators of their kinds as one, which remembers successes for a short time.
 * @source apiserver/pkg/authentication/token/{union,cache}
 */
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../../lib/clock.ts';
import type { UserInfo } from '../../../lib/kube/types.ts';
import { type CountRefusal, limits } from '../../../lib/limits.ts';
import { aggregated } from '../authorize/go-text.ts';

export interface AuthenticatedToken {
	readonly user: UserInfo;
	/** Those of the requested audiences that the token is for. */
	readonly audiences: readonly string[];
}
/** Undefined: the token is of no known kind. The problem is for the log and for a TokenReview, not for the caller. */
export type TokenVerdict = AuthenticatedToken | { readonly problem: string } | undefined;

/**
 * @param audiences  the token must be for one of them
 * @throws AUTHENTICATOR_UNAVAILABLE  the token cannot be checked
 */
export type AuthenticateToken = (token: string, audiences: readonly string[]) => Promise<TokenVerdict>;

export const credentialIdKey = 'authentication.kubernetes.io/credential-id';
export const invalidBearerToken = 'invalid bearer token';

/** The first authenticator that accepts the token decides. @param count  called when a token exceeds its limit */
export const unionOfTokens =
	(authenticators: readonly AuthenticateToken[], count: CountRefusal = () => undefined): AuthenticateToken =>
	async (token, audiences) => {
		if (token.length > limits.bearerTokenCharacters.value) {
			count('bearerTokenCharacters');
			return undefined;
		}
		const problems: string[] = [];
		for (const authenticate of authenticators) {
			const verdict = await authenticate(token, audiences);
			if (verdict === undefined) continue;
			if ('user' in verdict) return verdict;
			problems.push(verdict.problem);
		}
		const problem = aggregated(problems);
		return problem === undefined ? undefined : { problem };
	};

/** Upstream keeps a success for 10 s, so that a node's burst of calls is one look-up; failures are never kept. */
export const TOKEN_CACHE_MS = 10_000;
const TOKEN_CACHE_SIZE = 4096;

export function cacheSuccesses(authenticate: AuthenticateToken, clock: Clock): AuthenticateToken {
	const accepted = new LRUCache<string, AuthenticatedToken>({
		max: TOKEN_CACHE_SIZE,
		// lru-cache keeps an entry until its age exceeds the ttl.
		ttl: TOKEN_CACHE_MS - 1,
		ttlResolution: 0,
		perf: { now: clock },
	});
	const pending = new Map<string, Promise<TokenVerdict>>();
	return async (token, audiences) => {
		const key = keyOf(token, audiences);
		const known = accepted.get(key);
		if (known !== undefined) return known;
		const begun = pending.get(key);
		if (begun !== undefined) {
			const verdict = await begun.catch(() => undefined);
			if (verdict !== undefined && 'user' in verdict) return verdict;
			// The token may have become valid since that look-up has begun.
		}
		const lookup = authenticate(token, audiences);
		pending.set(key, lookup);
		try {
			const verdict = await lookup;
			if (verdict !== undefined && 'user' in verdict) accepted.set(key, verdict);
			return verdict;
		} finally {
			if (pending.get(key) === lookup) pending.delete(key);
		}
	};
}

/** Of one length: the audiences of a review can have megabytes, and no token stays in memory. */
const keyOf = (token: string, audiences: readonly string[]): string =>
	createHash('sha256')
		.update(JSON.stringify([token, ...audiences]))
		.digest('base64');
