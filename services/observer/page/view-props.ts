import type { Navigation } from './navigation.ts';
import type { Store } from './store.ts';

/** What the frame gives to each view. */
export interface ViewProps {
	readonly store: Store;
	readonly navigation: Navigation;
}
