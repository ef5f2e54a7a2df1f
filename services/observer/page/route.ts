/**
 * The address of the page. The part behind `#` names a view and an object in it; the query holds settings that every
 * view keeps. A query behind `#` moves before it, and addresses of earlier versions redirect.
 */
import type { Language } from './format.ts';

export const viewNames = ['map', 'joins', 'certificates', 'experiments', 'cluster', 'storm'] as const;
export type ViewName = (typeof viewNames)[number];

/** Parts of the map that are hidden by default. */
export const layers = ['storage', 'telemetry'] as const;
export type Layer = (typeof layers)[number];

export interface Route {
	readonly view: ViewName;
	/** The segments behind the view: `['ID', 'STEP']` of `#/joins/ID/STEP`. */
	readonly path: readonly string[];
	readonly lang?: Language;
	readonly theme?: 'light' | 'dark';
	/** Milliseconds since the beginning of the join that is replayed. */
	readonly t?: number;
	readonly show: readonly Layer[];
}

/** @param search  with its `?` @param hash  with its `#` */
export function readRoute(search: string, hash: string): Route {
	const [path = '', query = ''] = splitOnce(hash.replace(/^#\/?/, ''), '?');
	const [first = '', ...rest] = path.split('/').filter((segment) => segment !== '');
	const found = redirect(first, rest.map(decode));
	const settings = new URLSearchParams(search);
	for (const [key, value] of new URLSearchParams(query)) settings.set(key, value);
	return { ...found, ...readSettings(settings) };
}

/** The address of a route, to which `readRoute` returns the same route. */
export function addressOf({ view, path, lang, theme, t, show }: Route): string {
	const settings = new URLSearchParams();
	if (lang !== undefined) settings.set('lang', lang);
	if (theme !== undefined) settings.set('theme', theme);
	if (t !== undefined) settings.set('t', String(Math.ceil(t * 1_000) / 1_000));
	const shown = show.length === 0 ? '' : `show=${show.join(',')}`;
	const query = [settings.toString(), shown].filter(Boolean).join('&');
	return `${query && `?${query}`}${hashOf(view, ...path)}`;
}

/** `#/joins/ID/STEP`. A link to it keeps the query. */
export const hashOf = (view: ViewName, ...path: readonly string[]): string =>
	['#', view, ...path.map((segment) => encodeURIComponent(segment))].join('/');

function redirect(first: string, path: readonly string[]): Pick<Route, 'view' | 'path'> {
	if (first === 'compare') return { view: 'joins', path: [path.slice(0, 2).join('~')] };
	const view = viewNames.find((name) => name === first);
	if (view !== undefined) return { view, path };
	// The map says that nothing has this name.
	return { view: 'map', path: first === '' ? [] : [first] };
}

function readSettings(settings: URLSearchParams): Omit<Route, 'view' | 'path'> {
	const lang = settings.get('lang');
	const theme = settings.get('theme');
	const t = settings.get('t') ?? '';
	const show = (settings.get('show') ?? '').split(',');
	return {
		...(lang === 'en' || lang === 'zh' ? { lang } : {}),
		...(theme === 'light' || theme === 'dark' ? { theme } : {}),
		...(/^\d{1,9}(?:\.\d+)?$/.test(t) ? { t: Number(t) } : {}),
		show: layers.filter((layer) => show.includes(layer)),
	};
}

function splitOnce(text: string, separator: string): readonly [string, string] {
	const at = text.indexOf(separator);
	return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function decode(segment: string): string {
	try {
		return decodeURIComponent(segment);
	} catch {
		return segment;
	}
}
