import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Message } from '../../api.ts';
import type { Store } from '../store.ts';

/** The messages of the last minutes, newest first, at most this many. */
const KEPT = 200;

export function useRecent(store: Store): readonly Message[] {
	const recent = useSignal<readonly Message[]>([]);
	useEffect(
		() =>
			store.traffic.subscribe(({ messages }) => {
				if (messages.length > 0) recent.value = [...messages.toReversed(), ...recent.peek()].slice(0, KEPT);
			}),
		[store],
	);
	return recent.value;
}
