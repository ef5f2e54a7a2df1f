/** Choices of the reader that the browser keeps. A browser without storage keeps none. */
export function keep(key: string, value: string): void {
	try {
		localStorage.setItem(key, value);
	} catch {
		// The choice holds until the page is left.
	}
}

export function kept(key: string): string | undefined {
	try {
		return localStorage.getItem(key) ?? undefined;
	} catch {
		return undefined;
	}
}
