/** A clock that is wrong for one process alone: libfaketime, from the Debian package `faketime`. Every TLS stack in that process sees the same wrong time. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';

/** Where the image has it, whatever its architecture; then where Debian has it. */
const IN_THE_IMAGE = '/usr/local/lib/libfaketime.so.1';
const DEBIAN = '/usr/lib';

/**
 * The variables that shift the clock of a program.
 *
 * @param offset  `+600s`, `-240s`, `+1y`
 * @throws FAULT_UNAVAILABLE  there is no libfaketime on this machine
 */
export function shiftedClock(offset: string): Readonly<Record<string, string>> {
	const library = findLibrary();
	if (library === undefined)
		throw new KubejoinError('FAULT_UNAVAILABLE', { fault: 'a shifted clock', needs: 'libfaketime', install: 'apt-get install faketime' });
	// Timers and durations are measured with the monotonic clock, which stays right: only the date is wrong.
	return { LD_PRELOAD: library, FAKETIME: offset, DONT_FAKE_MONOTONIC: '1' };
}

function findLibrary(): string | undefined {
	const installed = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((name) => join(DEBIAN, name, 'faketime/libfaketime.so.1')) : [];
	return [IN_THE_IMAGE, ...installed].find((path) => existsSync(path));
}
