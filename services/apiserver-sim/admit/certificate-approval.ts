/**
 * Only a user who may approve for the signer updates the approval of a CertificateSigningRequest. The stored request
 * counts, so that a changed signer name gains nothing.
 *
 * @source plugin/pkg/admission/certificates/approval
 */
import { resources } from '../../../lib/kube/resources.ts';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import { quoted } from '../authorize/go-text.ts';
import { type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';
import { mayUseSigner } from './signer-permission.ts';

export const certificateApproval = (authorizer: Authorizer): AdmissionPlugin => ({
	name: 'CertificateApproval',
	validate: when(
		(write) => isOf(write, resources.certificateSigningRequests),
		(attributes) => {
			const { operation, subresource, user } = attributes;
			if (operation !== 'UPDATE' || subresource !== 'approval') return;
			const { signerName } = (attributes.previous as CertificateSigningRequest).spec;
			if (mayUseSigner(user, 'approve', signerName, authorizer)) return;
			throw notAdmitted(attributes, `user not permitted to approve requests with signerName ${quoted(signerName)}`);
		},
	),
});
