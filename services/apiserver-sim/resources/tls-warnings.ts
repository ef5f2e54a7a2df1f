/**
 * Whether the certificate and the key of a Secret of the type kubernetes.io/tls belong together.
 *
 * @source pkg/registry/core/secret/strategy.go warningsForSecret; Go's crypto/tls X509KeyPair
 * @differs the reason for which a certificate cannot be parsed is not stated
 */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { Secret } from '../../../lib/kube/types.ts';
import { readPem } from '../../../lib/pki/pem.ts';

const isKey = (type: string): boolean => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY');

export function tlsWarnings({ type, data = {} }: Secret): string[] {
	if (type !== 'kubernetes.io/tls') return [];
	const problem = pairProblem(textOf(data['tls.crt']), textOf(data['tls.key']));
	return problem === undefined ? [] : [`tls: ${problem}`];
}
const textOf = (base64: string | undefined): string => Buffer.from(base64 ?? '', 'base64').toString('latin1');

function pairProblem(certificates: string, key: string): string | undefined {
	const ofCertificate = readPem(certificates).blocks;
	const leaf = ofCertificate.find((block) => block.type === 'CERTIFICATE');
	if (leaf === undefined) {
		const types = ofCertificate.map((block) => block.type);
		if (types.length === 0) return 'failed to find any PEM data in certificate input';
		if (types.length === 1 && types.every(isKey))
			return (
				'failed to find certificate PEM data in certificate input, but did find a private key; ' +
				'PEM inputs may have been switched'
			);
		return `failed to find "CERTIFICATE" PEM block in certificate input after ${skipped(types)}`;
	}
	const ofKey = readPem(key).blocks;
	const found = ofKey.find((block) => isKey(block.type));
	if (found !== undefined) return mismatch(leaf.der, found);
	const types = ofKey.map((block) => block.type);
	if (types.length === 0) return 'failed to find any PEM data in key input';
	if (types.length === 1 && types[0] === 'CERTIFICATE')
		return 'found a certificate rather than a key in the PEM for the private key';
	return `failed to find PEM block with type ending in "PRIVATE KEY" in key input after ${skipped(types)}`;
}
const skipped = (types: readonly string[]): string =>
	`skipping PEM blocks of the following types: [${types.join(' ')}]`;

function mismatch(der: Buffer, { type, der: key }: { readonly type: string; readonly der: Buffer }) {
	const certificate = parsed(() => new X509Certificate(der));
	if (certificate === undefined) return 'failed to parse certificate';
	const forms = { 'RSA PRIVATE KEY': 'pkcs1', 'EC PRIVATE KEY': 'sec1' } as const;
	const form = Object.hasOwn(forms, type) ? forms[type as keyof typeof forms] : 'pkcs8';
	const privateKey: KeyObject | undefined = parsed(() => createPrivateKey({ key, format: 'der', type: form }));
	if (privateKey === undefined) return 'failed to parse private key';
	if (certificate.publicKey.asymmetricKeyType !== privateKey.asymmetricKeyType)
		return 'private key type does not match public key type';
	return certificate.checkPrivateKey(privateKey) ? undefined : 'private key does not match public key';
}

function parsed<T>(parse: () => T): T | undefined {
	try {
		return parse();
	} catch {
		return undefined;
	}
}
