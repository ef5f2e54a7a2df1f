/** The headers or metadata of a request that ask to run it as another user. */

/** The name is in lower case. A header that is sent twice is two of these. */
export type ImpersonationHeader = readonly [name: string, value: string];

const names = new Set(['impersonate-user', 'impersonate-uid', 'impersonate-group']);

/** Those that count upstream; a header of another name that begins with `Impersonate-` has no effect. */
export function impersonationHeaders(headers: Iterable<readonly [string, string]>): readonly ImpersonationHeader[] {
	const found: ImpersonationHeader[] = [];
	for (const [name, value] of headers) {
		if (!/^impersonate-/i.test(name)) continue;
		const lower = name.toLowerCase();
		if (names.has(lower) || lower.startsWith('impersonate-extra-')) found.push([lower, value]);
	}
	return found;
}
