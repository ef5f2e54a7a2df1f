/** The headers or metadata of a request that ask to run it as another user. */

/** The name is in lower case. A header that is sent twice is two of these. */
export type ImpersonationHeader = readonly [name: string, value: string];

const names = new Set(['impersonate-user', 'impersonate-uid', 'impersonate-group']);

/** Those that count upstream; a header of another name that begins with `Impersonate-` has no effect. */
export const impersonationHeaders = (headers: Iterable<readonly [string, string]>): readonly ImpersonationHeader[] =>
	[...headers].flatMap(([name, value]) => {
		const lower = name.toLowerCase();
		return names.has(lower) || lower.startsWith('impersonate-extra-') ? [[lower, value] as const] : [];
	});
