/**
 * Shifts the clock of one process with libfaketime, from the Debian package `faketime`. All of that process uses
 * this clock.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';

/** infra/Dockerfile links it here, in images of all architectures. */
export const IMAGE_LIBRARY = '/usr/local/lib/libfaketime.so.1';
/** Debian has a directory for each architecture here. */
const DEBIAN = '/usr/lib';
const DEBIAN_LIBRARY = 'faketime/libfaketimeMT.so.1';

/** The monotonic clock is not shifted, because all timers and deadlines would expire at once. */
export const clockVariables = (library: string, offset: string): Readonly<Record<string, string>> => ({
	LD_PRELOAD: library,
	FAKETIME: offset,
	DONT_FAKE_MONOTONIC: '1',
});

/**
 * Environment variables that shift the clock of a program.
 *
 * @param offset  `+600s`, `-240s`, `+1y`
 * @param places   possible paths of the library
 * @throws FAULT_UNAVAILABLE  libfaketime is not installed
 */
export function shiftedClock(offset: string, places = libraryPlaces()): Readonly<Record<string, string>> {
	const library = places.find((path) => existsSync(path));
	if (library === undefined)
		throw new KubejoinError('FAULT_UNAVAILABLE', {
			fault: 'a shifted clock',
			needs: 'libfaketime',
			install: 'apt-get install faketime',
		});
	return clockVariables(library, offset);
}

function libraryPlaces(): readonly string[] {
	const installed = existsSync(DEBIAN) ? readdirSync(DEBIAN).map((name) => join(DEBIAN, name, DEBIAN_LIBRARY)) : [];
	return [IMAGE_LIBRARY, ...installed];
}
