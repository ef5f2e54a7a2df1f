/**
 * No client certificate for system:masters, whose members pass every check of RBAC.
 *
 * @source plugin/pkg/admission/certificates/subjectrestriction
 */
import { resources } from '../../../lib/kube/resources.ts';
import { type CertificateSigningRequest, wellKnown } from '../../../lib/kube/types.ts';
import type { ReadCsr } from '../../../lib/pki/csr-reader.ts';
import { type AdmissionPlugin, isOf, notAdmitted } from './admission.ts';
import { readCertificateRequest } from './certificate-request.ts';

export const certificateSubjectRestriction = (readCsr: ReadCsr): AdmissionPlugin => ({
	name: 'CertificateSubjectRestriction',
	validate(attributes) {
		const { operation, subresource } = attributes;
		if (operation !== 'CREATE' || subresource !== '') return;
		if (!isOf(attributes, resources.certificateSigningRequests)) return;
		const csr = attributes.object as CertificateSigningRequest;
		const { signerName } = csr.spec;
		if (signerName !== wellKnown.signers.client) return;
		const { masters } = wellKnown.groups;
		const read = readCertificateRequest(csr, readCsr);
		if ('problem' in read) throw notAdmitted(attributes, `failed to parse CSR: ${read.problem}`);
		if (!read.csr.subject.organizations.includes(masters)) return;
		throw notAdmitted(attributes, `use of ${signerName} signer with ${masters} group is not allowed`);
	},
});
