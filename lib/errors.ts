/**
 * Every failure that kubejoin can name: one class, one table. A new failure is a new row.
 *
 * A row gives the code (for programs, never changes meaning), the sentence (what was found, then what was wanted;
 * upstream's text where upstream has one), the remedy (one command or one decision), and how it looks on each wire. What a failure most likely
 * comes from is in diagnoses.ts.
 * Facts must never hold a token secret or a private key.
 */
import { randomUUID } from 'node:crypto';
import { fileRemedy } from './causes.ts';
import { alsoPossible, mostLikely, remedyOfCause } from './diagnoses.ts';
import { printableDeep } from './text.ts';

export { causeText } from './causes.ts';

/** gRPC status codes, so that the table (which domain code imports) needs no gRPC. @source grpc/doc/statuscodes.md */
export const grpcCode = {
	INVALID_ARGUMENT: 3,
	DEADLINE_EXCEEDED: 4,
	NOT_FOUND: 5,
	ALREADY_EXISTS: 6,
	PERMISSION_DENIED: 7,
	RESOURCE_EXHAUSTED: 8,
	FAILED_PRECONDITION: 9,
	ABORTED: 10,
	OUT_OF_RANGE: 11,
	UNIMPLEMENTED: 12,
	INTERNAL: 13,
	UNAVAILABLE: 14,
	UNAUTHENTICATED: 16,
} as const;

export interface FieldProblem {
	readonly field: string;
	/** Kubernetes cause, for example `FieldValueInvalid`. */
	readonly reason: string;
	readonly message: string;
	/** The row of the limits table that was exceeded, if one was. */
	readonly limit?: string;
}
export type Details = Readonly<
	Record<string, string | number | boolean | undefined | readonly string[] | readonly FieldProblem[]>
>;

interface Row<F extends Details> {
	/** What was found, then what was wanted. Upstream's text where there is one. */
	readonly message: (facts: F) => string;
	/** One command or one decision. */
	readonly remedy: (facts: F) => string;
	readonly grpc: (typeof grpcCode)[keyof typeof grpcCode];
	/** HTTP status and Kubernetes `Status` reason; absent where the failure never crosses HTTP. */
	readonly http?: { readonly status: number; readonly reason: string };
	/** Process exit code, as kubeadm's: 1 default, 2 preflight and settings, 3 validation. */
	readonly exitCode?: 1 | 2 | 3;
	/** What a stranger is told instead; the owner's log keeps the true code. */
	readonly publicCode?: 'TOKEN_REJECTED';
}
const defineError = <F extends Details>(r: Row<F>): Row<F> => r;
type None = Readonly<Record<never, never>>;

/** `resource[.group]`, as upstream writes a resource in messages. */
export const qualifiedResource = (f: { resource: string; group: string }) =>
	f.group === '' ? f.resource : `${f.resource}.${f.group}`;
const named = (f: { resource: string; group: string; name: string }) =>
	f.name === '' ? qualifiedResource(f) : `${qualifiedResource(f)} "${f.name}"`;
type Named = { resource: string; group: string; name: string };

