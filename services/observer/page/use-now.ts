import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** The present time in milliseconds, updated while `isRunning`. */
export function useNow(everyMs: number, isRunning = true): number {
	const nowMs = useSignal(Date.now());
	useEffect(() => {
		if (!isRunning) return;
		const timer = setInterval(() => (nowMs.value = Date.now()), everyMs);
		return () => clearInterval(timer);
	}, [isRunning]);
	return nowMs.value;
}
