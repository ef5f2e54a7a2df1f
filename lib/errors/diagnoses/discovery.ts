/** Causes of failures during discovery: the token, the pin, and cluster-info. */
import { type Diagnosis, type DiagnosisTable, type DialCause, diagnoseDial, explainValidity, or } from './diagnosis.ts';
import { explainPin } from './pin.ts';
import { clientCertificate } from './rpc.ts';

type Reachable = { readonly endpoint: string; readonly problem: string };

const byEndpoint = (cause: DialCause): Diagnosis<Reachable> => ({
	mostLikely: ({ endpoint }) => diagnoseDial(endpoint)[cause].mostLikely(),
	alsoPossible: ({ endpoint }) => diagnoseDial(endpoint)[cause].alsoPossible(),
});

const unreachableCauses: Readonly<Record<string, Diagnosis<Reachable>>> = {
	refused: byEndpoint('refused'),
	timeout: byEndpoint('timeout'),
	'no-such-host': byEndpoint('no-such-host'),
	'not-tls': byEndpoint('not-tls'),
	'unknown-authority': {
		mostLikely: () =>
			'an attacker in the network replays cluster-info under its own certificate: cluster-info is public, but the ' +
			'attacker does not have the key of the cluster CA',
		...or('the API server still presents a certificate of the CA before the last rotation'),
		remedy: () =>
			'Do not join over this network until you know which server answers; the token is still valid, because the node ' +
			'did not send its secret',
	},
	'name-mismatch': {
		mostLikely: ({ endpoint }) =>
			`the certificate of the API server does not contain the name or address in ${endpoint}`,
		...or('the address belongs to another server of the same cluster'),
		remedy: () =>
			'Join with one of the names in the message above, or issue a certificate for the API server that ' +
			'contains this one',
	},
	'time-validity': {
		mostLikely: ({ problem }) => explainValidity(problem) ?? 'the clock of this machine is wrong',
		...or(
			'the clock of the machine that issued the certificate is wrong',
			'the certificate of the API server was not renewed in time',
		),
		remedy: () =>
			'Compare the clocks of this machine and of the control plane with date -u, correct the wrong one, and join again',
	},
	'key-usage': clientCertificate,
	unauthorized: {
		mostLikely: () =>
			'the API server refuses anonymous requests (--anonymous-auth=false), which discovery by token needs',
		remedy: () => 'Allow anonymous requests for cluster-info on the API server, or copy the CA certificate to the node',
	},
	'credential-refused': {
		mostLikely: () =>
			'the credential in the discovery file is invalid: a wrong, expired or deleted token, or a certificate that has ' +
			'expired or that another CA issued',
		remedy: () =>
			'Write a valid credential into the discovery file, or remove it there and add --tls-bootstrap-token with the ' +
			'output of: kubectl-sim token create',
	},
	forbidden: {
		mostLikely: () =>
			'the role binding that lets anonymous clients read cluster-info is missing: ' +
			'kubeadm:bootstrap-signer-clusterinfo in kube-public',
		remedy: () =>
			'Check it on the control plane, and create it again if it is missing: ' +
			'kubectl-sim get rolebinding kubeadm:bootstrap-signer-clusterinfo -n kube-public',
	},
	'not-found': {
		mostLikely: () => 'the cluster does not publish cluster-info, so it does not support joining by token',
		...or('the server is the API server of another program'),
	},
};

export const discoveryDiagnoses = {
	PIN_INVALID: { mostLikely: ({ problem }) => explainPin(problem) },
	TOKEN_MALFORMED: {
		mostLikely: () => 'the token was not copied completely',
		...or('it is only the ID of a token, or a token of another kind'),
	},
	CLUSTER_INFO_UNREACHABLE: {
		mostLikely: ({ endpoint }) => `the network has no route from this machine to ${endpoint}`,
		...or('the server there is not an API server'),
		causes: unreachableCauses,
	},
	CLUSTER_INFO_UNSIGNED: {
		mostLikely: ({ tokenId }) => `the token "${tokenId}" has expired or was deleted`,
		...or(
			'the token ID was mistyped, or the token belongs to another cluster',
			'the token was created without the usage signing',
			'controller-manager-sim, which signs cluster-info, is not running',
		),
	},
	CLUSTER_INFO_SIGNATURE_INVALID: {
		mostLikely: () => 'the secret of the token was mistyped; the cluster knows its ID',
		...or(
			'an attacker that does not know the secret signed the answer',
			'the token was deleted and created again with the same ID',
		),
	},
	CLUSTER_INFO_INVALID: {
		mostLikely: () => 'the cluster does not support joining by token, or the server is not its API server',
		...or('the ConfigMap cluster-info was edited'),
	},
	CLUSTER_INFO_CHANGED: {
		mostLikely: () => 'an attacker in the network sent one of the two answers',
		...or('the address or the CA of the cluster changed between the two reads'),
	},
	DISCOVERY_FILE_INVALID: {
		mostLikely: (f) =>
			f.remedy === undefined
				? 'the discovery file is not a kubeconfig with one cluster and its CA'
				: 'an entry of the discovery file is invalid; entries that the join does not use are checked too',
		...or('the URL belongs to another file, or its server has no certificate that this machine trusts'),
	},
	DISCOVERY_CREDENTIAL_MISSING: {
		mostLikely: () => 'the discovery file comes from cluster-info, which is public and has no credentials',
	},
	CA_HASH_MISMATCH: {
		mostLikely: () => 'the pin belongs to another cluster, or to this one before its CA was replaced',
		...or(
			'an attacker that knows the token answers with its own CA',
			'the pin is the hash of the whole certificate, not of its public key',
		),
	},
} satisfies DiagnosisTable;
