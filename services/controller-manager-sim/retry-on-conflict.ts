/** Acting on an object of a cache, which may be old. */
import { hasCode } from '../../lib/errors.ts';

/**
 * Acts on an object; if it is outdated, reads it and acts once more. A deleted object needs no action.
 *
 * @param read  returns the current object
 * @throws the error of `act`; API_CONFLICT if it changed again meanwhile
 */
export async function retryOnConflict<T>(
	cached: T,
	read: () => Promise<T>,
	act: (object: T) => Promise<void>,
): Promise<void> {
	try {
		await act(cached).catch(async (error: unknown) => {
			if (!hasCode(error, 'API_CONFLICT')) throw error;
			await act(await read());
		});
	} catch (error) {
		if (!hasCode(error, 'API_NOT_FOUND')) throw error;
	}
}
