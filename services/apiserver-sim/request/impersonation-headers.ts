/** The headers or metadata of a request that ask to run it as another user. */

/** The name is in lower case. A header that is sent twice is two of these. */
export type ImpersonationHeader = readonly [name: string, value: string];

const names = new Set(['impersonate-user', 'impersonate-uid', 'impersonate-group']);

/**
 * Those that count upstream; a header of another name that begins with `Impersonate-` has no effect.
 *
 * @param headers  names and values in turn, each header as it was sent
 */
export function impersonationHeaders(headers: readonly string[]): readonly ImpersonationHeader[] {
	const found: ImpersonationHeader[] = [];
	for (let at = 0; at < headers.length; at += 2) {
		const [name = '', value = ''] = [headers[at], headers[at + 1]];
		if (name.length < SHORTEST || !/^impersonate-/i.test(name)) continue;
		const lower = name.toLowerCase();
		if (!names.has(lower) && !lower.startsWith('impersonate-extra-')) continue;
		found.push([lower, value]);
	}
	return found;
}
const SHORTEST = 'impersonate-uid'.length;
