/** The order in which upstream writes the result of a JSON patch. @source gopkg.in/evanphx/json-patch.v4 lazyNode */
import { getOwn, isJsonObject } from '../../json-object.ts';

/** The names below a container through which operations go. */
type Paths = Map<string, Paths>;

function pathsOf(operations: unknown): Paths {
	const root: Paths = new Map();
	for (const operation of Array.isArray(operations) ? operations : [])
		for (const field of ['path', 'from']) {
			const pointer = isJsonObject(operation) ? getOwn(operation, field) : undefined;
			if (typeof pointer !== 'string') continue;
			let at = root;
			for (const name of pointer.split('/').slice(1, -1)) {
				const key = name.replaceAll('~1', '/').replaceAll('~0', '~');
				const next: Paths = at.get(key) ?? new Map();
				at.set(key, next);
				at = next;
			}
		}
	return root;
}

/** The document in which the fields of each object that an operation went through are sorted by name. */
export const sortedAlong = (document: unknown, operations: unknown): unknown => sortedAt(document, pathsOf(operations));

function sortedAt(value: unknown, paths: Paths): unknown {
	const below = (name: string, one: unknown): unknown => {
		const further = paths.get(name);
		return further === undefined ? one : sortedAt(one, further);
	};
	if (Array.isArray(value)) return value.map((one, index) => below(String(index), one));
	if (!isJsonObject(value)) return value;
	const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
	return Object.fromEntries(entries.map(([name, one]) => [name, below(name, one)]));
}
