/** Chromium ends requests that wait for a connection when a network interface appears, as Docker's do. */
const DELAYS_MS = [300, 2_000];

/** For what can be asked twice: tries again after each delay. @throws the last error */
export async function again<T>(attempt: () => Promise<T>): Promise<T> {
	for (const ms of DELAYS_MS) {
		try {
			return await attempt();
		} catch {
			await new Promise((resolve) => setTimeout(resolve, ms));
		}
	}
	return attempt();
}
