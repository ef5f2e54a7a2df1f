/** What serving means here: the store answers. */
import type { HealthChecks } from '../../lib/rpc/health.ts';
import type { Store } from '../../lib/store/store.ts';

export const readyChecks = (store: Pick<Store, 'ping'>): HealthChecks => ({ store: () => store.ping() });
