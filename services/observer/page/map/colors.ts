/** The present value of a token, for a canvas: it does not read custom properties. */
export function colorsOf<Name extends string>(element: HTMLElement, names: readonly Name[]): (name: Name) => string {
	const found = new Map<Name, string>();
	const { style } = element;
	const before = style.color;
	for (const name of names) {
		style.color = `var(--${name})`;
		found.set(name, getComputedStyle(element).color);
	}
	style.color = before;
	return (name) => found.get(name) ?? '';
}

/** Device pixels of a CSS pixel of the element: the map of a wall is larger. */
export const pixelsOf = (element: Element & { readonly currentCSSZoom?: number }): number =>
	devicePixelRatio * (element.currentCSSZoom ?? 1);
