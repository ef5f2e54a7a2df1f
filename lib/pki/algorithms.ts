/**
 * The signature algorithms that are accepted and used, and signing and verifying with them. All of it is node:crypto.
 */
import { createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { promisify } from 'node:util';
import {
	bitStringBytes,
	type DerNode,
	isOid,
	itemsOfSequence,
	nullValue,
	oid,
	oidText,
	sequence,
	writeDer,
} from './der.ts';
import { oids } from './oids.ts';

interface SignatureAlgorithm {
	readonly oid: string;
	readonly keyType: 'rsa' | 'ec' | 'ed25519';
	/** Null for Ed25519, which has its own digest. */
	readonly digest: string | null;
}

const algorithms: readonly SignatureAlgorithm[] = [
	{ oid: oids.rsaSha256, keyType: 'rsa', digest: 'sha256' },
	{ oid: '1.2.840.113549.1.1.12', keyType: 'rsa', digest: 'sha384' },
	{ oid: '1.2.840.113549.1.1.13', keyType: 'rsa', digest: 'sha512' },
	{ oid: oids.ecdsaSha256, keyType: 'ec', digest: 'sha256' },
	{ oid: '1.2.840.10045.4.3.3', keyType: 'ec', digest: 'sha384' },
	{ oid: '1.2.840.10045.4.3.4', keyType: 'ec', digest: 'sha512' },
	{ oid: '1.3.101.112', keyType: 'ed25519', digest: null },
];
const signOnThread: (digest: string, bytes: Buffer, key: KeyObject) => Promise<Buffer> = promisify(sign);
const rsaPss = '1.2.840.113549.1.1.10';

/**
 * True for the OID of an algorithm that a certificate may be signed with; SHA-1 and MD5 are none.
 *
 * @source crypto/x509 InsecureAlgorithmError
 */
export const isAcceptedSignature = (oid: string): boolean =>
	oid === rsaPss || algorithms.some((algorithm) => algorithm.oid === oid);

/** AlgorithmIdentifier with which `signWith` signs: SHA-256 under an RSA or an EC key. */
export const algorithmOf = (key: KeyObject): DerNode =>
	key.asymmetricKeyType === 'rsa' ? sequence(oid(oids.rsaSha256), nullValue()) : sequence(oid(oids.ecdsaSha256));

export const signWith = (key: KeyObject, bytes: Buffer): Buffer => sign('sha256', bytes, key);

/**
 * As `signWith`. libuv makes an RSA signature on a thread, so the event loop does not block for a millisecond. An EC
 * signature takes less time than the way to a thread and back.
 */
export const signInBackground = (key: KeyObject, bytes: Buffer): Promise<Buffer> =>
	key.asymmetricKeyType === 'rsa' ? signOnThread('sha256', bytes, key) : Promise.resolve(signWith(key, bytes));

const refusedAlgorithms: Readonly<Record<string, string>> = {
	'1.2.840.113549.1.1.4': 'MD5 with RSA',
	'1.2.840.113549.1.1.5': 'SHA-1 with RSA',
	[rsaPss]: 'RSA-PSS',
	'1.2.840.10045.4.1': 'SHA-1 with ECDSA',
};

/** @throws Error  the algorithm is not one of these (SHA-1 is none of them) or is not for this type of key */
export function verifyWith(key: KeyObject, algorithm: DerNode | undefined, bytes: Buffer, signature: Buffer): boolean {
	const name = oidText(itemsOfSequence(algorithm)[0]);
	const found = algorithms.find((candidate) => candidate.oid === name);
	if (found === undefined)
		throw new Error(
			`the signature algorithm ${refusedAlgorithms[name] ?? name} is not accepted; ` +
				'SHA-256, SHA-384 and SHA-512 with RSA or ECDSA, and Ed25519 are',
		);
	if (found.keyType !== key.asymmetricKeyType)
		throw new Error(`the signature algorithm ${name} is not for a key of type ${key.asymmetricKeyType}`);
	return verify(found.digest, bytes, key, signature);
}

/** The form and the coordinates of a point that is not compressed. */
const P256_POINT_BYTES = 65;

/**
 * The key of a SubjectPublicKeyInfo. A point on P-256 is imported by its coordinates: OpenSSL 3.0, in Node 20, takes
 * twice as long to find the decoder of its DER. Both refuse a point that is not on the curve.
 *
 * @throws Error  it is no key, or of a type that OpenSSL does not have
 */
export function importPublicKey(spki: DerNode): KeyObject {
	const [algorithm, key] = itemsOfSequence(spki);
	const [type, curve, ...more] = itemsOfSequence(algorithm);
	if (oidText(type) === oids.ecKey && isOid(curve) && oidText(curve) === oids.p256 && more.length === 0) {
		const point = bitStringBytes(key);
		if (point.length === P256_POINT_BYTES && point[0] === 0x04) {
			const [x, y] = [point.toString('base64url', 1, 33), point.toString('base64url', 33)];
			return createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' });
		}
	}
	return createPublicKey({ key: writeDer(spki), format: 'der', type: 'spki' });
}

const accepted = 'RSA of 2048 to 8192 bits, EC on P-256, P-384 or P-521, and Ed25519 are';
const curveOids: readonly string[] = [oids.p256, '1.3.132.0.34', '1.3.132.0.35'];

/**
 * Refuse a public key that is not RSA of 2048 to 8192 bits, EC on P-256, P-384 or P-521 with an uncompressed point, or
 * Ed25519.
 *
 * @param spki  the SubjectPublicKeyInfo of the key; OpenSSL does not distinguish explicit curve parameters from a name
 * @throws Error  with the found algorithm
 */
export function checkKey(key: KeyObject, spki: DerNode): void {
	const [algorithm, point] = itemsOfSequence(spki);
	if (key.asymmetricKeyType === 'ec') {
		const curve = oidText(itemsOfSequence(algorithm)[1]);
		if (!curveOids.includes(curve)) throw new Error(`a key on the curve ${curve} is not accepted; ${accepted}`);
		if (bitStringBytes(point)[0] !== 0x04) throw new Error('its EC point is compressed');
	} else if (key.asymmetricKeyType === 'rsa') {
		const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
		if (modulusLength < 2048 || modulusLength > 8192)
			throw new Error(`an RSA key of ${modulusLength} bits is not accepted; ${accepted}`);
		if (publicExponent < 3n || publicExponent > 0x7fff_ffffn || publicExponent % 2n === 0n)
			throw new Error('the RSA public exponent is not accepted');
	} else if (key.asymmetricKeyType !== 'ed25519')
		throw new Error(`a key of type ${key.asymmetricKeyType} is not accepted; ${accepted}`);
}
