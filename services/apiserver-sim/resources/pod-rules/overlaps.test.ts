import assert from 'node:assert/strict';
import fc from 'fast-check';
import { overlapsOf } from './overlaps.ts';

/** Each path with each earlier one. @source pkg/api/pod/warnings.go checkForOverlap */
function compared(paths: readonly string[]): (readonly [number, number])[] {
	const folders = paths.map((path) => `${path}/`);
	return folders.flatMap((folder, later) =>
		folders.slice(0, later).flatMap((other, earlier) => {
			const isOver = folder.startsWith(other) || other.startsWith(folder);
			return isOver && folder !== '/' && other !== '/' ? [[later, earlier] as const] : [];
		}),
	);
}

describe('the overlaps of paths', () => {
	it('are those of a comparison of each path with each earlier one', () => {
		const part = fc.constantFrom('a', 'ab', 'b', '.', '', '-');
		const path = fc.array(part, { maxLength: 4 }).map((parts) => parts.join('/').replace(/\/+$/, ''));
		fc.assert(
			fc.property(fc.array(path, { maxLength: 12 }), (paths) =>
				assert.deepEqual([...overlapsOf(paths)], compared(paths)),
			),
			{ numRuns: 2_000 },
		);
	});
});
