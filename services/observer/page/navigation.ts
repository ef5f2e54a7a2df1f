/** The route of the page as a signal, and the changes of it. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { addressOf, type Route, readRoute, type ViewName } from './route.ts';

export interface Navigation {
	readonly route: ReadonlySignal<Route>;
	/** A new entry of the history; `t` belongs to one join and is not kept. */
	readonly go: (view: ViewName, ...path: readonly string[]) => void;
	/** Replaces settings of the address without an entry of the history. */
	readonly set: (settings: Partial<Pick<Route, 'lang' | 'theme' | 't' | 'show' | 'path'>>) => void;
	readonly unset: (setting: 'lang' | 'theme' | 't') => void;
}

export function createNavigation(): Navigation {
	const read = () => readRoute(location.search, location.hash);
	const route = signal(read());
	const show = (next: Route) => {
		const address = addressOf(next);
		const { pathname, search, hash } = location;
		if (address !== `${search}${hash}`) history.replaceState(null, '', `${pathname}${address}`);
		route.value = next;
	};
	show(route.value);
	addEventListener('hashchange', () => show(read()));
	addEventListener('popstate', () => show(read()));
	return {
		route,
		go(view, ...path) {
			const { t: _, ...rest } = route.value;
			const next = { ...rest, view, path };
			history.pushState(null, '', `${location.pathname}${addressOf(next)}`);
			route.value = next;
		},
		set: (settings) => show({ ...route.value, ...settings }),
		unset(setting) {
			const { [setting]: _, ...rest } = route.value;
			show(rest as Route);
		},
	};
}
