import type { Keys } from './keys.ts';
import type { Navigation } from './navigation.ts';
import type { Store } from './store.ts';

export interface ViewProps {
	readonly store: Store;
	readonly navigation: Navigation;
	readonly keys: Keys;
}
