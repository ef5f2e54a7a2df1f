/**
 * Whether a certificate and a private key can be used together, and a CA file at all, in Go's words: OpenSSL has one
 * text for many causes. Key text is in no problem.
 */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

export interface PemProblem {
	readonly problem: string;
	/** An imperative sentence without its subject: `decrypt the key with: …`. */
	readonly remedy: string;
}

/**
 * @param certificate  PEM; the first certificate must be that of the key
 * @param key          PEM
 * @source Go crypto/tls X509KeyPair
 */
export function keyPairProblem(certificate: string, key: string): PemProblem | undefined {
	const leaf = firstBlock(certificate, (type) => type === 'CERTIFICATE');
	if (leaf.pem === undefined) return certificateMissing(leaf.skipped);
	const found = firstBlock(key, (type) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY'));
	if (found.pem === undefined) return keyMissing(found.skipped);
	const publicKey = publicKeyOf(leaf.pem);
	if (publicKey === undefined)
		return { problem: 'x509: malformed certificate', remedy: 'replace the certificate: it is damaged' };
	const privateKey = importKey(found.pem);
	if (privateKey === undefined) return unreadableKey(found.pem);
	if (privateKey.asymmetricKeyType !== publicKey.asymmetricKeyType)
		return { problem: 'tls: private key type does not match public key type', remedy: otherKey };
	return createPublicKey(privateKey).equals(publicKey)
		? undefined
		: { problem: 'tls: private key does not match public key', remedy: otherKey };
}

/**
 * @param ca  PEM, one certificate or more
 * @source client-go transport rootCertPool; cert-manager's users see these texts
 */
export function caProblem(ca: string): PemProblem | undefined {
	const certificates = blocksOf(ca).filter(({ type }) => type === 'CERTIFICATE');
	if (certificates.length === 0)
		return {
			problem: 'unable to load root certificates: unable to parse bytes as PEM block',
			remedy: 'give the CA certificate as PEM: it begins with -----BEGIN CERTIFICATE-----',
		};
	return certificates.every(({ pem }) => publicKeyOf(pem) !== undefined)
		? undefined
		: {
				problem: 'unable to load root certificates: failed to parse certificate: x509: malformed certificate',
				remedy: 'replace the CA certificate: it is damaged',
			};
}

const otherKey = 'give the private key that the certificate was issued for; these two do not belong together';

interface Block {
	readonly type: string;
	readonly pem: string;
}
/**
 * Text between blocks is skipped, as in Go's pem.Decode. In linear time: an end line is searched for only up to the
 * next begin line.
 */
function blocksOf(text: string): Block[] {
	return text.split(/(?=^-----BEGIN )/m).flatMap((part) => {
		const type = /^-----BEGIN ([^\n-]*)-----/.exec(part)?.[1];
		const end = type === undefined ? -1 : part.indexOf(`-----END ${type}-----`);
		return type === undefined || end === -1 ? [] : [{ type, pem: `${part.slice(0, end)}-----END ${type}-----\n` }];
	});
}

function firstBlock(text: string, isWanted: (type: string) => boolean) {
	const blocks = blocksOf(text);
	return { pem: blocks.find(({ type }) => isWanted(type))?.pem, skipped: blocks.map(({ type }) => type) };
}

function certificateMissing(skipped: readonly string[]): PemProblem {
	const [only = '', ...more] = skipped;
	if (skipped.length === 0)
		return {
			problem: 'tls: failed to find any PEM data in certificate input',
			remedy: 'give the client certificate as PEM: it begins with -----BEGIN CERTIFICATE-----',
		};
	if (more.length === 0 && only.endsWith('PRIVATE KEY'))
		return {
			problem:
				'tls: failed to find certificate PEM data in certificate input, but did find a private key; ' +
				'PEM inputs may have been switched',
			remedy: 'exchange the client certificate and the client key',
		};
	return {
		problem:
			'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks ' +
			`of the following types: [${skipped.join(' ')}]`,
		remedy: 'give the client certificate',
	};
}

function keyMissing(skipped: readonly string[]): PemProblem {
	if (skipped.length === 0)
		return {
			problem: 'tls: failed to find any PEM data in key input',
			remedy: 'give the private key as PEM: it begins with -----BEGIN and ends with PRIVATE KEY-----',
		};
	if (skipped.length === 1 && skipped[0] === 'CERTIFICATE')
		return {
			problem: 'tls: found a certificate rather than a key in the PEM for the private key',
			remedy: 'give the private key in place of the certificate',
		};
	return {
		problem:
			'tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks ' +
			`of the following types: [${skipped.join(' ')}]`,
		remedy: 'give the private key',
	};
}

function unreadableKey(pem: string): PemProblem {
	const isEncrypted = /^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(pem);
	return {
		problem: 'tls: failed to parse private key',
		remedy: isEncrypted
			? 'decrypt the private key, which has a passphrase, with: openssl pkey -in KEY -out DECRYPTED'
			: 'replace the private key: it is damaged, or of a kind that is not RSA, EC or Ed25519',
	};
}

function publicKeyOf(pem: string): KeyObject | undefined {
	try {
		return new X509Certificate(pem).publicKey;
	} catch {
		return undefined;
	}
}

function importKey(pem: string): KeyObject | undefined {
	try {
		return createPrivateKey(pem);
	} catch {
		return undefined;
	}
}
