/**
 * The attacker's certificates: its CA, which is the cluster's if the key was stolen, and the certificates that it
 * issues.
 */

import type { Clock } from '../../lib/clock.ts';
import {
	buildCaCertificate,
	buildCertificate,
	createIssuer,
	type Issuer,
	parseCertificates,
} from '../../lib/pki/certificate.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, readPrivateKey, spkiOf, writePrivateKey } from '../../lib/pki/keys.ts';
import { hostNames, type Subject } from '../../lib/pki/names.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import { isUsage, type Usage } from '../../lib/pki/usages.ts';

export interface Identity {
	readonly cert: Pem;
	readonly key: Pem;
}

const BACKDATE_MS = 5 * 60_000;
const LIFE_MS = 24 * 60 * 60_000;

/** Any program can create a CA with the name of the cluster's CA. */
export async function makeOwnCa(clock: Clock): Promise<Issuer> {
	const pair = await generateKeyPair('ECDSA-P256');
	const lifetime = { notBefore: clock() - BACKDATE_MS, notAfter: clock() + LIFE_MS };
	const ca = buildCaCertificate({ commonName: 'kubernetes', dnsNames: ['kubernetes'], ...lifetime }, pair);
	return createIssuer(parseCertificates(ca)[0], pair.privateKey);
}

/**
 * @param bundle  PEM; the certificate of the key is used
 * @throws CERTIFICATE_MALFORMED, KEY_MALFORMED  no certificate has this key
 */
export function stolenCa(bundle: string, keyPem: string): Issuer {
	const key = readPrivateKey(keyPem);
	const certificates = parseCertificates(bundle);
	return createIssuer(certificates.find((certificate) => certificate.checkPrivateKey(key)) ?? certificates[0], key);
}

export const pemOf = ({ certificate }: Issuer): string => `${certificate.toString().trimEnd()}\n`;

export async function issueIdentity(
	issuer: Issuer,
	{
		subject,
		purpose,
		hosts,
	}: { readonly subject: Subject; readonly purpose: 'client auth' | 'server auth'; readonly hosts: readonly string[] },
	clock: Clock,
): Promise<Identity> {
	const { publicKey, privateKey } = await generateKeyPair('ECDSA-P256');
	const usages: readonly Usage[] = ['digital signature', purpose];
	const cert = buildCertificate(
		{ subject, spki: spkiOf(publicKey), usages, names: hostNames(hosts), ...lifetimeOf(issuer, clock) },
		issuer,
	);
	return { cert, key: writePrivateKey(privateKey) };
}

/** Signs every request. @throws CSR_MALFORMED, CSR_SIGNATURE_INVALID */
export function signAnything(issuer: Issuer, csrPem: string, usages: readonly string[], clock: Clock): string {
	const { subject, spki, names } = parseCsr(csrPem);
	return buildCertificate(
		{ subject, spki, names, usages: usages.filter(isUsage), ...lifetimeOf(issuer, clock) },
		issuer,
	);
}

const lifetimeOf = ({ notBefore, notAfter }: Issuer, clock: Clock) => ({
	notBefore: Math.max(clock() - BACKDATE_MS, notBefore),
	notAfter: Math.min(clock() + LIFE_MS, notAfter),
});
