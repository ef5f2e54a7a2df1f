/** Key pairs and their PEM forms. Keys stay KeyObjects once read: importing one costs more than using it. Key text is in no error. */
import { createPrivateKey, generateKeyPair as generate, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { KubejoinError } from '../errors.ts';
import { readPem } from './pem.ts';

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

/** PEM as the kubelet writes an EC key (SEC1) and kubeadm an RSA key (PKCS#1). */
export const writePrivateKey = (key: KeyObject): string =>
	key.export({ type: key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1', format: 'pem' }).toString();

/** PEM, `PUBLIC KEY`. */
export const writePublicKey = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** DER SubjectPublicKeyInfo. */
export const spkiOf = (publicKey: KeyObject): Buffer => publicKey.export({ type: 'spki', format: 'der' });

/**
 * Read one private key.
 *
 * @param pem  one block: EC PRIVATE KEY, RSA PRIVATE KEY or PRIVATE KEY
 * @throws KEY_MALFORMED  no such block, several, encrypted, or neither RSA nor EC
 */
export function readPrivateKey(pem: string): KeyObject {
	const blocks = readPem(pem);
	if (blocks?.length !== 1 || !/^(EC |RSA |)PRIVATE KEY$/.test(blocks[0]?.type ?? '')) {
		throw new KubejoinError('KEY_MALFORMED', { problem: 'it is not one PEM block of a private key' });
	}
	const key = importPrivateKey(pem);
	if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') {
		throw new KubejoinError('KEY_MALFORMED', { problem: `its type is ${key.asymmetricKeyType}, neither RSA nor EC` });
	}
	return key;
}

function importPrivateKey(pem: string): KeyObject {
	try {
		return createPrivateKey(pem);
	} catch {
		throw new KubejoinError('KEY_MALFORMED', { problem: 'the contents of the PEM block are not a key' });
	}
}
