/**
 * Events about the decisions on certificate requests, for `kubectl get events` and `kubectl describe csr`. They are
 * sent after the decision is stored, and delay nothing.
 *
 * @differs upstream's controllers record no event about a request, only its conditions
 */
import type { RecordEvent } from '../../lib/kube/event-recorder.ts';
import type { CertificateSigningRequest } from '../../lib/kube/types.ts';
import type { Decision } from './csr-conditions.ts';

/** @param message  that of the condition */
export type RecordDecision = (csr: CertificateSigningRequest, decision: Decision, message: string) => void;

const reasons: Readonly<Record<Decision, string>> = {
	Approved: 'CSRApproved',
	Denied: 'CSRDenied',
	Failed: 'CSRFailed',
};

export const createDecisionRecorder =
	(recordEvent: RecordEvent): RecordDecision =>
	({ metadata: { name = '', uid = '' } }, decision, message) =>
		recordEvent(
			{ kind: 'CertificateSigningRequest', apiVersion: 'certificates.k8s.io/v1', name, uid },
			decision === 'Approved' ? 'Normal' : 'Warning',
			reasons[decision],
			message,
		);
