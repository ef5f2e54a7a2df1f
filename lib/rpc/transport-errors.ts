/**
 * An untrusted CA, a refused client certificate and a dead server are all code 14 of gRPC. This module distinguishes
 * them by the texts of Node and OpenSSL, which have no code for some of them; the test produces each of them for real.
 */
import { grpcCode, KubejoinError } from '../errors.ts';
import { printable } from '../text.ts';
import { CANCELLED, type CallFailure, UNKNOWN } from './call-failure.ts';

const MAX_DETAILS = 1_024;

type Failure = Pick<CallFailure, 'code' | 'details'> & Partial<Pick<CallFailure, 'dial' | 'answerLimit'>>;
export interface CallDetails {
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
];

const closedAfterHandshake =
	'it closed the connection right after the TLS handshake, as a server does that refuses the certificate or ' +
	'is shutting down';

/** The error behind a gRPC failure that no service wrote. */
export function transportError(failure: Failure, { target, method, deadlineMs }: CallDetails): KubejoinError {
	const { code } = failure;
	// It may be the text of a server that proved nothing.
	const details = printable(failure.details, { maxLength: MAX_DETAILS });
	if (code === grpcCode.DEADLINE_EXCEEDED)
		return new KubejoinError('DEADLINE_EXCEEDED', { target, method, deadlineMs }, { cause: failure });
	const { answerLimit: limit } = failure;
	if (limit !== undefined) return new KubejoinError('API_LIST_TOO_LARGE', { limit }, { cause: failure });
	const tooLarge = code === grpcCode.RESOURCE_EXHAUSTED ? /larger than max \(\d+ vs\.? (\d+)\)/.exec(details) : null;
	if (tooLarge !== null) return new KubejoinError('API_TOO_LARGE', { limit: tooLarge[1] ?? '' }, { cause: failure });
	if (code === grpcCode.UNIMPLEMENTED) return new KubejoinError('API_PATH_NOT_FOUND', {}, { cause: failure });
	if (code !== grpcCode.UNAVAILABLE) {
		const status = grpcNames.get(code) ?? `gRPC status ${code}`;
		return new KubejoinError('CALL_FAILED', { target, method, status, problem: details }, { cause: failure });
	}
	const problem = problemOf(details);
	const refused = failure.dial === undefined ? undefined : handshakeError(target, problem, failure);
	return refused ?? new KubejoinError('CONNECTION_REFUSED', { target, problem }, { cause: failure });
}

/** One of the two sides refused the other. */
function handshakeError(target: string, found: string, failure: Failure): KubejoinError | undefined {
	for (const [pattern, reason, problem = found] of serverProblems)
		if (pattern.test(found))
			return new KubejoinError('PEER_REFUSED', { target, problem, cause: reason }, { cause: failure });
	const problem =
		failure.dial === 'closed' ? closedAfterHandshake : clientProblems.find(([pattern]) => pattern.test(found))?.[1];
	if (problem === undefined) return undefined;
	return new KubejoinError('CLIENT_CERTIFICATE_REFUSED', { target, problem }, { cause: failure });
}

/** The codes that no service of ours answers are there too. @source grpc/doc/statuscodes.md */
const grpcNames = new Map<number, string>([
	...Object.entries(grpcCode).map(([name, code]) => [code, name] as const),
	[0, 'OK'],
	[CANCELLED, 'CANCELLED'],
	[UNKNOWN, 'UNKNOWN'],
	[15, 'DATA_LOSS'],
]);

/** Only the cause, without OpenSSL's numbers and files: `SSL routines: wrong version number`. */
const problemOf = (details: string): string =>
	details.replace(/[0-9A-F]{8,}:error:[0-9A-F]+:([^:]*):[^:]*:([^:]*):.*/s, '$1: $2').trim() ||
	'the connection was closed before it was ready';
