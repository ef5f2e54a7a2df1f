/**
 * The key pair of service-account tokens: it signs them, verifies their signatures, and describes its public half.
 * @source pkg/serviceaccount/{jwt,openidmetadata}.go
 */
import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { CompactSign, compactVerify, errors, exportJWK } from 'jose';
import { readPrivateKey, spkiOf } from '../../../lib/pki/keys.ts';

const ALGORITHM = 'RS256';

export interface ServiceAccountKey {
	readonly privateKey: KeyObject;
	readonly publicKey: KeyObject;
	/** The SHA-256 of the public key in base64url, as upstream. */
	readonly id: string;
}

/** @param pem  an RSA private key. @throws KEY_MALFORMED, TypeError  the key is of another type */
export function readServiceAccountKey(pem: string): ServiceAccountKey {
	const privateKey = readPrivateKey(pem);
	if (privateKey.asymmetricKeyType !== 'rsa')
		throw new TypeError(`service-account tokens need an RSA key, not ${privateKey.asymmetricKeyType}`);
	const publicKey = createPublicKey(privateKey);
	return { privateKey, publicKey, id: createHash('sha256').update(spkiOf(publicKey)).digest('base64url') };
}

/** Claims with sorted keys -> compact JWS. */
export const signClaims = (claims: object, { privateKey, id }: ServiceAccountKey): Promise<string> =>
	new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
		.setProtectedHeader({ alg: ALGORITHM, kid: id })
		.sign(privateKey);

export type Verification =
	| { readonly state: 'verified'; readonly payload: Uint8Array }
	| { readonly state: 'refused'; readonly problem: string }
	/** Not the compact form of a signature. */
	| { readonly state: 'malformed' };

/** Upstream's texts. @source go-jose/v2 shared.go */
const cryptoFailure = 'go-jose/go-jose: error in cryptographic primitive';
const unsupportedAlgorithm = 'go-jose/go-jose: unknown/unsupported algorithm';

/** The header chooses neither the key nor the algorithm: a key id must be that of the key, an algorithm RS256. */
export async function verifySignature(token: string, key: ServiceAccountKey): Promise<Verification> {
	try {
		const { payload } = await compactVerify(
			token,
			({ kid }) => {
				if (kid === undefined || kid === '' || kid === key.id) return key.publicKey;
				throw typeof kid === 'string' ? new UnknownKey() : new errors.JWSInvalid();
			},
			{ algorithms: [ALGORITHM] },
		);
		return { state: 'verified', payload };
	} catch (error) {
		if (error instanceof UnknownKey) return { state: 'refused', problem: 'invalid signature, no keys found' };
		if (error instanceof errors.JWSSignatureVerificationFailed) return { state: 'refused', problem: cryptoFailure };
		if (error instanceof errors.JOSEAlgNotAllowed) return { state: 'refused', problem: unsupportedAlgorithm };
		return { state: 'malformed' };
	}
}

class UnknownKey extends Error {}

/** `{"keys":[…]}` with the members in upstream's order. */
export async function keySetJson({ publicKey, id }: ServiceAccountKey): Promise<string> {
	const { kty, n, e } = await exportJWK(publicKey);
	return JSON.stringify({ keys: [{ use: 'sig', kty, kid: id, alg: ALGORITHM, n, e }] });
}

export const openIdConfigurationJson = (issuer: string, keySetUrl: string): string =>
	JSON.stringify({
		issuer,
		jwks_uri: keySetUrl,
		response_types_supported: ['id_token'],
		subject_types_supported: ['public'],
		id_token_signing_alg_values_supported: [ALGORITHM],
	});
