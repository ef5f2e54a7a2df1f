/** Leaf certificates with their keys: creating one, and checking an existing one. */
import type { X509Certificate } from 'node:crypto';
import { rfc3339 } from '../../lib/clock.ts';
import { causeText } from '../../lib/errors.ts';
import { buildCertificate, parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { chainProblem } from '../../lib/pki/chain.ts';
import { generateKeyPair, readPrivateKey, spkiOf, writePrivateKey } from '../../lib/pki/keys.ts';
import { hostNames, type SubjectAltNames, subjectText } from '../../lib/pki/names.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import { type Authority, backdateMs } from './authority.ts';
import { type LeafPlan, leafUsages } from './plan.ts';

export interface Identity {
	readonly certificate: Pem;
	readonly key: Pem;
}

const dayMs = 24 * 60 * 60 * 1000;
const lifeMs = 365 * dayMs;

/** A P-256 key and a certificate of one year, or as long as the CA has left. */
export async function issueLeaf(
	plan: Pick<LeafPlan, 'subject' | 'purpose' | 'hosts'>,
	{ issuer }: Authority,
	now: number,
): Promise<Identity> {
	const { publicKey, privateKey } = await generateKeyPair('ECDSA-P256');
	const certificate = buildCertificate(
		{
			subject: plan.subject,
			spki: spkiOf(publicKey),
			notBefore: Math.max(now - backdateMs, issuer.notBefore),
			notAfter: Math.min(now + lifeMs, issuer.notAfter),
			usages: leafUsages(plan.purpose),
			names: hostNames(plan.hosts),
		},
		issuer,
	);
	return { certificate, key: writePrivateKey(privateKey) };
}

/** Why clients would refuse a certificate that this CA has just signed, for example by its name constraints. */
export function refusalOf(
	{ purpose }: Pick<LeafPlan, 'purpose'>,
	{ issuer }: Authority,
	{ certificate }: Identity,
	now: number,
): string | undefined {
	return chainProblem(parseCertificates(certificate)[0], { anchors: [issuer.certificate], now, purpose });
}

/** Why an existing identity must be replaced; undefined when it is valid. */
export function leafProblem(
	plan: Pick<LeafPlan, 'subject' | 'purpose' | 'hosts'>,
	{ issuer }: Authority,
	identity: Partial<Identity>,
	now: number,
): string | undefined {
	if (identity.certificate === undefined) return 'the certificate was missing';
	if (identity.key === undefined) return 'the key was missing';
	try {
		const [certificate] = parseCertificates(identity.certificate);
		if (!certificate.checkPrivateKey(readPrivateKey(identity.key))) return 'its key belonged to another certificate';
		return (
			chainProblem(certificate, { anchors: [issuer.certificate], now, purpose: plan.purpose }) ??
			contentsProblem(plan, certificate) ??
			lifeProblem(certificate, now)
		);
	} catch (error) {
		return causeText(error);
	}
}

function contentsProblem(plan: Pick<LeafPlan, 'subject' | 'hosts'>, certificate: X509Certificate): string | undefined {
	const { subject, names } = readCertificate(certificate);
	if (subjectText(subject) !== subjectText(plan.subject)) return `it named ${subjectText(subject)}`;
	return namesText(names) === namesText(hostNames(plan.hosts)) ? undefined : `it was for ${namesText(names)}`;
}

const namesText = (names: SubjectAltNames): string => Object.values(names).flat().sort().join(', ') || 'no host';

/** Kept while more than 30 days or 30 % of its life are left. */
function lifeProblem(certificate: X509Certificate, now: number): string | undefined {
	const { notBefore, notAfter } = readCertificate(certificate);
	const left = notAfter - now;
	return left > 30 * dayMs || left > 0.3 * (notAfter - notBefore)
		? undefined
		: `it would have expired at ${rfc3339(notAfter)}`;
}
