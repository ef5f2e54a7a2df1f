/**
 * grpc-js reports an untrusted CA, a refused client certificate and a dead server all as code 14. This module
 * distinguishes them by the texts of Node and OpenSSL that grpc-js passes on; the test produces each of them for real.
 */
import { grpcCode, KubejoinError } from '../errors.ts';
import { printable } from '../text.ts';

const MAX_DETAILS = 1_024;

interface Failure {
	readonly code: number;
	readonly details: string;
}
interface CallDetails {
	readonly target: string;
	readonly method: string;
	readonly deadlineMs: number;
}

/** Problems of a server's certificate: Node's text, Go's text, which upstream's users know, and a name for programs. */
const serverProblems: readonly (readonly [RegExp, cause: string, string | undefined])[] = [
	// First, because it repeats names that the server chose.
	[
		/^certificate is (not )?valid for |^certificate relies on legacy |^(cannot validate|malformed) certificate/,
		'name-mismatch',
		undefined,
	],
	[
		/(permitted|excluded) subtree violation/,
		'name-constraints',
		'a root or intermediate certificate is not authorized to sign for this name',
	],
	[/path length constraint exceeded/, 'path-length', 'too many intermediates for path length constraint'],
	[/invalid CA certificate/, 'not-a-ca', 'invalid signature: parent certificate cannot sign this kind of certificate'],
	[/unhandled critical extension/, 'critical-extension', 'unhandled critical extension'],
	[
		/(CA signature digest algorithm|CA key|EE key|EE certificate key|ca md|ee key) too weak/i,
		'weak-algorithm',
		'cannot verify signature: insecure algorithm or key',
	],
	[/certificate signature failure/, 'signature', 'certificate signed by unknown authority'],
	[
		/self-signed certificate|unable to verify the first certificate|unable to get (local )?issuer certificate|DEPTH_ZERO/,
		'unknown-authority',
		'certificate signed by unknown authority',
	],
	[
		/certificate has expired|certificate is not yet valid/,
		'time-validity',
		'certificate has expired or is not yet valid',
	],
	[/unsuitable certificate purpose/, 'key-usage', 'certificate specifies an incompatible key usage'],
];

const clientProblems: readonly (readonly [RegExp, string])[] = [
	[/alert certificate required|alert handshake failure/, 'it wants one and none was shown'],
	[
		/alert (unknown ca|bad certificate|certificate unknown|certificate expired|unsupported certificate)/,
		'its CA did not issue it, or it has expired',
	],
	[
		/Failed to connect \(/,
		'it closed the connection right after the TLS handshake, as a server does that refuses the certificate or ' +
			'is shutting down',
	],
];

/** The error behind a gRPC failure that no service wrote. */
export function transportError(failure: Failure, { target, method, deadlineMs }: CallDetails): KubejoinError {
	const { code } = failure;
	// It may be the text of a server that proved nothing.
	const details = printable(failure.details, { maxLength: MAX_DETAILS });
	if (code === grpcCode.DEADLINE_EXCEEDED)
		return new KubejoinError('DEADLINE_EXCEEDED', { target, method, deadlineMs }, { cause: failure });
	const tooLarge = code === grpcCode.RESOURCE_EXHAUSTED ? /larger than max \(\d+ vs\.? (\d+)\)/.exec(details) : null;
	if (tooLarge !== null) return new KubejoinError('API_TOO_LARGE', { limit: tooLarge[1] ?? '' }, { cause: failure });
	if (code === grpcCode.UNIMPLEMENTED) return new KubejoinError('API_PATH_NOT_FOUND', {}, { cause: failure });
	if (code !== grpcCode.UNAVAILABLE) {
		const status = grpcNames.get(code) ?? `gRPC status ${code}`;
		return new KubejoinError('CALL_FAILED', { target, method, status, problem: details }, { cause: failure });
	}
	const found = dialProblem(details);
	for (const [pattern, reason, problem = found] of serverProblems) {
		if (pattern.test(found))
			return new KubejoinError('PEER_REFUSED', { target, problem, cause: reason }, { cause: failure });
	}
	for (const [pattern, problem] of clientProblems) {
		if (pattern.test(found))
			return new KubejoinError('CLIENT_CERTIFICATE_REFUSED', { target, problem }, { cause: failure });
	}
	return new KubejoinError('CONNECTION_REFUSED', { target, problem: found }, { cause: failure });
}

/** The codes that no service of ours answers are there too. @source grpc/doc/statuscodes.md */
const grpcNames = new Map<number, string>([
	...Object.entries(grpcCode).map(([name, code]) => [code, name] as const),
	[0, 'OK'],
	[1, 'CANCELLED'],
	[2, 'UNKNOWN'],
	[15, 'DATA_LOSS'],
]);

/** Only the cause: `connect ECONNREFUSED 127.0.0.1:6443`. */
function dialProblem(details: string): string {
	const problem = details
		.replace(/^No connection established\. Last error: /, '')
		.replace(/^Error: /, '')
		.replace(/\.? ?Resolution note: .*$/s, '')
		.replace(/[0-9A-F]{8,}:error:[0-9A-F]+:([^:]*):[^:]*:([^:]*):.*/s, '$1: $2')
		.trim();
	// grpc-js prints the absence of a reason.
	return /^(undefined|null|)$/.test(problem) ? 'the connection was closed before it was ready' : problem;
}
