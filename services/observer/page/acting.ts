/** The actions of the head, of its keys and of the guide: one at a time. The head shows a refusal. */
import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import type { Refusal } from '../api.ts';
import type { Navigation } from './navigation.ts';
import { refusalIn, type Store } from './store.ts';

export interface Acting {
	readonly act: (name: string, body?: object) => Promise<void>;
	readonly isBusy: ReadonlySignal<boolean>;
	readonly refusal: Signal<Refusal | undefined>;
}

export function useActing(store: Store, navigation: Navigation): Acting {
	const isBusy = useSignal(false);
	const refusal = useSignal<Refusal | undefined>(undefined);
	const act = async (name: string, body: object = {}) => {
		if (isBusy.value) return;
		isBusy.value = true;
		const answer = await store.act(name, body);
		isBusy.value = false;
		refusal.value = refusalIn(answer);
		// Both views show the newest join when none is chosen.
		if (answer !== undefined && refusal.value === undefined)
			navigation.go(navigation.route.value.view === 'joins' ? 'joins' : 'map');
	};
	return { act, isBusy, refusal };
}
