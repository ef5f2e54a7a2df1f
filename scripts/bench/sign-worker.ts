/** Signs requests in its own process for `npm run bench`, as ca-service does, without its ledger and its callers. */
import { X509Certificate } from 'node:crypto';
import { systemClock } from '../../lib/clock.ts';
import { buildCaCertificate, createIssuer } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, type KeyAlgorithm } from '../../lib/pki/keys.ts';
import { createSigner } from '../../services/ca-service/sign.ts';
import { repeat } from './repeat.ts';

export interface SignQuestion {
	readonly algorithm: KeyAlgorithm;
	readonly certificates: number;
}
export type SignAnswer = { readonly cpuUs: number } | { readonly error: string };

const VALID_MS = 86_400_000;
const AT_ONCE = 16;

async function measure({ algorithm, certificates }: SignQuestion): Promise<number> {
	const now = systemClock();
	const caKeys = await generateKeyPair(algorithm);
	const validity = { notBefore: now - VALID_MS, notAfter: now + VALID_MS };
	const ca = buildCaCertificate({ commonName: 'kubernetes', dnsNames: ['kubernetes'], ...validity }, caKeys);
	const issuer = createIssuer(new X509Certificate(ca), caKeys.privateKey);
	const ledger = { find: async () => undefined, append: async () => undefined };
	const sign = createSigner({ issuer, clock: systemClock, ledger });
	const subject = { organizations: ['system:nodes'], commonName: 'system:node:bench' };
	const request = {
		csrPem: createCsr({ subject }, await generateKeyPair('ECDSA-P256')),
		signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
		usages: ['digital signature', 'client auth'],
	};
	const before = process.cpuUsage();
	await repeat(certificates, AT_ONCE, (index) => sign({ ...request, requestId: String(index) }));
	const { user, system } = process.cpuUsage(before);
	return (user + system) / certificates;
}

process.on('message', (question: SignQuestion) => {
	measure(question).then(
		(cpuUs) => process.send?.({ cpuUs } satisfies SignAnswer),
		(error: unknown) => process.send?.({ error: String(error) } satisfies SignAnswer),
	);
});
