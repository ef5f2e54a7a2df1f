/** Causes of refusals by the API server. */
import { type DiagnosisTable, or } from './diagnosis.ts';

/** @param because  the text of a 403, which names the user */
function explainForbidden(because: string): string {
	if (because.includes('attempting to grant RBAC permissions'))
		return 'the caller tries to grant permissions that it does not hold itself';
	if (because.includes('"system:anonymous"'))
		return 'the client presented no credential, and an anonymous client can read only cluster-info';
	if (because.includes('"system:bootstrap:'))
		return 'a bootstrap token can do little more than request a certificate, with the groups of a joining node';
	if (/"system:node:|\bnode "|node CSR/.test(because))
		return 'a node can read and write only objects that belong to it';
	return 'no role that is bound to this user or its groups allows it';
}

export const apiDiagnoses = {
	API_UNAUTHORIZED: {
		mostLikely: (_details, phase) =>
			phase.startsWith('tls-bootstrap/')
				? 'the token lacks the usage authentication, or it expired or was deleted after cluster-info was read'
				: 'the credential is invalid: a wrong, expired or deleted token, or a certificate that has expired or that ' +
					'another CA issued',
	},
	AUTHENTICATOR_UNAVAILABLE: {
		mostLikely: () => 'token-store stopped or crashed, or the API server cannot reach it',
		...or('token-store cannot read its store'),
	},
	API_FORBIDDEN: { mostLikely: ({ because }) => explainForbidden(because) },
	API_PATH_FORBIDDEN: { mostLikely: ({ because }) => explainForbidden(because) },
} satisfies DiagnosisTable;
