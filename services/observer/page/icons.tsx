/** Marks. They differ by shape as well as by color, and a text beside each has its meaning. */

export function Mark({ failed }: { readonly failed: boolean }) {
	return (
		<svg
			class={`mark ${failed ? 'failed' : 'good'}`}
			viewBox="0 0 16 16"
			width="16"
			height="16"
			aria-hidden="true"
			focusable="false"
		>
			<circle cx="8" cy="8" r="7.5" />
			<path d={failed ? 'M5 5l6 6M11 5l-6 6' : 'M4.5 8.5l2.5 2.5 4.5 -5.5'} />
		</svg>
	);
}

/** A whole shield, a broken one, and one with a dash. */
export function Shield({ verdict }: { readonly verdict: 'held' | 'violated' | 'unknown' }) {
	const inside = { held: 'M6 10l3 3 5-6', violated: 'M11 2l-3 6 4 3-3 8', unknown: 'M7 10h6' };
	return (
		<svg class="shield" viewBox="0 0 20 21" width="20" height="21" aria-hidden="true" focusable="false">
			<path d="M10 1.5l7.5 2.5v6c0 5-3.5 8-7.5 9.5C6 18 2.5 15 2.5 10V4z" />
			<path d={inside[verdict]} />
		</svg>
	);
}

const icons = {
	first: 'M3 3v10M13 3L6 8l7 5z',
	back: 'M12 3L5 8l7 5z',
	play: 'M5 3l8 5-8 5z',
	pause: 'M5 3v10M11 3v10',
	forward: 'M4 3l6 5-6 5zM13 3v10',
	last: 'M3 3l5 5-5 5zM8 3l5 5-5 5z',
	up: 'M3 10l5-5 5 5',
	down: 'M3 6l5 5 5-5',
} as const;

export function Icon({ name }: { readonly name: keyof typeof icons }) {
	return (
		<svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" focusable="false">
			<path d={icons[name]} />
		</svg>
	);
}
