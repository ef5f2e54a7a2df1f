/** A button that opens a list or a text below it. Escape, a click elsewhere and a focus elsewhere close it. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { Icon } from './icons.tsx';

interface MenuProps {
	readonly name: string;
	readonly children: (close: () => void) => ComponentChildren;
}

export function Menu({ name, children }: MenuProps) {
	const isOpen = useSignal(false);
	const root = useRef<HTMLDivElement>(null);
	const close = () => {
		isOpen.value = false;
	};
	useEffect(() => {
		if (!isOpen.value) return;
		const closeOutside = ({ target }: Event) => {
			if (!(target instanceof Node) || root.current?.contains(target) !== true) close();
		};
		addEventListener('pointerdown', closeOutside);
		addEventListener('focusin', closeOutside);
		return () => {
			removeEventListener('pointerdown', closeOutside);
			removeEventListener('focusin', closeOutside);
		};
	}, [isOpen.value]);
	return (
		// biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of its buttons
		<div
			class="menu"
			ref={root}
			onKeyDown={(event) => {
				if (event.key !== 'Escape' || !isOpen.value) return;
				event.stopPropagation();
				close();
				root.current?.querySelector('button')?.focus();
			}}
		>
			<button type="button" aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
				{name}
				<Icon name="down" />
			</button>
			{isOpen.value && children(close)}
		</div>
	);
}
