/** Chromium ends requests that wait for a connection when a network interface appears, as Docker's do. */
const DELAY_MS = 1_000;

/** For what can be asked twice. @throws the second error */
export const again = <T>(attempt: () => Promise<T>): Promise<T> =>
	attempt().catch(() => new Promise((resolve) => setTimeout(resolve, DELAY_MS)).then(attempt));
