/** The PKCS#10 request in a CertificateSigningRequest, for the plug-ins that read its subject. */
import { KubejoinError } from '../../../lib/errors.ts';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import type { VerifiedCsr } from '../../../lib/pki/csr.ts';
import type { ReadCsr } from '../../../lib/pki/csr-reader.ts';

/** Why it cannot be parsed, or the request. */
export function readCertificateRequest(
	{ spec }: CertificateSigningRequest,
	readCsr: ReadCsr,
): { readonly csr: VerifiedCsr } | { readonly problem: string } {
	try {
		return { csr: readCsr(spec?.request ?? '') };
	} catch (error) {
		if (error instanceof KubejoinError) return { problem: String(error.details.problem ?? error.message) };
		throw error;
	}
}
