/**
 * The readiness of the API server: the store answers, and roles, bindings and pods are read, so no request is refused
 * because they are missing.
 */
import type { HealthChecks } from '../../lib/rpc/health.ts';
import type { Store } from '../../lib/store/store.ts';
import type { Follower } from './registry/follow.ts';

export const readyChecks = (
	store: Pick<Store, 'ping'>,
	rbac: Pick<Follower, 'ready'>,
	pods: Pick<Follower, 'ready'>,
): HealthChecks => ({
	store: () => store.ping(),
	'rbac-cache': () => rbac.ready(),
	'node-graph': () => pods.ready(),
});
