/** The callers of each method: secrets go to the API server alone, signatures and events to the controllers. */
import type { Clock } from '../../lib/clock.ts';
import type { CountRefusal } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { limitLines } from '../../lib/log-limit.ts';
import type { Service } from '../../lib/rpc/server.ts';
import type { Store } from '../../lib/store/store.ts';
import { createAuthenticator } from './authenticate.ts';
import { streamHandlers, unaryHandlers } from './handlers.ts';
import type { Verdict } from './metrics.ts';

const apiServer = ['apiserver-sim'];
const controllers = ['system:kube-controller-manager'];

export function tokenStoreService(
	store: Store,
	clock: Clock,
	log: Log,
	stopping: AbortSignal,
	countVerdict: (verdict: Verdict) => void,
	count: CountRefusal = () => undefined,
): Service {
	const authenticate = createAuthenticator(store, clock, log, countVerdict, limitLines(log, count));
	const options = { store, clock, stopping, authenticate };
	return {
		name: 'TokenStore',
		unary: unaryHandlers(options),
		streams: streamHandlers(options),
		callers: {
			Create: apiServer,
			List: apiServer,
			Update: apiServer,
			Delete: apiServer,
			Verify: apiServer,
			SignDetached: controllers,
			Watch: controllers,
		},
	};
}
