/**
 * Builds a chain from a certificate to a trusted one, with Go's rules: every certificate of the pool is an anchor,
 * signed by any CA. Signatures are verified by node:crypto, everything else is read from the DER. The search is
 * bounded, because the certificates between come from a stranger.
 */

import type { X509Certificate } from 'node:crypto';
import { causeText } from '../errors.ts';
import { limits } from '../limits.ts';
import { isAcceptedSignature } from './algorithms.ts';
import { type CertificateParts, namesOf, partsOf } from './certificate.ts';
import { datesProblem, invalidNow } from './dates.ts';
import { booleanValue, integerBytes, isBoolean, itemsOfSequence, oidText, readDer } from './der.ts';
import { forbiddenName, readNameConstraints } from './name-constraints.ts';
import { oids } from './oids.ts';
import { extKeyUsageOid } from './usages.ts';

export interface ChainOptions {
	/** Certificates that the peer sent along; they are untrusted. */
	readonly intermediates?: readonly X509Certificate[];
	readonly anchors: readonly X509Certificate[];
	/** Milliseconds since the epoch. */
	readonly now: number;
	readonly purpose: 'client auth' | 'server auth';
}

/** As Go; every signature that is verified counts. */
const MAX_SIGNATURES = limits.chainSignatures.value;
const MAX_LENGTH = limits.chainLength.value;
const unknownAuthority = 'certificate signed by unknown authority';

/**
 * Why a certificate cannot be trusted for a purpose; undefined when it can.
 *
 * @source  crypto/x509 Certificate.Verify: buildChains, isValid, checkChainForKeyUsage; its texts without `x509: `
 * @differs OpenSSL compares key identifiers as well as names where a certificate names its issuer; Go compares names
 */
export function chainProblem(leaf: X509Certificate, options: ChainOptions): string | undefined {
	const { anchors } = options;
	const issuers = verifiedIssuers(leaf, options);
	let steps = 0;
	const search = (chain: readonly X509Certificate[]): string | undefined => {
		const [last] = chain.slice(-1);
		if (last === undefined || chain.length > MAX_LENGTH) return unknownAuthority;
		if (anchors.some(({ raw }) => raw.equals(last.raw))) return problemOfChain(chain, options);
		const problems: string[] = [];
		for (const issuer of issuers.get(last) ?? []) {
			if (chain.some(({ raw }) => raw.equals(issuer.raw)) || steps++ >= MAX_SIGNATURES) continue;
			const problem = search([...chain, issuer]);
			if (problem === undefined) return undefined;
			problems.push(problem);
		}
		return problems.find((problem) => problem !== unknownAuthority) ?? unknownAuthority;
	};
	return search([leaf]);
}

/**
 * Who has signed each certificate. The search begins with the anchors, so that no signature is verified with the key of
 * a stranger, which can be made to take 40 ms.
 */
function verifiedIssuers(
	leaf: X509Certificate,
	{ anchors, intermediates = [] }: ChainOptions,
): ReadonlyMap<X509Certificate, readonly X509Certificate[]> {
	const issuers = new Map<X509Certificate, X509Certificate[]>();
	const trusted = [...anchors];
	let signatures = 0;
	// It grows while it is read.
	for (const ca of trusted) {
		for (const one of [leaf, ...intermediates]) {
			const isSigned =
				!one.raw.equals(ca.raw) && one.checkIssued(ca) && signatures++ < MAX_SIGNATURES && one.verify(ca.publicKey);
			if (!isSigned) continue;
			const found = issuers.get(one);
			if (found !== undefined) found.push(ca);
			else {
				issuers.set(one, [ca]);
				trusted.push(one);
			}
		}
	}
	return issuers;
}

/** @param chain  the leaf first, an anchor last; each is signed by the next */
function problemOfChain(chain: readonly X509Certificate[], { now, purpose }: ChainOptions): string | undefined {
	try {
		const parts = chain.map(partsOf);
		for (const [i, certificate] of chain.entries()) {
			const problem =
				validityProblem(certificate, now) ??
				extensionProblem(parts[i]) ??
				(i === 0 ? undefined : caProblem(certificate));
			if (problem !== undefined) return problem;
		}
		return signatureProblem(parts) ?? limitProblem(parts) ?? usageProblem(parts, purpose);
	} catch (error) {
		return `malformed certificate: ${causeText(error)}`;
	}
}

function validityProblem({ validFrom, validTo }: X509Certificate, now: number): string | undefined {
	const problem = datesProblem(Date.parse(validFrom), Date.parse(validTo), now);
	return problem === undefined ? undefined : `${invalidNow}: ${problem}`;
}

const { basicConstraints, nameConstraints, extKeyUsage, keyUsage, subjectAltName } = oids;
const understood: readonly string[] = [basicConstraints, nameConstraints, extKeyUsage, keyUsage, subjectAltName];

function extensionProblem(parts: CertificateParts | undefined): string | undefined {
	for (const [oid, { isCritical, value }] of parts?.extensions ?? []) {
		const isRead = understood.includes(oid) && !(oid === nameConstraints && readNameConstraints(value).hasOthers);
		if (isCritical && !isRead) return 'unhandled critical extension';
	}
	return undefined;
}

/** `checkIssued` has seen that the key may sign certificates. */
const caProblem = ({ ca }: X509Certificate): string | undefined =>
	ca ? undefined : 'invalid signature: parent certificate cannot sign this kind of certificate';

/** The signature of an anchor says nothing. */
function signatureProblem(parts: readonly CertificateParts[]): string | undefined {
	const weak = parts.slice(0, -1).find(({ signatureAlgorithm }) => !isAcceptedSignature(signatureAlgorithm));
	return weak === undefined ? undefined : `cannot verify signature: insecure algorithm ${weak.signatureAlgorithm}`;
}

/** Lengths of paths and names, which each CA limits for the certificates below it. */
function limitProblem(parts: readonly CertificateParts[]): string | undefined {
	for (const [i, { extensions }] of parts.entries()) {
		if (i === 0) continue;
		const below = parts.slice(0, i);
		const limit = pathLength(extensions.get(basicConstraints)?.value);
		if (limit !== undefined && below.length - 1 > limit) return 'too many intermediates for path length constraint';
		const constraints = extensions.get(nameConstraints);
		if (constraints === undefined) continue;
		const names = readNameConstraints(constraints.value);
		for (const one of below) {
			const forbidden = forbiddenName(namesOf(one.extensions), names);
			if (forbidden !== undefined)
				return `a root or intermediate certificate is not authorized to sign for this name: ${forbidden}`;
		}
	}
	return undefined;
}

function pathLength(der: Buffer | undefined): number | undefined {
	const items = der === undefined ? [] : itemsOfSequence(readDer(der));
	const length = isBoolean(items[0]) && booleanValue(items[0]) ? items[1] : undefined;
	return length === undefined ? undefined : Number.parseInt(integerBytes(length).toString('hex'), 16);
}

/** A CA with extended key usages limits those of the certificates below it. */
function usageProblem(parts: readonly CertificateParts[], purpose: ChainOptions['purpose']): string | undefined {
	const isFor = ({ extensions }: CertificateParts): boolean => {
		const usages = extensions.get(extKeyUsage)?.value;
		if (usages === undefined) return true;
		const oids = itemsOfSequence(readDer(usages)).map(oidText);
		return oids.includes(extKeyUsageOid('any')) || oids.includes(extKeyUsageOid(purpose));
	};
	return parts.every(isFor) ? undefined : 'certificate specifies an incompatible key usage';
}
