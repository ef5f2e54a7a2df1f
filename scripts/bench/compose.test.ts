import assert from 'node:assert/strict';
import { readMemoryMb } from './compose.ts';

describe('the memory of containers', () => {
	it('is the sum of the lines of docker stats, in MiB', () => {
		assert.equal(readMemoryMb('45.5MiB / 256MiB\n1.5GiB / 2GiB\n512KiB / 256MiB\n'), 45.5 + 1536 + 0.5);
	});
	it('is not known from another text', () => {
		assert.throws(() => readMemoryMb('-- / --'), /docker stats printed "-- \/ --"/);
	});
});
