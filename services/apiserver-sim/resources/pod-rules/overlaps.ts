/**
 * Which paths of files are at the place of another one, above it or below it. A pod can have thousands of long paths,
 * so they are sorted and not compared with each other: those below a path follow it.
 */

/** A path is at its place in the sorted list, and those below it follow until `end`. */
interface Place {
	readonly index: number;
	readonly folder: string;
	readonly above: Place | undefined;
	readonly at: number;
	end: number;
}

/**
 * @param paths  without a slash at the end
 * @returns the pairs in the order of the later path, then of the earlier one; an empty path overlaps none
 */
export function* overlapsOf(paths: readonly string[]): Generator<readonly [later: number, earlier: number]> {
	const places = placesOf(paths);
	const byIndex = places.toSorted((a, b) => a.index - b.index);
	for (const place of byIndex) {
		const earlier: number[] = [];
		for (let above = place.above; above !== undefined; above = above.above)
			if (above.index < place.index) earlier.push(above.index);
		for (let at = place.at + 1; at < place.end; at++) {
			const { index } = places[at] as Place;
			if (index < place.index) earlier.push(index);
		}
		for (const index of earlier.toSorted((a, b) => a - b)) yield [place.index, index];
	}
}

function placesOf(paths: readonly string[]): readonly Place[] {
	const folders = paths.map((path, index) => ({ index, folder: `${path}/` }));
	const sorted = folders.filter(({ folder }) => folder !== '/').toSorted(byFolder);
	const places: Place[] = [];
	let above: Place | undefined;
	for (const [at, { index, folder }] of sorted.entries()) {
		while (above !== undefined && !folder.startsWith(above.folder)) {
			above.end = at;
			above = above.above;
		}
		above = { index, folder, above, at, end: sorted.length };
		places.push(above);
	}
	return places;
}

/** Equal ones stay in their order. */
const byFolder = (a: { readonly folder: string }, b: { readonly folder: string }): number =>
	a.folder < b.folder ? -1 : a.folder > b.folder ? 1 : 0;
