/** What changes without the reader: the time, and the messages of the last minutes. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Message } from '../../api.ts';
import type { Store } from '../store.ts';

const TICK_MS = 5_000;
const KEPT = 200;

/** The present time, updated often enough for what the map shows of it: days and minutes. */
export function useTick(): number {
	const nowMs = useSignal(Date.now());
	useEffect(() => {
		const timer = setInterval(() => (nowMs.value = Date.now()), TICK_MS);
		return () => clearInterval(timer);
	}, []);
	return nowMs.value;
}

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