/** As a word of a command that can be pasted. */
const shellWord = (text: string): string => (/^[\w./:=@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

const newToken = () => 'Create a token on the control plane: kubectl-sim token create --print-join-command';
const tokenRow = <F extends Details>(message: Row<F>['message']) =>
	defineError<F>({
		message,
		remedy: newToken,
		grpc: grpcCode.UNAUTHENTICATED,
		http: { status: 401, reason: 'Unauthorized' },
		publicCode: 'TOKEN_REJECTED',
	});

export const errorTable = {
	// Bootstrap tokens. A caller only ever learns TOKEN_REJECTED; these are for the store owner's log.
	TOKEN_REJECTED: defineError<None>({
		message: () => 'Unauthorized',
		remedy: newToken,
		grpc: grpcCode.UNAUTHENTICATED,
		http: { status: 401, reason: 'Unauthorized' },
	}),
	/** `found` repeats nothing of the token. */
	TOKEN_MALFORMED: defineError<{ found?: string | undefined }>({
		message: () => 'the bootstrap token was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z"',
		remedy: (f) =>
			f.found === undefined
				? 'Copy the whole token, six characters, a dot and sixteen characters; list the live ones with: kubectl-sim token list'
				: `Correct the token: ${f.found}`,
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
		exitCode: 3,
	}),
	TOKEN_INVALID: defineError<{ problems: readonly string[] }>({
		message: (f) => f.problems.join('; '),
		remedy: () => 'Correct the fields that are named and create the token again',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 422, reason: 'Invalid' },
		exitCode: 3,
	}),
	TOKEN_EXISTS: defineError<{ id: string }>({
		message: (f) => `a token with id "${f.id}" already exists`,
		remedy: (f) =>
			`Leave the token out to have a new one made, or delete the old one: kubectl-sim token delete ${f.id}`,
		grpc: grpcCode.ALREADY_EXISTS,
		http: { status: 409, reason: 'AlreadyExists' },
	}),
	TOKEN_NOT_FOUND: defineError<{ id: string }>({
		message: (f) => `secrets "bootstrap-token-${f.id}" not found`,
		remedy: () => 'List the tokens there are: kubectl-sim token list',
		grpc: grpcCode.NOT_FOUND,
		http: { status: 404, reason: 'NotFound' },
	}),
	TOKEN_UNKNOWN: tokenRow<{ id: string }>(
		(f) =>
			`no bootstrap token has the ID "${f.id}": it was never created, was deleted, or was cleaned up after it expired`,
	),
	TOKEN_DELETED: tokenRow<{ id: string }>((f) => `the bootstrap token "${f.id}" is being deleted`),
	TOKEN_RECORD_INVALID: tokenRow<{ id: string; problem: string }>(
		(f) => `the record of the bootstrap token "${f.id}" cannot be used: ${f.problem}`,
	),
	TOKEN_SECRET_WRONG: tokenRow<{ id: string }>(
		(f) => `the secret half does not match that of the bootstrap token "${f.id}"`,
	),
	TOKEN_EXPIRED: tokenRow<{ id: string; expiration: string; now: string }>(
		(f) => `the bootstrap token "${f.id}" expired at ${f.expiration}, and it is ${f.now}`,
	),
	TOKEN_USAGE_MISSING: tokenRow<{ id: string; usage: string }>(
		(f) => `the bootstrap token "${f.id}" may not be used for ${f.usage}`,
	),
	TOKEN_GROUPS_INVALID: tokenRow<{ id: string; group: string }>(
		(f) =>
			`the bootstrap token "${f.id}" names the group "${f.group}", which is not of the form system:bootstrappers:…`,
	),

	// Discovery: may the node trust the cluster?
	PIN_INVALID: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () =>
			'Give sha256: and 64 hexadecimal digits, as printed by: openssl x509 -pubkey -noout -in ca.crt | openssl pkey -pubin -outform der | openssl dgst -sha256',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 3,
	}),
	/** `cause` is one of those in diagnoses.ts, for programs and for what a person is told. */
	CLUSTER_INFO_UNREACHABLE: defineError<{
		endpoint: string;
		problem: string;
		waitedSeconds: number;
		cause?: string | undefined;
	}>({
		message: (f) => `failed to request the cluster-info ConfigMap: ${f.problem}`,
		remedy: (f) =>
			`Check that an API server listens on ${f.endpoint} and serves the CA that cluster-info names; it was asked for ${f.waitedSeconds} s`,
		grpc: grpcCode.UNAVAILABLE,
	}),
	CLUSTER_INFO_UNSIGNED: defineError<{ tokenId: string; waitedSeconds: number }>({
		message: (f) => `could not find a JWS signature in the cluster-info ConfigMap for token ID "${f.tokenId}"`,
		remedy: () =>
			'The token is unknown, has expired, or is not for signing. Create one on the control plane: kubectl-sim token create --print-join-command',
		grpc: grpcCode.UNAUTHENTICATED,
	}),
	CLUSTER_INFO_SIGNATURE_INVALID: defineError<{ tokenId: string }>({
		message: () => "failed to verify JWS signature of received cluster info object, can't trust this API Server",
		remedy: () =>
			'Whoever answered does not know the secret half of this token, or the token was mistyped. Compare it with: kubectl-sim token list',
		grpc: grpcCode.UNAUTHENTICATED,
	}),
	CLUSTER_INFO_INVALID: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () =>
			'The cluster does not offer token discovery. Look at ConfigMap kube-public/cluster-info on the control plane',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	CLUSTER_INFO_CHANGED: defineError<None>({
		message: () =>
			'the second kubeconfig from the cluster-info ConfigMap (using validated TLS) was different from the first',
		remedy: () =>
			'Somebody changed the document between two reads. If nobody is rotating the CA, do not join over this network',
		grpc: grpcCode.UNAUTHENTICATED,
	}),
	CA_HASH_MISMATCH: defineError<{ presented: readonly string[]; pinned: readonly string[] }>({
		message: (f) =>
			`cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "${f.presented.join(':')}" are pinned`,
		remedy: () =>
			'Take the hash from the control plane itself: kubectl-sim token create --print-join-command. If it is the one you gave, do not join: this is another cluster',
		grpc: grpcCode.UNAUTHENTICATED,
	}),

	// Joining.
	PREFLIGHT_FAILED: defineError<{ problems: readonly string[] }>({
		message: (f) => `[preflight] Some fatal errors occurred:\n${f.problems.map((p) => `\t[ERROR ${p}`).join('\n')}`,
		remedy: () => 'Correct what is named and join again; nothing was sent',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 2,
	}),
	/** `found` is about what was typed and repeats nothing of it. */
	JOIN_ARGUMENTS_INVALID: defineError<{
		problems: readonly string[];
		found?: readonly string[] | undefined;
		remedy?: string | undefined;
	}>({
		message: (f) => f.problems.join('\n'),
		remedy: (f) => f.remedy ?? 'Run kubelet-sim join --help',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 3,
	}),
	NODE_NAME_TAKEN: defineError<{ node: string }>({
		message: (f) =>
			`a Node with name "${f.node}" and status "Ready" already exists in the cluster. You must delete the existing Node or change the name of this new joining Node`,
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
			`Approve it: kubectl-sim certificate approve ${f.name}; if it is approved already, look at controller-manager-sim and ca-service`,
		grpc: grpcCode.DEADLINE_EXCEEDED,
	}),
	CERTIFICATE_UNUSABLE: defineError<{ problem: string }>({
		message: (f) => `the certificate that came back cannot be this node's identity: ${f.problem}`,
		remedy: () => 'Do not use it. Look at the ledger of ca-service for who asked for it',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	NODE_LOCKED_OUT: defineError<{ node: string; root: string; notAfter: string; because: string }>({
		message: (f) =>
			`the client certificate of node "${f.node}" expired at ${f.notAfter}, and the node has no other way in: ${f.because}`,
		remedy: (f) =>
			[
				'Let it join again:',
				'    1. Where you administer the cluster, make a token: kubectl-sim token create --print-join-command',
				`    2. On the node, run the command that it prints, with --node-name ${f.node} --root ${f.root}; the expired certificate there is replaced`,
				`    3. See that it is Ready again: kubectl-sim get nodes ${f.node}`,
			].join('\n'),
		grpc: grpcCode.UNAUTHENTICATED,
	}),
	NODE_STOPPED: defineError<None>({
		message: () => 'the node was told to stop',
		remedy: () => 'Start it again with the same --root; it goes on with what it has there',
		grpc: grpcCode.ABORTED,
	}),

	// Certificates and signing.
	CSR_MALFORMED: defineError<{ problem: string }>({
		message: (f) => `the certificate request cannot be read: ${f.problem}`,
		remedy: () =>
			'Send a PEM block of type CERTIFICATE REQUEST (PKCS#10) with an RSA (2048 bits or more), EC (P-256, P-384, P-521) or Ed25519 key',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	CSR_SIGNATURE_INVALID: defineError<None>({
		message: () => 'the signature of the certificate request does not verify under its own public key',
		remedy: () => 'Make the request anew with the private key that belongs to it',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	SIGNER_UNKNOWN: defineError<{ signerName: string }>({
		message: (f) => `no signer is called "${f.signerName}"`,
		remedy: () =>
			'Use kubernetes.io/kube-apiserver-client, kubernetes.io/kube-apiserver-client-kubelet or kubernetes.io/kubelet-serving',
		grpc: grpcCode.INVALID_ARGUMENT,
	}),
	SIGNER_VALIDATION_FAILURE: defineError<{ signerName: string; violation: string }>({
		message: (f) => f.violation,
		remedy: (f) =>
			`The rules of ${f.signerName} allow another subject, other names or other usages; ask the signer that fits`,
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	SIGNER_EXPIRED: defineError<{ notAfter: string }>({
		message: (f) => `the signer has expired: its certificate was valid until ${f.notAfter}`,
		remedy: () => 'Rotate the cluster CA',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	SIGNING_CONFLICT: defineError<{ requestId: string }>({
		message: (f) => `the request "${f.requestId}" was signed before with other contents`,
		remedy: () => 'Delete the CertificateSigningRequest and create it again',
		grpc: grpcCode.ALREADY_EXISTS,
	}),
	CERTIFICATE_MALFORMED: defineError<{ problem: string }>({
		message: (f) => `the certificate cannot be read: ${f.problem}`,
		remedy: () => 'Give a PEM file that has the certificate in a block of type CERTIFICATE',
		grpc: grpcCode.INVALID_ARGUMENT,
	}),
	KEY_MALFORMED: defineError<{ problem: string; remedy?: string | undefined }>({
		message: (f) => `the private key cannot be read: ${f.problem}`,
		remedy: (f) =>
			f.remedy ?? 'Give a PEM block of type EC PRIVATE KEY, RSA PRIVATE KEY or PRIVATE KEY that is not encrypted',
		grpc: grpcCode.INVALID_ARGUMENT,
	}),

	// The Kubernetes API. Sentences are upstream's, byte for byte.
	API_UNAUTHORIZED: defineError<{ problem?: string | undefined }>({
		message: () => 'Unauthorized',
		remedy: () => 'The credentials were not accepted; the API server log says why. Take a fresh kubeconfig or token',
		grpc: grpcCode.UNAUTHENTICATED,
		http: { status: 401, reason: 'Unauthorized' },
	}),
	AUTHENTICATOR_UNAVAILABLE: defineError<{ retryAfterSeconds: number }>({
		message: () =>
			'the server is currently unable to handle the request: it cannot check the token because token-store is unavailable',
		remedy: () => 'Retry. If it stays, start token-store: npm start, or docker compose up -d token-store',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	/** `lines` follow the reason, one each; in a fact, a line break would be escaped. */
	API_FORBIDDEN: defineError<Named & { because: string; lines?: readonly string[] }>({
		message: (f) => `${named(f)} is forbidden: ${[f.because, ...(f.lines ?? [])].join('\n')}`,
		remedy: () =>
			'Ask what you may do: kubectl-sim auth can-i VERB RESOURCE; a cluster admin can bind a role that allows it',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	API_PATH_FORBIDDEN: defineError<{ because: string }>({
		message: (f) => `forbidden: ${f.because}`,
		remedy: () => 'A cluster admin can bind a ClusterRole with nonResourceURLs that allows it',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	API_NOT_FOUND: defineError<Named>({
		message: (f) => `${named(f)} not found`,
		remedy: (f) => `List what there is: kubectl-sim get ${f.resource}`,
		grpc: grpcCode.NOT_FOUND,
		http: { status: 404, reason: 'NotFound' },
	}),
	API_PATH_NOT_FOUND: defineError<None>({
		message: () => 'the server could not find the requested resource',
		remedy: () => 'Check the path and the API group and version',
		grpc: grpcCode.UNIMPLEMENTED,
		http: { status: 404, reason: 'NotFound' },
	}),
	API_ALREADY_EXISTS: defineError<Named>({
		message: (f) => `${named(f)} already exists`,
		remedy: () => 'Choose another name, or update the one that exists',
		grpc: grpcCode.ALREADY_EXISTS,
		http: { status: 409, reason: 'AlreadyExists' },
	}),
	API_CONFLICT: defineError<Named & { because?: string }>({
		message: (f) =>
			`Operation cannot be fulfilled on ${named(f)}: ${f.because ?? 'the object has been modified; please apply your changes to the latest version and try again'}`,
		remedy: () => 'Read the object again, apply the change to what you read, and write it',
		grpc: grpcCode.ABORTED,
		http: { status: 409, reason: 'Conflict' },
	}),
	/** `omitted`: how many problems were found besides those that are named. */
	API_INVALID: defineError<{
		kind: string;
		group: string;
		name: string;
		causes: readonly FieldProblem[];
		omitted?: number;
	}>({
		message: (f) => {
			const problems = f.causes.map((c) => `${c.field}: ${c.message}`);
			const kind = f.group === '' ? f.kind : `${f.kind}.${f.group}`;
			if (f.omitted !== undefined) problems.push(`and ${f.omitted} more problems`);
			return `${kind} "${f.name}" is invalid: ${problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`}`;
		},
		remedy: () => 'Correct the fields that are named',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 422, reason: 'Invalid' },
	}),
	API_BAD_REQUEST: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () => 'Correct the request',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	API_METHOD_NOT_ALLOWED: defineError<None>({
		message: () => 'the server does not allow this method on the requested resource',
		remedy: () => 'Use a verb that the resource offers',
		grpc: grpcCode.UNIMPLEMENTED,
		http: { status: 405, reason: 'MethodNotAllowed' },
	}),
	API_NOT_ACCEPTABLE: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () => 'Send the request with Accept: application/json',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 406, reason: 'NotAcceptable' },
	}),
	API_VERSION_TOO_LARGE: defineError<{
		requested: string;
		current: string;
		causes: readonly FieldProblem[];
		retryAfterSeconds: number;
	}>({
		message: (f) => `Timeout: Too large resource version: ${f.requested}, current: ${f.current}`,
		remedy: () => 'Read again without a resource version, or with one that this server has given',
		grpc: grpcCode.OUT_OF_RANGE,
		http: { status: 504, reason: 'Timeout' },
	}),
	API_EXPIRED: defineError<{ requested: string; oldest: string; because?: string }>({
		message: (f) => f.because ?? `too old resource version: ${f.requested} (${f.oldest})`,
		remedy: () => 'List again and watch from the version of the list',
		grpc: grpcCode.OUT_OF_RANGE,
		http: { status: 410, reason: 'Expired' },
	}),
	API_OBJECT_TOO_LARGE: defineError<{ bytes: number; limit: number }>({
		message: () => 'etcdserver: request is too large',
		remedy: (f) => `Make the object smaller: it takes ${f.bytes} bytes, and ${f.limit} are allowed`,
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),
	API_LIST_TOO_LARGE: defineError<{ limit: number }>({
		message: (f) => `the list takes more than ${f.limit} bytes`,
		remedy: () => 'Ask for it in pages: set limit=500 and send the continue of each answer with the next request',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),
	/** `continue`: a token that continues with the present state. */
	API_CONTINUE_EXPIRED: defineError<{ continue: string }>({
		message: () =>
			'The provided continue parameter is too old to display a consistent list result. You can start a new list without ' +
			'the continue parameter, or use the continue token in this response to retrieve the remainder of the results. ' +
			'Continuing with the provided token results in an inconsistent list - objects that were created, modified, or ' +
			'deleted between the time the first chunk was returned and now may show up in the list.',
		remedy: () => 'List again from the beginning',
		grpc: grpcCode.OUT_OF_RANGE,
		http: { status: 410, reason: 'Expired' },
	}),
	API_TOO_MANY_WATCHES: defineError<{ limit: number; retryAfterSeconds: number }>({
		message: (f) => `too many requests: this user has ${f.limit} open watches, and more are not allowed`,
		remedy: () => 'Close watches that are not needed, and watch again',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 429, reason: 'TooManyRequests' },
	}),
	API_OBJECT_UNREADABLE: defineError<Named & { problem: string }>({
		message: (f) => `Internal error occurred: the stored object ${named(f)} cannot be read: ${f.problem}`,
		remedy: (f) => `Delete it: kubectl-sim delete ${f.resource} ${f.name}`,
		grpc: grpcCode.INTERNAL,
		http: { status: 500, reason: 'InternalError' },
	}),
	API_TOO_LARGE: defineError<{ limit: string }>({
		message: (f) => `Request entity too large: limit is ${f.limit}`,
		remedy: () => 'Send a smaller object',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),

	// Messages that no handler sees.
	MESSAGE_UNREADABLE: defineError<{ problem: string }>({
		message: (f) => `the request message cannot be decoded: ${f.problem}`,
		remedy: () => 'Send a message of the type that proto/kubejoin declares for this method',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	MESSAGE_TOO_COMPLEX: defineError<{ limit: number }>({
		message: (f) => `the request message has too many fields: limit is ${f.limit}`,
		remedy: () => 'Send a smaller object',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),

	// The mesh.
	CALLER_DENIED: defineError<{ caller: string; method: string; allowed: readonly string[] }>({
		message: (f) =>
			`${f.caller} may not call ${f.method}; only ${f.allowed.length === 0 ? 'nobody' : f.allowed.join(', ')} may`,
		remedy: () => 'Call with the certificate of that service; who may call what stands in the server.ts of the service',
		grpc: grpcCode.PERMISSION_DENIED,
	}),
	/** `cause`: unknown-authority, name-mismatch, time-validity or key-usage. */
	PEER_REFUSED: defineError<{ target: string; problem: string; cause?: string | undefined }>({
		message: (f) => `${f.target} is not who it should be: tls: failed to verify certificate: x509: ${f.problem}`,
		remedy: () =>
			'Do not send it a secret. Check that the address is right and that its certificate comes from the CA that you trust',
		grpc: grpcCode.UNAVAILABLE,
	}),
	CLIENT_CERTIFICATE_REFUSED: defineError<{ target: string; problem: string }>({
		message: (f) => `${f.target} refused the client certificate: ${f.problem}`,
		remedy: () => 'Use a certificate that the CA of that service issued and that has not expired',
		grpc: grpcCode.UNAVAILABLE,
	}),
	CONNECTION_REFUSED: defineError<{ target: string; problem: string }>({
		message: (f) => `cannot connect to ${f.target}: ${f.problem}`,
		remedy: (f) => `Check that the service runs and listens on ${f.target}`,
		grpc: grpcCode.UNAVAILABLE,
	}),
	CALL_FAILED: defineError<{ target: string; method: string; status: string; problem: string }>({
		message: (f) => `${f.target} did not complete ${f.method}: ${f.status}${f.problem === '' ? '' : `: ${f.problem}`}`,
		remedy: (f) => `Look at the log of the service on ${f.target}, then try again`,
		grpc: grpcCode.INTERNAL,
	}),
	DEADLINE_EXCEEDED: defineError<{ target: string; method: string; deadlineMs: number }>({
		message: (f) => `${f.target} did not answer ${f.method} within ${f.deadlineMs} ms`,
		remedy: (f) => `Look at the log of the service on ${f.target}; it may be paused, overloaded or cut off`,
		grpc: grpcCode.DEADLINE_EXCEEDED,
		http: { status: 504, reason: 'Timeout' },
	}),
	SHUTTING_DOWN: defineError<{ service: string }>({
		message: (f) => `${f.service} is shutting down`,
		remedy: () => 'Try again in a moment',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	INTERNAL: defineError<{ id: string }>({
		message: (f) => `Internal error occurred: something unforeseen (id ${f.id})`,
		remedy: (f) => `Search the log of the service for ${f.id}`,
		grpc: grpcCode.INTERNAL,
		http: { status: 500, reason: 'InternalError' },
	}),

	// The attacker, which is for the project's own mesh and for nothing else.
	ATTACK_NOT_ALLOWED: defineError<{ problem: string }>({
		message: (f) => `attacker-sim does not do this: ${f.problem}`,
		remedy: () =>
			'It attacks the mesh of this project and nothing else: start one with npm start or docker compose up, and name its API server and its cluster CA',
		grpc: grpcCode.PERMISSION_DENIED,
		exitCode: 2,
	}),
	ATTACK_POWER_MISSING: defineError<{ mode: string; power: string; option: string }>({
		message: (f) => `the mode "${f.mode}" needs ${f.power}, which was not given`,
		remedy: (f) =>
			`Give what was stolen with ${f.option}, or choose a mode that needs the network only; they stand in: attacker-sim listen --help`,
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 3,
	}),
	ATTACK_ARGUMENTS_INVALID: defineError<{ problems: readonly string[] }>({
		message: (f) => f.problems.join('\n'),
		remedy: () => 'Run attacker-sim COMMAND --help',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 3,
	}),

	// Stores.
	STORE_KEY_EXISTS: defineError<{ key: string }>({
		message: (f) => `the key ${f.key} exists already`,
		remedy: () => 'Update it, or choose another key',
		grpc: grpcCode.ALREADY_EXISTS,
	}),
	STORE_KEY_INVALID: defineError<{ key: string; problem: string }>({
		message: (f) => `the key "${f.key}" cannot be stored: ${f.problem}`,
		remedy: () => 'Choose a shorter name without unpaired surrogates',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	STORE_VALUE_TOO_LARGE: defineError<{ key: string; bytes: number; limit: number }>({
		message: (f) => `the value of the key ${f.key} takes ${f.bytes} bytes, and ${f.limit} are allowed`,
		remedy: () => 'Store less under this key',
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),
	STORE_KEY_MISSING: defineError<{ key: string }>({
		message: (f) => `there is no key ${f.key}`,
		remedy: () => 'Create it first',
		grpc: grpcCode.NOT_FOUND,
	}),
	STORE_CONFLICT: defineError<{ key: string; expectedRevision: number; foundRevision: number }>({
		message: (f) =>
			`the key ${f.key} is at revision ${f.foundRevision}, and revision ${f.expectedRevision} was expected`,
		remedy: () => 'Read it again, apply the change, and write it',
		grpc: grpcCode.ABORTED,
	}),
	STORE_COMPACTED: defineError<{ requested: number; oldest: number }>({
		message: (f) => `revision ${f.requested} is no longer kept; the oldest that can be watched from is ${f.oldest}`,
		remedy: () => 'List again and watch from the revision of the list',
		grpc: grpcCode.OUT_OF_RANGE,
	}),
	STORE_DAMAGED: defineError<{ path: string; problem: string }>({
		message: (f) => `the store ${f.path} is damaged: ${f.problem}`,
		remedy: (f) =>
			`Restore the file from a backup, or start without what it holds: mv ${shellWord(f.path)} ${shellWord(`${f.path}.damaged`)}`,
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
		exitCode: 1,
	}),
	STORE_UNAVAILABLE: defineError<{ store: string; problem: string }>({
		message: (f) => `the store ${f.store} cannot be used: ${f.problem}`,
		remedy: (f) =>
			f.store.startsWith('lmdb:')
				? `Free space on the disk of ${f.store.slice('lmdb:'.length)}, and make the directory readable and writable for this user`
				: 'Start Redis, or check the address, user, password file and certificates of the store; npm start needs none: --store lmdb',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),

	// Settings, files and ports.
	CONFIG_INVALID: defineError<{ problems: readonly string[] }>({
		message: (f) =>
			f.problems.length === 1
				? `${f.problems[0]}`
				: `${f.problems.length} settings are wrong:\n${f.problems.map((p) => `  - ${p}`).join('\n')}`,
		remedy: () => 'Correct the settings that are named; nothing was started',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 2,
	}),
	// The lab: a mesh in containers, and what is done to it.
	DOCKER_UNREACHABLE: defineError<{ problem: string }>({
		message: (f) => `no Docker engine answers: ${f.problem}`,
		remedy: () => 'Start Docker, or name its address in DOCKER_HOST; for a mesh without Docker: npm start',
		grpc: grpcCode.UNAVAILABLE,
		exitCode: 2,
	}),
	DOCKER_REFUSED: defineError<{ action: string; problem: string }>({
		message: (f) => `Docker did not ${f.action}: ${f.problem}`,
		remedy: () => 'Look at what there is with docker ps -a; docker compose up -d starts what is missing',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	MESH_NOT_FOUND: defineError<{ project?: string }>({
		message: (f) =>
			`there are no containers of a mesh here${f.project === undefined ? '' : ` in the compose project "${f.project}", which COMPOSE_PROJECT_NAME names`}`,
		remedy: () => 'Start one: docker compose up -d',
		grpc: grpcCode.NOT_FOUND,
		exitCode: 2,
	}),
	MESH_AMBIGUOUS: defineError<{ projects: string }>({
		message: (f) => `there are containers of more than one mesh here: ${f.projects}`,
		remedy: () => 'Name the compose project that is meant: COMPOSE_PROJECT_NAME=…',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 2,
	}),
	TOXIPROXY_REFUSED: defineError<{ request: string; problem: string }>({
		message: (f) => `Toxiproxy refused ${f.request}: ${f.problem}`,
		remedy: () =>
			'Start it anew: toxiproxy-server, or docker compose --profile chaos up -d --force-recreate --no-deps toxiproxy',
		grpc: grpcCode.FAILED_PRECONDITION,
	}),
	// The observer and its page.
	ACTION_REFUSED: defineError<{ command: string; problem: string }>({
		message: (f) => `$ ${f.command}: ${f.problem}`,
		remedy: () => 'Do what the message says, or run the command yourself to see more',
		grpc: grpcCode.FAILED_PRECONDITION,
		http: { status: 409, reason: 'Conflict' },
	}),
	ACTIONS_DISABLED: defineError<None>({
		message: () => 'this page may look and not act',
		remedy: () =>
			'Start the observer with KUBEJOIN_ALLOW_ACTIONS=true, where you trust everybody who can reach it; or use kubectl-sim',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	EXPERIMENT_ALREADY_RUNNING: defineError<{ running: string }>({
		message: (f) => `the experiment ${f.running} runs now, and only one can run at a time`,
		remedy: () => 'Wait until it has ended, or stop it',
		grpc: grpcCode.FAILED_PRECONDITION,
		http: { status: 409, reason: 'Conflict' },
	}),
	EXPERIMENT_RUNNER_UNAVAILABLE: defineError<{ problem: string }>({
		message: (f) => `nobody runs experiments for this page: ${f.problem}`,
		remedy: () =>
			'Run it in a terminal: npm run chaos -- NAME; for the button, docker compose --profile experiments up -d, after reading SECURITY.md',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	PAGE_REQUEST_REFUSED: defineError<{ problem: string }>({
		message: (f) => `the request did not come from this observer's own page: ${f.problem}`,
		remedy: () => 'Load the page again; if it is served under another name, add that name to KUBEJOIN_PAGE_HOSTS',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	PAGE_NOT_FOUND: defineError<{ path: string }>({
		message: (f) => `there is nothing at ${f.path}`,
		remedy: () => 'Begin at /; what the observer answers stands in services/observer/api.ts',
		grpc: grpcCode.NOT_FOUND,
		http: { status: 404, reason: 'NotFound' },
	}),
	PAGE_BAD_REQUEST: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () => 'Send JSON as services/observer/api.ts describes it; traces as OTLP over HTTP, as JSON',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 400, reason: 'BadRequest' },
	}),
	PAGE_TOO_LARGE: defineError<{ maxBytes: number }>({
		message: (f) => `the body of the request is longer than ${f.maxBytes} bytes`,
		remedy: () => 'Send less in one request',
		grpc: grpcCode.INVALID_ARGUMENT,
		http: { status: 413, reason: 'RequestEntityTooLarge' },
	}),
	OBSERVER_BUSY: defineError<{ limit: string; retrySeconds: number }>({
		message: (f) => `the observer accepts no more at the moment: ${f.limit}`,
		remedy: (f) => `Retry in ${f.retrySeconds} s`,
		grpc: grpcCode.RESOURCE_EXHAUSTED,
		http: { status: 429, reason: 'TooManyRequests' },
	}),
	TRACES_UNAUTHENTICATED: defineError<{ problem: string }>({
		message: (f) => `the observer does not know the sender of these traces: ${f.problem}`,
		remedy: () =>
			'Give the program the key that the mesh made for it: export KUBEJOIN_TRACES_KEY_FILE=.kubejoin/pki/kubelet-sim/traces-key',
		grpc: grpcCode.UNAUTHENTICATED,
		http: { status: 401, reason: 'Unauthorized' },
	}),
	TRACES_REQUEST_REFUSED: defineError<{ problem: string }>({
		message: (f) => `the request does not come from an exporter of traces: ${f.problem}`,
		remedy: () =>
			'Send traces from a program to a name of this observer; if it has another name, add that to KUBEJOIN_OTLP_HOSTS',
		grpc: grpcCode.PERMISSION_DENIED,
		http: { status: 403, reason: 'Forbidden' },
	}),
	OBSERVER_UNREACHABLE: defineError<{ url: string; problem: string }>({
		message: (f) => `no observer answers at ${f.url}: ${f.problem}`,
		remedy: () =>
			'Start a mesh with npm start or docker compose up; if its page has another port, name it: npx kubejoin watch --url http://127.0.0.1:PORT',
		grpc: grpcCode.UNAVAILABLE,
	}),
	FILE_UNUSABLE: defineError<{ path: string; problem: string }>({
		message: (f) => `${f.path}: ${f.problem}`,
		remedy: (f) => fileRemedy(f.path, f.problem),
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
	COMMAND_INVALID: defineError<{ problem: string; remedy: string }>({
		message: (f) => f.problem,
		remedy: (f) => f.remedy,
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 1,
	}),
	/** `isRead`: the file was read, and what it says cannot be used; upstream's text then comes without the file's name. */
	KUBECONFIG_INVALID: defineError<{ path: string; problem: string; remedy: string; isRead?: boolean }>({
		message: (f) => (f.isRead ? f.problem : `error loading config file "${f.path}": ${f.problem}`),
		remedy: (f) => f.remedy,
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 1,
	}),
	PORT_IN_USE: defineError<{ service: string; address: string; port: number }>({
		message: (f) => `${f.service} cannot listen on ${f.address}:${f.port}: the port is in use`,
		remedy: (f) =>
			`Stop what uses it, or choose another: ${
				f.service === 'kubelet-sim'
					? 'kubelet-sim join … --healthz-port PORT'
					: f.service === 'attacker-sim'
						? 'attacker-sim listen … --port PORT'
						: f.service === 'observer'
							? 'npm start -- --page-port PORT for the page, --port PORT for all others'
							: 'npm start -- --port PORT'
			}`,
		grpc: grpcCode.UNAVAILABLE,
		exitCode: 1,
	}),
	STATE_IN_USE: defineError<{ directory: string; pid: number }>({
		message: (f) => `another kubejoin (process ${f.pid}) uses the state in ${f.directory}`,
		remedy: () => 'Stop it, or keep this one apart: npm start -- --state DIR --port PORT',
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
	// Experiments.
	LAB_UNREACHABLE: defineError<{ problem: string }>({
		message: (f) => `there is no mesh to experiment with: ${f.problem}`,
		remedy: () => 'Start one: npm start, in another terminal; or docker compose up, and then CHAOS_MESH=compose',
		grpc: grpcCode.UNAVAILABLE,
		exitCode: 1,
	}),
	FAULT_UNAVAILABLE: defineError<{ fault: string; needs: string; install: string }>({
		message: (f) => `${f.fault} cannot be made: ${f.needs} is not on this machine`,
		remedy: (f) => `Install it: ${f.install}`,
		grpc: grpcCode.FAILED_PRECONDITION,
		exitCode: 1,
	}),
	LAB_NOT_FOUND: defineError<{ kind: string; name: string; known: readonly string[] }>({
		message: (f) =>
			`there is no ${f.kind} called "${f.name}"; there ${f.known.length === 1 ? 'is' : 'are'} ${f.known.join(', ') || 'none'}`,
		remedy: () => 'Make it first, or correct the name',
		grpc: grpcCode.NOT_FOUND,
		exitCode: 1,
	}),
	LAB_NAME_TAKEN: defineError<{ name: string }>({
		message: (f) => `there is a node or an attacker called "${f.name}" already, and no two have the same name`,
		remedy: () => 'Take another name, or put everything back first: bin/lab reset',
		grpc: grpcCode.ALREADY_EXISTS,
		exitCode: 1,
	}),
	LAB_NOTHING_PENDING: defineError<{ requester: string; waitedSeconds: number }>({
		message: (f) => `no certificate request of "${f.requester}" was pending within ${f.waitedSeconds} s`,
		remedy: () => 'See who has requested what: kubectl-sim get csr',
		grpc: grpcCode.DEADLINE_EXCEEDED,
		exitCode: 1,
	}),
	LAB_REQUEST_INVALID: defineError<{ problem: string }>({
		message: (f) => `the lab cannot do what it was asked for: ${f.problem}`,
		remedy: () =>
			'Correct what is named; if nobody wrote that, the lab and the mesh are of two versions: npm run build, and start the mesh again',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 1,
	}),
	CHAOS_DOCUMENT_INVALID: defineError<{ problems: readonly string[] }>({
		message: (f) => f.problems.join('\n'),
		remedy: () =>
			'Correct what is named, which is all that was found; docs/chaos.md says how an experiment is written. Nothing was run',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 2,
	}),
	CHAOS_ARGUMENTS_INVALID: defineError<{ problem: string }>({
		message: (f) => f.problem,
		remedy: () => 'See what can be asked for: npm run chaos -- --help',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 3,
	}),
	CHAOS_NAME_UNKNOWN: defineError<{ name: string; near: readonly string[] }>({
		message: (f) =>
			`there is no experiment "${f.name}"${f.near.length === 0 ? '' : `; did you mean ${f.near.join(', ')}?`}`,
		remedy: () => 'List the experiments: npm run chaos -- --list',
		grpc: grpcCode.NOT_FOUND,
		exitCode: 3,
	}),
	CHAOS_NAME_AMBIGUOUS: defineError<{ name: string; begun: readonly string[] }>({
		message: (f) => `"${f.name}" is the beginning of more than one experiment: ${f.begun.join(', ')}`,
		remedy: () => 'Give more of the name',
		grpc: grpcCode.INVALID_ARGUMENT,
		exitCode: 3,
	}),
	SERVICE_FAILED: defineError<{ service: string; problem: string }>({
		message: (f) => `${f.service} ${f.problem}`,
		remedy: (f) =>
			f.problem.includes('\n    ')
				? 'Correct what the indented lines above name, and start again'
				: 'Read the lines of the service above this one',
		grpc: grpcCode.INTERNAL,
		exitCode: 1,
	}),
} satisfies Record<string, Row<never>>;

export type ErrorCode = keyof typeof errorTable;
export type DetailsOf<C extends ErrorCode> = Parameters<(typeof errorTable)[C]['message']> extends [infer F] ? F : None;

const rowOf = (code: ErrorCode) => errorTable[code] as Row<Details>;

export interface ErrorOptions {
	readonly cause?: unknown;
}

/** A failure with a code, a sentence, a remedy, and the facts they were made of. */
export class KubejoinError<C extends ErrorCode = ErrorCode> extends Error {
	readonly code: C;
	readonly facts: Details;
	/** The workflow phase in which it happened; stamped by the runner. */
	phase?: string;

	constructor(code: C, facts: DetailsOf<C>, options: ErrorOptions = {}) {
		super(rowOf(code).message(facts as Details), options.cause === undefined ? {} : { cause: options.cause });
		this.name = code;
		this.code = code;
		this.facts = facts as Details;
	}

	get remedy(): string {
		return remedyOfCause(this.code, this.facts) ?? rowOf(this.code).remedy(this.facts);
	}
	/** What it most likely comes from, for people; undefined where the facts say too little. */
	get mostLikely(): string | undefined {
		return mostLikely(this.code, this.facts, this.phase);
	}
	/** What else it may come from: at most three. */
	get alsoPossible(): readonly string[] {
		return alsoPossible(this.code, this.facts, this.phase);
	}
	get grpc(): number {
		return rowOf(this.code).grpc;
	}
	get http(): { readonly status: number; readonly reason: string } {
		return rowOf(this.code).http ?? { status: 500, reason: 'InternalError' };
	}
	get exitCode(): number {
		return rowOf(this.code).exitCode ?? 1;
	}
}

/** True for a KubejoinError with one of the codes. */
export function hasCode<C extends ErrorCode>(error: unknown, ...codes: C[]): error is KubejoinError<C> {
	return error instanceof KubejoinError && (codes as string[]).includes(error.code);
}

/** Any thrown value as a KubejoinError; what is not one becomes INTERNAL with an id, its text only in `cause`. */
export function asKubejoinError(error: unknown): KubejoinError {
	return error instanceof KubejoinError ? error : new KubejoinError('INTERNAL', { id: randomUUID() }, { cause: error });
}

/** What a stranger may be told: the same error, or the row that stands in for it. */
export function shownToCaller(error: KubejoinError): KubejoinError {
	const shownAs = rowOf(error.code).publicCode;
	return shownAs === undefined ? error : new KubejoinError(shownAs, {});
}

/** The error as it crosses gRPC, in a trailer. */
export interface WireError {
	readonly code: string;
	readonly facts: Details;
}

/** Rebuild an error that came over the wire, with printable facts, because nobody may have verified who sent them; undefined when the code is not one of ours or the facts do not fit it. */
export function fromWireError(wire: unknown): KubejoinError | undefined {
	if (typeof wire !== 'object' || wire === null || !('code' in wire) || !('facts' in wire)) return undefined;
	const { code, facts } = wire;
	if (typeof code !== 'string' || !Object.hasOwn(errorTable, code)) return undefined;
	if (typeof facts !== 'object' || facts === null) return undefined;
	try {
		return new KubejoinError(code as ErrorCode, printableDeep(facts) as never);
	} catch {
		return undefined;
	}
}
