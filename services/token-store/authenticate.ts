/** Authenticates tokens for the API server, which receives no reason of a refusal. The log has it. */
import type { Clock } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { errorFields, type Log } from '../../lib/log.ts';
import type { LimitLines } from '../../lib/log-limit.ts';
import type { Store } from '../../lib/store/store.ts';
import { setSpanAttributes } from '../../lib/trace.ts';
import type { Verdict } from './metrics.ts';
import { findToken } from './store.ts';
import { type TokenUser, verifyToken } from './verify.ts';

/** Undefined for a token that is refused. @throws STORE_UNAVAILABLE */
export type Authenticate = (token: string) => Promise<TokenUser | undefined>;

/**
 * @param count  called with each verdict
 * @param lines  limits the log lines of each verdict: every stranger can cause them
 */
export function createAuthenticator(
	store: Store,
	clock: Clock,
	log: Log,
	count: (verdict: Verdict) => void,
	lines: LimitLines,
): Authenticate {
	return async (token) => {
		try {
			const user = await verifyToken(token, (name) => findToken(store, name), clock);
			setSpanAttributes({ 'kubejoin.token.user': user.username, 'kubejoin.token.groups': [...user.groups] });
			count('accepted');
			return user;
		} catch (error) {
			if (error instanceof KubejoinError)
				setSpanAttributes({ 'kubejoin.token.refused': error.code, 'kubejoin.token.why': error.message });
			if (hasCode(error, 'TOKEN_MALFORMED', 'TOKEN_EXPIRED', 'TOKEN_DELETED'))
				lines(error.code, () => log.info(errorFields(error), 'a token was refused'));
			else if (
				hasCode(
					error,
					'TOKEN_UNKNOWN',
					'TOKEN_SECRET_WRONG',
					'TOKEN_RECORD_INVALID',
					'TOKEN_USAGE_MISSING',
					'TOKEN_GROUPS_INVALID',
				)
			)
				lines(error.code, () => log.warn(errorFields(error), 'a token was refused'));
			else throw error;
			count(error.code);
			return undefined;
		}
	};
}
