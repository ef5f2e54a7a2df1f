/** Errors of discovery: can the node trust the cluster that answers? */
import { defineError, grpcCode, type None } from '../row.ts';

export const discoveryErrors = {
	PIN_INVALID: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () =>
			'Give sha256: and 64 hexadecimal digits, as printed by: openssl x509 -pubkey -noout -in ca.crt | ' +
			'openssl pkey -pubin -outform der | openssl dgst -sha256',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 3,
	}),
	/** `cause` is a key of the causes in lib/errors/diagnoses/discovery.ts. */
	CLUSTER_INFO_UNREACHABLE: defineError<{
		endpoint: string;
		problem: string;
		waitedSeconds: number;
		cause?: string | undefined;
	}>({
		message: (f) => `failed to request the cluster-info ConfigMap: ${f.problem}`,
		remedy: (f) =>
			`Check that an API server listens on ${f.endpoint} and that the CA in cluster-info issued its certificate; ` +
			`the node retried for ${f.waitedSeconds} s`,
		grpc: grpcCode.UNAVAILABLE,
	}),
	CLUSTER_INFO_UNSIGNED: defineError<{ tokenId: string; waitedSeconds: number }>({
		message: (f) => `could not find a JWS signature in the cluster-info ConfigMap for token ID "${f.tokenId}"`,
		remedy: () =>
			'Create a token with the usage signing on the control plane: kubectl-sim token create --print-join-command',
		grpc: grpcCode.UNAUTHENTICATED,
	}),
	CLUSTER_INFO_SIGNATURE_INVALID: defineError<{ tokenId: string }>({
		message: () => "failed to verify JWS signature of received cluster info object, can't trust this API Server",
		remedy: () =>
			'Compare the token with those on the control plane: kubectl-sim token list. If it is correct, do not join: ' +
			'the server that answered does not know its secret',
		grpc: grpcCode.UNAUTHENTICATED,
	}),
	CLUSTER_INFO_INVALID: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () =>
			'Check the ConfigMap on the control plane: kubectl-sim get configmap cluster-info -n kube-public -o yaml',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	CLUSTER_INFO_CHANGED: defineError<None>({
		message: () =>
			'the second kubeconfig from the cluster-info ConfigMap (using validated TLS) was different from the first',
		remedy: () =>
			'Join again if an administrator is rotating the CA now; otherwise do not join over this network, because the ' +
			'document changed between two reads',
		grpc: grpcCode.UNAUTHENTICATED,
	}),
	DISCOVERY_FILE_INVALID: defineError<{ problem: string; remedy?: string | undefined }>({
		message: (f) => f.problem,
		remedy: (f) =>
			f.remedy ??
			'Copy the kubeconfig of cluster-info into the file: ' +
				'kubectl-sim get configmap cluster-info -n kube-public -o yaml',
		grpc: grpcCode.INVALID_ARGUMENT,
	}),
	DISCOVERY_CREDENTIAL_MISSING: defineError<None>({
		message: () =>
			'could not find authentication credentials for the TLS bootstrap process. Please use Token discovery, ' +
			'a discovery file with embedded authentication credentials or a discovery file without authentication ' +
			'credentials but with the TLSBootstrapToken flag',
		remedy: () => 'Add --tls-bootstrap-token with a token from the control plane: kubectl-sim token create',
		grpc: grpcCode.INVALID_ARGUMENT,
	}),
	CA_HASH_MISMATCH: defineError<{ presented: readonly string[]; pinned: readonly string[] }>({
		message: (f) =>
			'cluster CA found in cluster-info ConfigMap is invalid: none of the public keys ' +
			`"${f.presented.join(':')}" are pinned`,
		remedy: () =>
			'Get the hash on the control plane: kubectl-sim token create --print-join-command. If it equals the hash that ' +
			'you used, do not join: the server that answers belongs to a different cluster',
		grpc: grpcCode.UNAUTHENTICATED,
	}),
};
