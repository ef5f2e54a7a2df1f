/**
 * Key pairs and their PEM forms. Keys stay KeyObjects once read: importing one costs more than using it. Key text is in
 * no error.
 */
import { createPrivateKey, generateKeyPair as generate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { KubejoinError } from '../errors.ts';
import { foundInstead, type PemBlock, readPem } from './pem.ts';

export type KeyAlgorithm = 'RSA-2048' | 'ECDSA-P256';
export const keyAlgorithms: readonly KeyAlgorithm[] = ['RSA-2048', 'ECDSA-P256'];

export interface KeyPair {
	readonly publicKey: KeyObject;
	readonly privateKey: KeyObject;
}

const generateAsync = promisify(generate);

/** A P-256 pair takes 0.1 ms, an RSA-2048 pair about 250 ms, off the main thread. */
export const generateKeyPair = (algorithm: KeyAlgorithm): Promise<KeyPair> =>
	algorithm === 'RSA-2048'
		? generateAsync('rsa', { modulusLength: 2048 })
		: generateAsync('ec', { namedCurve: 'P-256' });

/** PEM as the kubelet writes an EC key (SEC1) and kubeadm an RSA key (PKCS#1); any other as PKCS#8. */
export function writePrivateKey(key: KeyObject): string {
	const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : key.asymmetricKeyType === 'ec' ? 'sec1' : 'pkcs8';
	return key.export({ type, format: 'pem' } as const).toString();
}

/** PEM, `PUBLIC KEY`. */
export const writePublicKey = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** DER SubjectPublicKeyInfo. */
export const spkiOf = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' });

const keyTypes: Readonly<Record<string, 'sec1' | 'pkcs1' | 'pkcs8'>> = {
	'EC PRIVATE KEY': 'sec1',
	'RSA PRIVATE KEY': 'pkcs1',
	'PRIVATE KEY': 'pkcs8',
};

const namedTypes: Readonly<Record<string, string>> = { 'EC PRIVATE KEY': 'ec', 'RSA PRIVATE KEY': 'rsa' };

/**
 * Read a private key.
 *
 * @param pem  the first block of type EC PRIVATE KEY, RSA PRIVATE KEY or PRIVATE KEY counts; `EC PARAMETERS` and
 *   certificates beside it do not
 * @throws KEY_MALFORMED  no such block, one that cannot be read, encrypted, or neither RSA nor EC nor Ed25519
 * @source client-go util/keyutil ParsePrivateKeyPEM
 */
export function readPrivateKey(pem: string): KeyObject {
	const text = readPem(pem);
	const block = text.blocks.find(({ type }) => Object.hasOwn(keyTypes, type) || type === 'ENCRYPTED PRIVATE KEY');
	if (block === undefined) return refuse(`it has no PEM block of a private key: ${foundInstead(pem, text)}`);
	if (block.type === 'ENCRYPTED PRIVATE KEY' || block.headers.some((header) => /^Proc-Type:.*ENCRYPTED/.test(header)))
		return refuse('it is encrypted', 'Decrypt it: openssl pkey -in ENCRYPTED.key -out PLAIN.key');
	const key = importPrivateKey(block);
	const type = key.asymmetricKeyType ?? '';
	// OpenSSL 3.5, in Node 22 and 24, parses the contents of a block and ignores its type.
	if (type !== (namedTypes[block.type] ?? type))
		return refuse(`the contents of the PEM block ${block.type} are not a key of that type`);
	return ['rsa', 'ec', 'ed25519'].includes(type) ? key : refuse(`its type is ${type}, not RSA, EC or Ed25519`);
}

/** A key in PEM and nothing around it, for OpenSSL. @throws KEY_MALFORMED */
export const privateKeyPem = (pem: string): string =>
	readPrivateKey(pem).export({ type: 'pkcs8', format: 'pem' }).toString();

function importPrivateKey({ type, der }: PemBlock): KeyObject {
	try {
		return createPrivateKey({ key: der, format: 'der', type: keyTypes[type] });
	} catch {
		return refuse(`the contents of the PEM block ${type} are not a key`);
	}
}

function refuse(problem: string, remedy?: string): never {
	throw new KubejoinError('KEY_MALFORMED', { problem, remedy });
}
