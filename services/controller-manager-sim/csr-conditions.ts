/** The conditions of a CertificateSigningRequest: the decisions about it. */
import type { CertificateSigningRequest, CertificateSigningRequestCondition } from '../../lib/kube/types.ts';

export type Decision = 'Approved' | 'Denied' | 'Failed';

export const conditionOf = (
	{ status }: CertificateSigningRequest,
	type: Decision,
): CertificateSigningRequestCondition | undefined => status?.conditions?.find((condition) => condition.type === type);

export const isDecided = (csr: CertificateSigningRequest, ...types: Decision[]): boolean =>
	types.some((type) => conditionOf(csr, type) !== undefined);

export const isIssued = ({ status }: CertificateSigningRequest): boolean => (status?.certificate ?? '') !== '';

/** The same request with one more condition; its times are the server's to fill in. */
export const withCondition = (
	csr: CertificateSigningRequest,
	type: Decision,
	reason: string,
	message: string,
): CertificateSigningRequest => ({
	...csr,
	status: { ...csr.status, conditions: [...(csr.status?.conditions ?? []), { type, status: 'True', reason, message }] },
});
