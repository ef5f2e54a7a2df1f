/** Identifies the program that sends traces by its key. Compares in constant time; keys are never logged. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { KubejoinError } from '../../lib/errors.ts';
import { deriveTracesKey, type TracedProgram, tracedPrograms } from '../../lib/traces-key.ts';

/** @param authorization  the header @throws TRACES_UNAUTHENTICATED */
export type Authenticate = (authorization: string | undefined) => TracedProgram;

/** @param rootKey  the contents of the observer's traces-key */
export function createAuthenticate(rootKey: string): Authenticate {
	const known = tracedPrograms.map((program) => ({ program, digest: digestOf(deriveTracesKey(rootKey, program)) }));
	return (authorization) => {
		const key = /^Bearer +([A-Za-z0-9_-]+)$/i.exec(authorization ?? '')?.[1];
		if (key === undefined)
			throw new KubejoinError('TRACES_UNAUTHENTICATED', {
				problem: 'the request has no key (Authorization: Bearer KEY)',
			});
		const presented = digestOf(key);
		const matches = known.filter(({ digest }) => timingSafeEqual(digest, presented));
		if (matches[0] === undefined)
			throw new KubejoinError('TRACES_UNAUTHENTICATED', { problem: 'the key is none of this mesh' });
		return matches[0].program;
	};
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
