/** A part of the page in a file of its own: the first view does not wait for it. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren, FunctionComponent } from 'preact';
import { useEffect } from 'preact/hooks';
import { again } from './again.ts';
import { useWords } from './words.ts';

interface LazyProps<P> {
	readonly load: () => Promise<FunctionComponent<P>>;
	readonly props: P;
	/** Keeps the place until the file has arrived. */
	readonly room?: ComponentChildren;
}

/** Only `room` until the file has arrived. Another version of the observer has no file of that name. */
export function Lazy<P extends object>({ load, props, room = null }: LazyProps<P>) {
	const loaded = useSignal<{ readonly Part: FunctionComponent<P> } | undefined>(undefined);
	const { say } = useWords();
	const hasFailed = useSignal(false);
	useEffect(() => {
		again(load).then(
			(Part) => (loaded.value = { Part }),
			() => (hasFailed.value = true),
		);
	}, []);
	if (hasFailed.value) return <p class="note">{say('notLoaded')}</p>;
	if (loaded.value === undefined) return <>{room}</>;
	const { Part } = loaded.value;
	return <Part {...props} />;
}
