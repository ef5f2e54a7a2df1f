/**
 * Signing with the cluster CA key. It enforces every rule of a signer for every caller and every approver, and signs
 * one request once, also if it is sent repeatedly. It must never sign a CA certificate.
 */
import { hash } from 'node:crypto';
import { type Clock, rfc3339 } from '../../lib/clock.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { isKnownSigner, signerViolation } from '../../lib/kube/signer-rules.ts';
import { type Issuer, issueCertificate } from '../../lib/pki/certificate.ts';
import { parseCsr, type VerifiedCsr } from '../../lib/pki/csr.ts';
import { subjectText } from '../../lib/pki/names.ts';
import { isUsage } from '../../lib/pki/usages.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';

export interface SigningRequest {
	/** UID of the CertificateSigningRequest. */
	readonly requestId: string;
	readonly csrPem: string;
	readonly signerName: string;
	readonly usages: readonly string[];
	/** Default: as long as the signer signs for. */
	readonly expirationSeconds?: number;
}

export interface SignerOptions {
	/** The cluster CA with its key, from `createIssuer`. */
	readonly issuer: Issuer;
	readonly clock: Clock;
	readonly ledger: Pick<Ledger, 'find' | 'append'>;
	/** As kube-controller-manager's --cluster-signing-duration; default one year. */
	readonly maxDurationSeconds?: number;
}

const minute = 60;
const maxBackdateSeconds = 5 * minute;
/** Of a lifetime for the lab, at most this is added before now. */
const labBackdateShare = 0.1;
export const MIN_DURATION_SECONDS = 10 * minute;
export const MIN_LAB_DURATION_SECONDS = 5;
/** Shorter than upstream signs for. */
export const isLabLifetime = (durationSeconds: number): boolean => durationSeconds < MIN_DURATION_SECONDS;
const shortSeconds = 8 * 60 * minute;
const yearSeconds = 365 * 24 * 60 * minute;

/**
 * The signing of this CA.
 *
 * @returns a function that signs a request, or gives the certificate that it signed for it before, as the ledger has it
 * @throws SIGNER_UNKNOWN, CSR_MALFORMED, CSR_SIGNATURE_INVALID
 * @throws SIGNER_VALIDATION_FAILURE  with upstream's text
 * @throws SIGNER_EXPIRED
 * @throws SIGNING_CONFLICT  the requestId was used for something else
 * @throws FILE_UNUSABLE  the ledger could not take the entry; nothing was signed then, as far as anyone can see
 * @source  pkg/controller/certificates/signer and authority PermissiveSigningPolicy
 * @differs only common name and organizations of the subject are copied, because Kubernetes reads nothing else;
 *   upstream's controller signs again if it could not write to the API
 */
export function createSigner(options: SignerOptions): (request: SigningRequest) => Promise<LedgerEntry> {
	const underWay = new Map<string, { readonly digest: string; readonly entry: Promise<LedgerEntry> }>();

	return async (request) => {
		const { requestId } = request;
		const digest = digestOf(request);
		const same = underWay.get(requestId);
		if (same !== undefined && same.digest !== digest) throw conflict(request);
		if (same !== undefined) return same.entry;
		const entry = signOnce(options, request, digest).finally(() => underWay.delete(requestId));
		underWay.set(requestId, { digest, entry });
		return entry;
	};
}

async function signOnce(
	{ ledger, issuer, clock, maxDurationSeconds = yearSeconds }: SignerOptions,
	request: SigningRequest,
	digest: string,
): Promise<LedgerEntry> {
	const signed = await ledger.find(request.requestId);
	if (signed !== undefined && signed.requestDigest !== digest) throw conflict(request);
	if (signed !== undefined) return signed;
	const csr = acceptedRequest(request);
	const now = Math.floor(clock() / 1000) * 1000;
	const validity = validityOf(now, issuer.notAfter, durationOf(request.expirationSeconds, maxDurationSeconds));
	const { subject, spki, names } = csr;
	const usages = request.usages.filter(isUsage);
	const { pem, serial, fingerprint } = await issueCertificate({ subject, spki, names, usages, ...validity }, issuer);
	const entry: LedgerEntry = {
		time: rfc3339(now),
		requestId: request.requestId,
		signerName: request.signerName,
		subject: subjectText(subject),
		serial,
		notBefore: rfc3339(validity.notBefore),
		notAfter: rfc3339(validity.notAfter),
		fingerprint,
		requestDigest: digest,
		certificate: pem,
	};
	await ledger.append(entry);
	return entry;
}

function acceptedRequest({ csrPem, signerName, usages }: SigningRequest): VerifiedCsr {
	if (!isKnownSigner(signerName)) throw new KubejoinError('SIGNER_UNKNOWN', { signerName });
	const csr = parseCsr(csrPem);
	const violation = signerViolation(signerName, csr, usages);
	if (violation !== undefined) throw new KubejoinError('SIGNER_VALIDATION_FAILURE', { signerName, violation });
	return csr;
}

/**
 * @differs if the signer is configured for less than ten minutes, which only a lab may be, a request can ask for five
 *   seconds
 */
function durationOf(askedSeconds: number | undefined, maxSeconds: number): number {
	const minSeconds = isLabLifetime(maxSeconds) ? MIN_LAB_DURATION_SECONDS : MIN_DURATION_SECONDS;
	return Math.min(maxSeconds, Math.max(askedSeconds ?? maxSeconds, minSeconds));
}

/**
 * Back-dated by five minutes, also at its end unless it is short; never longer than the CA. Milliseconds.
 *
 * @differs a certificate of less than ten minutes, which only a lab has, is back-dated by a tenth of its lifetime: with
 *   five minutes it would be due for renewal before it was signed
 */
function validityOf(now: number, caNotAfter: number, durationSeconds: number): { notBefore: number; notAfter: number } {
	if (now >= caNotAfter) throw new KubejoinError('SIGNER_EXPIRED', { notAfter: rfc3339(caNotAfter) });
	const backdateSeconds = isLabLifetime(durationSeconds)
		? Math.floor(durationSeconds * labBackdateShare)
		: maxBackdateSeconds;
	const lifeSeconds = durationSeconds < shortSeconds ? durationSeconds : durationSeconds - backdateSeconds;
	return {
		notBefore: now - backdateSeconds * 1000,
		notAfter: Math.min(now + Math.floor(lifeSeconds) * 1000, caNotAfter),
	};
}

/** Usages are a set: their order and repetitions say nothing. */
function digestOf({ csrPem, signerName, usages, expirationSeconds }: SigningRequest): string {
	const asked = JSON.stringify([csrPem, signerName, [...new Set(usages)].sort(), expirationSeconds ?? null]);
	return hash('sha256', asked, 'hex');
}

const conflict = ({ requestId }: SigningRequest): KubejoinError => new KubejoinError('SIGNING_CONFLICT', { requestId });
