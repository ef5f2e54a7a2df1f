/**
 * Reads the request of a CertificateSigningRequest once for each process, and not again at each check and each update:
 * its signature is the expensive part. Equal text has an equal result.
 */
import { LRUCache } from 'lru-cache';
import { parseCsr, type VerifiedCsr } from './csr.ts';

/**
 * @param request  of the spec: base64 of PEM
 * @throws CSR_MALFORMED, CSR_SIGNATURE_INVALID
 */
export type ReadCsr = (request: string) => VerifiedCsr;

/** Of the requests that are remembered. */
const MAX_CHARACTERS = 4 * 1024 * 1024;

/** @param parse  called once for each request that it accepts */
export function createCsrReader(parse: (pem: string) => VerifiedCsr = parseCsr): ReadCsr {
	const known = new LRUCache<string, VerifiedCsr>({
		maxSize: MAX_CHARACTERS,
		sizeCalculation: (_csr, request) => request.length,
	});
	return (request) => {
		const found = known.get(request);
		if (found !== undefined) return found;
		const csr = parse(Buffer.from(request, 'base64').toString());
		if (request !== '') known.set(request, csr);
		return csr;
	};
}
