/** The style sheets of css/ beside that of the page: a view loads those that it needs, once. */
export type StyleName = 'joins' | 'panel' | 'certificates' | 'cluster' | 'experiments' | 'storm' | 'guide' | 'lists';

/** Resolves with the module when its sheets apply. */
export async function styled<M>(module: Promise<M>, ...names: readonly StyleName[]): Promise<M> {
	const [loaded] = await Promise.all([module, ...names.map(loadStyle)]);
	return loaded;
}

function loadStyle(name: StyleName): Promise<void> {
	const href = `/${name}.css`;
	const known = document.querySelector<HTMLLinkElement>(`link[href="${href}"]`);
	if (known?.sheet != null) return Promise.resolve();
	const link = known ?? document.createElement('link');
	const loaded = new Promise<void>((resolve, reject) => {
		link.addEventListener('load', () => resolve());
		link.addEventListener('error', () => {
			// The next attempt asks again.
			link.remove();
			reject(new Error(`${href} did not load`));
		});
	});
	link.rel = 'stylesheet';
	link.href = href;
	if (known === null) document.head.append(link);
	return loaded;
}
