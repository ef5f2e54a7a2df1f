/** The token in the Authorization header. @source apiserver/pkg/authentication/request/bearertoken */

/** The token; a header of another scheme, or one with two spaces, holds none and is passed over. */
export function bearerToken(authorization: string | undefined): string | undefined {
	const [scheme = '', token = ''] = authorization?.trim().split(' ') ?? [];
	return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}

/** Upstream warns its caller of this one. */
export const hasExtraSpace = (authorization: string | undefined): boolean =>
	/^bearer {2}/i.test(authorization?.trim() ?? '');
