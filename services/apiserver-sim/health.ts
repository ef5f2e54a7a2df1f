/**
 * The readiness of the API server: the store answers, and roles and bindings are read, so no request is refused because
 * they are missing.
 */
import type { HealthChecks } from '../../lib/rpc/health.ts';
import type { Store } from '../../lib/store/store.ts';
import type { RbacCache } from './rbac-cache.ts';

export const readyChecks = (store: Pick<Store, 'ping'>, rbac: Pick<RbacCache, 'ready'>): HealthChecks => ({
	store: () => store.ping(),
	'rbac-cache': () => rbac.ready(),
});
