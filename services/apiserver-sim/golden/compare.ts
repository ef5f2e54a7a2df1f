/** Differences between a recorded answer and another one, without the values that differ between two runs. */
import { isJsonObject, type JsonObject } from '../../../lib/json-object.ts';

/** The values of a path, cut to a length that a report can print. */
const MAX_SHOWN = 100;

const volatile: readonly (readonly [RegExp, string])[] = [
	[/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, 'TIME'],
	[/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, 'UID'],
	[/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'JWT'],
	[/\b10\.96\.\d+\.\d+/g, 'CLUSTER-IP'],
	[/(resourceVersion\\?":\\?")\d+/g, '$1VERSION'],
	[/X509SHA256=[0-9a-f]{64}/g, 'DIGEST'],
	[/uid-bootstrap-token-\w{6}/g, 'UID'],
	[/^kube-api-access-\w{5}$/g, 'GENERATED'],
	[/^csr-[bcdfghjklmnpqrstvwxz2456789]{5}$/g, 'GENERATED'],
	[/(\?hash=)[0-9A-F]{128}/g, '$1HASH'],
];
const generatedVolume = /^kube-api-access-\w{5}$/;
/** Fields that a server chooses, by the end of their path. */
const chosen = /\.(?:resourceVersion|continue|remainingItemCount|kid|n)$/;
/** Lists whose order depends on that of a map. */
const unordered = /Rules$/;

/** The name of an element of a list, which is its place in a path. */
function nameOf(element: unknown): string | undefined {
	if (!isJsonObject(element)) return undefined;
	const metadata = element.metadata ?? (element.object as JsonObject | undefined)?.metadata;
	if (isJsonObject(metadata) && typeof metadata.name === 'string' && metadata.name !== '') {
		return [metadata.namespace, metadata.name].filter(Boolean).join('/');
	}
	for (const field of ['subresource', 'name', 'resource', 'groupVersion', 'version', 'type', 'manager']) {
		const name = element[field];
		if (typeof name === 'string') return generatedVolume.test(name) ? 'kube-api-access' : name;
	}
	return undefined;
}

function normalized(value: unknown, path: string): unknown {
	if (chosen.test(path)) return value === '' || value === undefined ? value : 'CHOSEN';
	if (typeof value !== 'string') return value;
	return volatile.reduce((text, [pattern, word]) => text.replace(pattern, word), value);
}

const shown = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, MAX_SHOWN);

/** One line for each difference: its path, the wanted and the found value. */
export function differences(wanted: unknown, found: unknown, path = ''): string[] {
	if (Array.isArray(wanted) && Array.isArray(found)) return differentElements(wanted, found, path);
	if (isJsonObject(wanted) && isJsonObject(found)) {
		const names = new Set([...Object.keys(wanted), ...Object.keys(found)]);
		return [...names].flatMap((name) => {
			const at = `${path}.${name}`;
			if (!(name in found)) return [`${at}: missing ${shown(wanted[name])}`];
			if (!(name in wanted)) return [`${at}: extra ${shown(found[name])}`];
			return differences(wanted[name], found[name], at);
		});
	}
	const [one, other] = [normalized(wanted, path), normalized(found, path)];
	return one === other ? [] : [`${path}: wanted ${shown(one)}, found ${shown(other)}`];
}

function differentElements(wanted: readonly unknown[], found: readonly unknown[], path: string): string[] {
	if (unordered.test(path)) return differentByPlace(sorted(wanted), sorted(found), path);
	const names = wanted.map(nameOf);
	if (names.includes(undefined) || new Set(names).size < names.length) return differentByPlace(wanted, found, path);
	const foundNames = found.map(nameOf);
	const common = names.filter((name) => foundNames.includes(name));
	const order = foundNames.filter((name) => names.includes(name));
	return [
		...names.filter((name) => !foundNames.includes(name)).map((name) => `${path}[${name}]: missing`),
		...foundNames.filter((name) => !names.includes(name)).map((name) => `${path}[${name}]: extra`),
		...common.flatMap((name) =>
			differences(wanted[names.indexOf(name)], found[foundNames.indexOf(name)], `${path}[${name}]`),
		),
		...(common.join() === order.join() ? [] : [`${path}: other order`]),
	];
}

const sorted = (elements: readonly unknown[]) =>
	elements.toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));

function differentByPlace(wanted: readonly unknown[], found: readonly unknown[], path: string): string[] {
	const common = Math.min(wanted.length, found.length);
	return [
		...wanted.slice(0, common).flatMap((element, at) => differences(element, found[at], `${path}[${at}]`)),
		...(wanted.length === found.length ? [] : [`${path}: wanted ${wanted.length} elements, found ${found.length}`]),
	];
}
