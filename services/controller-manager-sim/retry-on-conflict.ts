/** Acting on an object of a cache, which may be old. */
import { hasCode } from '../../lib/errors.ts';

/**
 * Act on an object; if it turns out to be old, read it and act once more. Nothing is to be done about an object that is gone.
 *
 * @param read  the object as it is now
 * @throws what `act` throws; API_CONFLICT when it changed again meanwhile
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
