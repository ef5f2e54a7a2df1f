/** Why the page is read-only, if it is. */
import type { ReadOnly } from './api.ts';

export interface ActionSettings {
	readonly kubeconfig?: unknown;
	readonly allowActions: 'true' | 'false' | 'local';
	readonly listenAddress: string;
}

/** @returns undefined: the page offers actions */
export function readOnlyReason({ kubeconfig, allowActions, listenAddress }: ActionSettings): ReadOnly | undefined {
	const isLocal = listenAddress === '127.0.0.1';
	// Docker Compose publishes a port of a container, which listens on all its addresses.
	if (allowActions === 'false') return { because: isLocal ? 'option' : 'compose', address: listenAddress };
	if (kubeconfig === undefined) return { because: 'no-kubeconfig', address: listenAddress };
	return allowActions === 'true' || isLocal ? undefined : { because: 'address', address: listenAddress };
}
