/**
 * Only a user who may sign for the signer writes the certificate or the conditions of a CertificateSigningRequest. The
 * signer name of the stored request counts.
 *
 * @source plugin/pkg/admission/certificates/signing
 */
import { isDeepStrictEqual } from 'node:util';
import { resources } from '../../../lib/kube/resources.ts';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import { quoted } from '../authorize/go-text.ts';
import { type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';
import { mayUseSigner } from './signer-permission.ts';

export const certificateSigning = (authorizer: Authorizer): AdmissionPlugin => ({
	name: 'CertificateSigning',
	validate: when(
		(write) => isOf(write, resources.certificateSigningRequests),
		(attributes) => {
			const { operation, subresource, user } = attributes;
			if (operation !== 'UPDATE' || subresource !== 'status') return;
			const previous = attributes.previous as CertificateSigningRequest;
			const next = attributes.object as CertificateSigningRequest;
			const signed = (csr: CertificateSigningRequest) => [csr.status?.certificate ?? '', csr.status?.conditions ?? []];
			if (isDeepStrictEqual(signed(previous), signed(next))) return;
			const { signerName } = previous.spec;
			if (mayUseSigner(user, 'sign', signerName, authorizer)) return;
			throw notAdmitted(attributes, `user not permitted to sign requests with signerName ${quoted(signerName)}`);
		},
	),
});
