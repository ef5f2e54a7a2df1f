/** Store URLs for messages, without credentials. */

/** The URL without user, password, query and fragment; works for malformed URLs too, since those end up in messages. */
export const redactUrl = (url: string): string =>
	url.startsWith('lmdb:')
		? url
		: url
				.replace(/\/\/.*@/s, '//')
				.replace(/[?#].*$/s, '')
				.replace(/\/$/, '');
