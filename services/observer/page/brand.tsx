/** The mark of kubejoin: a hexagon with a check. */
export function Brand() {
	return (
		<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
			<path d="M10 1l8 4.5v9L10 19l-8-4.5v-9z" fill="currentColor" />
			<path d="M6 10.2l2.8 2.8L14 7.6" class="on-accent" />
		</svg>
	);
}
