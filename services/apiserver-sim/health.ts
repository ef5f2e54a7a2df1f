/** What serving means here: the store answers, and the roles and bindings are read, so that no one is refused for want of them. */
import type { HealthChecks } from '../../lib/rpc/health.ts';
import type { Store } from '../../lib/store/store.ts';
import type { RbacCache } from './rbac-cache.ts';

export const readyChecks = (store: Pick<Store, 'ping'>, rbac: Pick<RbacCache, 'ready'>): HealthChecks => ({
	store: () => store.ping(),
	'rbac-cache': () => rbac.ready(),
});
