/**
 * The documents with which other programs verify service-account tokens.
 * @source pkg/routes/openidmetadata.go
 */
import { keySetJson, openIdConfigurationJson, type ServiceAccountKey } from '../authenticate/service-account-key.ts';

/** A document that never changes while the server runs. */
export interface StaticDocument {
	readonly contentType: string;
	readonly body: string;
}

const KEY_SET_PATH = '/openid/v1/jwks';
/** Upstream's headers for both. */
export const documentHeaders = ({ contentType }: StaticDocument): Readonly<Record<string, string>> => ({
	'Content-Type': contentType,
	'Cache-Control': 'public, max-age=3600',
});

/**
 * By path.
 *
 * @param endpoint  HOST:PORT at which clients reach this server
 */
export async function openIdDocuments(
	issuer: string,
	endpoint: string,
	key: ServiceAccountKey,
): Promise<ReadonlyMap<string, StaticDocument>> {
	const body = openIdConfigurationJson(issuer, `https://${endpoint}${KEY_SET_PATH}`);
	const all: [string, StaticDocument][] = [
		['/.well-known/openid-configuration', { contentType: 'application/json', body }],
		[KEY_SET_PATH, { contentType: 'application/jwk-set+json', body: await keySetJson(key) }],
	];
	return new Map(all.flatMap(([path, document]) => [path, `${path}/`].map((same) => [same, document] as const)));
}
