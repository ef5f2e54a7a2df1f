import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

/** @returns undefined until the answer arrives, also after the keys have changed @param keys  of the question */
export function useAnswer<T>(
	ask: () => Promise<T | undefined> | undefined,
	keys: readonly (string | undefined)[],
): T | undefined {
	const answer = useSignal<T | undefined>(undefined);
	useEffect(() => {
		let isWanted = true;
		answer.value = undefined;
		void ask()?.then((value) => {
			if (isWanted) answer.value = value;
		});
		return () => {
			isWanted = false;
		};
	}, keys);
	return answer.value;
}
