/** Who may do what with bootstrap tokens. Secrets go to the API server alone; signatures and news to the controllers. */
import type { Clock } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { errorFields, type Log } from '../../lib/log.ts';
import type { Service } from '../../lib/rpc/server.ts';
import type { Store } from '../../lib/store/store.ts';
import { setSpanAttributes } from '../../lib/trace.ts';
import { streamHandlers, unaryHandlers } from './handlers.ts';
import type { Verdict } from './metrics.ts';
import { findToken } from './store.ts';
import { type TokenUser, verifyToken } from './verify.ts';

const apiServer = ['apiserver-sim'];
const controllers = ['system:kube-controller-manager'];

type Tell = (verdict: Verdict) => void;

export function tokenStoreService(store: Store, clock: Clock, log: Log, stopping: AbortSignal, tell: Tell): Service {
	const options = { store, clock, stopping, authenticate: authenticator(store, clock, log, tell) };
	return {
		name: 'TokenStore',
		unary: unaryHandlers(options),
		streams: streamHandlers(options),
		callers: {
			Create: apiServer,
			List: apiServer,
			Delete: apiServer,
			Verify: apiServer,
			SignDetached: controllers,
			Watch: controllers,
		},
	};
}

/** Verification whose refusals stay here: the true reason in the log, a bare no for the caller. A store that fails is no refusal. */
const authenticator =
	(store: Store, clock: Clock, log: Log, tell: Tell) =>
	async (token: string): Promise<TokenUser | undefined> => {
		try {
			const user = await verifyToken(token, (name) => findToken(store, name), clock);
			setSpanAttributes({ 'kubejoin.token.user': user.username, 'kubejoin.token.groups': [...user.groups] });
			tell('accepted');
			return user;
		} catch (error) {
			if (error instanceof KubejoinError)
				setSpanAttributes({ 'kubejoin.token.refused': error.code, 'kubejoin.token.why': error.message });
			if (hasCode(error, 'TOKEN_MALFORMED', 'TOKEN_EXPIRED', 'TOKEN_DELETED'))
				log.info(errorFields(error), 'a token was refused');
			else if (
				hasCode(
					error,
					'TOKEN_UNKNOWN',
					'TOKEN_SECRET_WRONG',
					'TOKEN_RECORD_INVALID',
					'TOKEN_USAGE_MISSING',
					'TOKEN_GROUPS_INVALID',
				)
			) {
				log.warn(errorFields(error), 'a token was refused');
			} else throw error;
			tell(error.code);
			return undefined;
		}
	};
