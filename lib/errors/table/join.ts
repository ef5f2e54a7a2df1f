/** Errors of the join after discovery, and of the node that runs afterwards. */
import { defineError, grpcCode, type None } from '../row.ts';

export const joinErrors = {
	PREFLIGHT_FAILED: defineError<{ problems: readonly string[]; remedy?: string | undefined }>({
		message: (f) => `[preflight] Some fatal errors occurred:\n${f.problems.map((p) => `\t[ERROR ${p}`).join('\n')}`,
		remedy: (f) => f.remedy ?? 'Correct these problems and join again; the node sent nothing',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	/** `found` describes mistakes in the arguments without repeating their values. */
	JOIN_ARGUMENTS_INVALID: defineError<{
		problems: readonly string[];
		found?: readonly string[] | undefined;
		remedy?: string | undefined;
	}>({
		/** @source apimachinery util/errors Aggregate */
		message: (f) => (f.problems.length === 1 ? `${f.problems[0]}` : `[${f.problems.join(', ')}]`),
		remedy: (f) => f.remedy ?? 'Run kubelet-sim join --help',
		grpc: grpcCode.INVALID_ARGUMENT,
	}),
	CLUSTER_CONFIGURATION_INVALID: defineError<{ configMap: string; problem: string }>({
		message: (f) => f.problem,
		remedy: (f) =>
			`Check the ConfigMap on the control plane: kubectl-sim get configmap ${f.configMap} -n kube-system -o yaml`,
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	NODE_NAME_TAKEN: defineError<{ node: string }>({
		message: (f) =>
			`a Node with name "${f.node}" and status "Ready" already exists in the cluster. ` +
			'You must delete the existing Node or change the name of this new joining Node',
		remedy: () => 'Choose another name: --node-name NAME',
		grpc: grpcCode.ALREADY_EXISTS,
	}),
	CSR_DENIED: defineError<{ name: string; reason: string; message: string }>({
		message: (f) => `certificate signing request is denied, reason: ${f.reason}, message: ${f.message}`,
		remedy: (f) => `See why: kubectl-sim describe csr ${f.name}`,
		grpc: grpcCode.PERMISSION_DENIED,
	}),
	CSR_FAILED: defineError<{ name: string; reason: string; message: string }>({
		message: (f) => `certificate signing request failed, reason: ${f.reason}, message: ${f.message}`,
		remedy: (f) => `See why: kubectl-sim describe csr ${f.name}`,
		grpc: grpcCode.PERMISSION_DENIED,
	}),
	CSR_TIMEOUT: defineError<{ name: string; waitedSeconds: number }>({
		message: (f) =>
			`the certificate signing request "${f.name}" was neither signed nor denied within ${f.waitedSeconds} s`,
		remedy: (f) =>
			`Approve it: kubectl-sim certificate approve ${f.name}; if it is already approved, check the logs of ` +
			'controller-manager-sim and ca-service',
		grpc: grpcCode.DEADLINE_EXCEEDED,
	}),
	CERTIFICATE_UNUSABLE: defineError<{ problem: string }>({
		message: (f) => `the issued certificate cannot be this node's identity: ${f.problem}`,
		remedy: () => 'Do not use it; find who requested it in the ledger of ca-service',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	NODE_LOCKED_OUT: defineError<{ node: string; root: string; notAfter: string; because: string }>({
		message: (f) =>
			`the client certificate of node "${f.node}" expired at ${f.notAfter}, and the node has no other credential: ` +
			f.because,
		remedy: (f) =>
			[
				'Join the node again:',
				'    1. On the control plane, create a token: kubectl-sim token create --print-join-command',
				`    2. On the node, run the command that it prints, with --node-name ${f.node} --root ${f.root}; ` +
					'it replaces the expired certificate',
				`    3. Check that the node is Ready: kubectl-sim get nodes ${f.node}`,
			].join('\n'),
		grpc: grpcCode.UNAUTHENTICATED,
	}),
	RESET_NOT_CONFIRMED: defineError<None>({
		message: () => "won't proceed; the user didn't answer (Y|y) in order to continue",
		remedy: () => 'Stop the node, then run the command again with --force',
		grpc: grpcCode.ABORTED,
	}),
	/** From the API server's point of view, about a client that sends no trace. */
	JOIN_UNFINISHED: defineError<{ waitedSeconds: number; hasBegunAgain?: boolean }>({
		message: (f) =>
			f.hasBegunAgain === true
				? 'a client with the same token and address began another join'
				: `the node sent no further request of its join within ${f.waitedSeconds} s`,
		remedy: () =>
			'Look for the reason in the output of kubeadm join, and in the log of the kubelet: journalctl -xeu kubelet',
		grpc: grpcCode.DEADLINE_EXCEEDED,
	}),
	NODE_STOPPED: defineError<None>({
		message: () => 'the node was stopped during the join',
		remedy: () => 'Start it again with the same --root; it continues with the files in that directory',
		grpc: grpcCode.ABORTED,
	}),
};
