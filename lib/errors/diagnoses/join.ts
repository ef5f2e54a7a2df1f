/** Causes of failures of the join after discovery, and of the node that runs afterwards. */
import { type DiagnosisTable, explainValidity, or } from './diagnosis.ts';
import { explainPin } from './pin.ts';

const explainArgument = (problem: string): string | undefined =>
	problem.includes('invalid discovery token CA certificate hash') ? explainPin(problem) : undefined;

function explainPreflight(problems: readonly string[]): string | undefined {
	const has = (name: string) => problems.some((problem) => problem.startsWith(name));
	if (has('FileAvailable')) return 'this machine, or this --root, already joined a cluster';
	if (has('Clock')) return 'the clock of this machine was never set, as after a boot without a battery';
	const isForbidden = problems.some((problem) => /^DirAvailable.*: permission denied$/.test(problem));
	return isForbidden ? 'this user has no permission to write below --root' : undefined;
}

export const joinDiagnoses = {
	PREFLIGHT_FAILED: { mostLikely: ({ problems }) => explainPreflight(problems) },
	JOIN_ARGUMENTS_INVALID: {
		mostLikely: ({ problems, found = [] }) =>
			found.length > 0 ? found.join('; ') : problems.map(explainArgument).find((one) => one !== undefined),
	},
	CLUSTER_CONFIGURATION_INVALID: {
		mostLikely: ({ configMap }) => `the ConfigMap ${configMap} was edited`,
	},
	RESET_NOT_CONFIRMED: { mostLikely: () => 'the answer was not y, or there is no terminal to ask' },
	NODE_NAME_TAKEN: {
		mostLikely: ({ node }) => `another machine with the name "${node}" is running`,
		...or('this machine was this node and stopped less than a minute ago, so its Node is still Ready'),
	},
	CSR_DENIED: {
		mostLikely: ({ reason, message }) =>
			reason.startsWith('Token') ? message : 'an administrator denied the request of this node',
		...or('the name of the node is not the one that the owner of the token expects'),
	},
	CSR_FAILED: {
		mostLikely: ({ reason }) =>
			reason === 'SignerValidationFailure'
				? 'the request does not follow the rules of the signer'
				: 'the request was deleted or replaced while the node waited',
	},
	CSR_TIMEOUT: {
		mostLikely: () =>
			'no controller approves the request: the binding kubeadm:node-autoapprove-bootstrap is missing, or does not ' +
			'include the groups of this token',
		...or(
			'controller-manager-sim is not running, or cannot reach the API server',
			'the request is approved, and the CA cannot sign at the moment',
		),
	},
	CERTIFICATE_UNUSABLE: {
		mostLikely: ({ problem }) =>
			explainValidity(problem) ?? 'the certificate belongs to another request, or another CA issued it',
		...or('the clock of this machine is wrong'),
	},
	JOIN_UNFINISHED: {
		mostLikely: () => 'kubeadm join failed or was stopped, or the kubelet of the node is not running',
	},
	NODE_LOCKED_OUT: {
		mostLikely: () =>
			'the node was off, or could not reach the API server, during the time in which it renews its certificate',
		...or(
			'its renewal requests were not approved: the binding kubeadm:node-autoapprove-certificate-rotation is missing',
			'the clock of this machine is ahead',
		),
	},
	SIGNER_EXPIRED: {
		mostLikely: ({ notAfter }) => `the cluster CA expired at ${notAfter} and was not renewed`,
		...or('the clock of ca-service is ahead'),
	},
} satisfies DiagnosisTable;
