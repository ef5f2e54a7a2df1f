/** A clock that is wrong for one process alone: libfaketime, from the Debian package `faketime`. Every TLS stack in that process sees the same wrong time. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';

/** Where infra/Dockerfile puts it, whatever the architecture of the image. */
export const IMAGE_LIBRARY = '/usr/local/lib/libfaketime.so.1';
/** Below it, in a directory for each architecture. The library for programs with threads. */
const DEBIAN = '/usr/lib';
const DEBIAN_LIBRARY = 'faketime/libfaketimeMT.so.1';

/** Timers and deadlines go by the monotonic clock; were it moved too, they would all be due at once. Only the date is wrong. */
export const clockVariables = (library: string, offset: string): Readonly<Record<string, string>> => ({
	LD_PRELOAD: library,
	FAKETIME: offset,
	DONT_FAKE_MONOTONIC: '1',
});

/**
 * The variables that shift the clock of a program.
 *
 * @param offset  `+600s`, `-240s`, `+1y`
 * @param places   where the library may be
 * @throws FAULT_UNAVAILABLE  there is no libfaketime on this machine
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
