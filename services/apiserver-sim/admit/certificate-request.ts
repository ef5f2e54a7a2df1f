/** The PKCS#10 request in a CertificateSigningRequest, for the plug-ins that read its subject. */
import { KubejoinError } from '../../../lib/errors.ts';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import { parseCsr, type VerifiedCsr } from '../../../lib/pki/csr.ts';

/** Why it cannot be parsed, or the request. */
export function readCertificateRequest({
	spec,
}: CertificateSigningRequest): { readonly csr: VerifiedCsr } | { readonly problem: string } {
	try {
		return { csr: parseCsr(Buffer.from(spec?.request ?? '', 'base64').toString()) };
	} catch (error) {
		if (error instanceof KubejoinError) return { problem: String(error.details.problem ?? error.message) };
		throw error;
	}
}
