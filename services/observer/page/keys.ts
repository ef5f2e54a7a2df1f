/** Keys without a modifier: they act outside of fields, and a reader can turn them off. @source WCAG 2.1.4 */
import { type Signal, signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { keep, kept } from './kept.ts';

export interface Keys {
	readonly isOn: Signal<boolean>;
	readonly turn: (isOn: boolean) => void;
}

const KEY = 'kubejoin.keys';

export function createKeys(): Keys {
	const isOn = signal(kept(KEY) !== 'off');
	return {
		isOn,
		turn(value) {
			isOn.value = value;
			keep(KEY, value ? 'on' : 'off');
		},
	};
}

type Pressed = Pick<KeyboardEvent, 'key' | 'target' | 'ctrlKey' | 'metaKey' | 'altKey'>;

export const SPACE = ' ';
const fields = 'input, textarea, select';
const controls = 'button, a, summary, [role=button]';

/** The key in lower case; undefined if it has a modifier or belongs to the element that has the focus. */
function keyOf({ key, target, ctrlKey, metaKey, altKey }: Pressed): string | undefined {
	if (ctrlKey || metaKey || altKey) return undefined;
	const owners = key === SPACE ? `${fields}, ${controls}` : fields;
	const isOwned = target instanceof Element && target.closest(owners) !== null;
	return isOwned ? undefined : key.toLowerCase();
}

/** @param actions  by key; each prevents the action of the browser */
export function useKeys(keys: Keys, actions: Readonly<Record<string, () => unknown>>): void {
	const latest = useRef(actions);
	latest.current = actions;
	// Not after the paint: a key can be pressed as soon as the page shows what it moves.
	useLayoutEffect(() => {
		const take = (event: KeyboardEvent) => {
			const key = keys.isOn.value ? keyOf(event) : undefined;
			if (key === undefined || !Object.hasOwn(latest.current, key)) return;
			event.preventDefault();
			latest.current[key]?.();
		};
		addEventListener('keydown', take);
		return () => removeEventListener('keydown', take);
	}, []);
}
