/** Errors of calls between services: connections, certificates of peers, deadlines, and invalid messages. */
import { defineError, grpcCode } from '../row.ts';

export const rpcErrors = {
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
	CALLER_DENIED: defineError<{ caller: string; method: string; allowed: readonly string[] }>({
		message: (f) =>
			`${f.caller} may not call ${f.method}; allowed: ${f.allowed.length === 0 ? 'none' : f.allowed.join(', ')}`,
		remedy: () => 'Call with the certificate of an allowed service; the server.ts of the called service lists them',
		grpc: grpcCode.PERMISSION_DENIED,
	}),
	/** `cause`: unknown-authority, name-mismatch, time-validity or key-usage. */
	PEER_REFUSED: defineError<{ target: string; problem: string; cause?: string | undefined }>({
		message: (f) => `cannot verify ${f.target}: tls: failed to verify certificate: x509: ${f.problem}`,
		remedy: () =>
			'Do not send it a secret. Check that the address is correct and that a CA that you trust issued its certificate',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	CLIENT_CERTIFICATE_REFUSED: defineError<{ target: string; problem: string }>({
		message: (f) => `${f.target} refused the client certificate: ${f.problem}`,
		remedy: () => 'Use a valid certificate that the CA of that service issued',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	CONNECTION_REFUSED: defineError<{ target: string; problem: string }>({
		message: (f) => `cannot connect to ${f.target}: ${f.problem}`,
		remedy: (f) => `Check that the service runs and listens on ${f.target}`,
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	CALL_FAILED: defineError<{ target: string; method: string; status: string; problem: string }>({
		message: (f) => `${f.target} did not complete ${f.method}: ${f.status}${f.problem === '' ? '' : `: ${f.problem}`}`,
		remedy: (f) => `Check the log of the service on ${f.target}, then retry`,
		grpc: grpcCode.INTERNAL,
	}),
	DEADLINE_EXCEEDED: defineError<{ target: string; method: string; deadlineMs: number }>({
		message: (f) => `${f.target} did not answer ${f.method} within ${f.deadlineMs} ms`,
		remedy: (f) =>
			`Check whether the service on ${f.target} is paused, overloaded or disconnected; its log may say why`,
		grpc: grpcCode.DEADLINE_EXCEEDED,
		http: { status: 504, reason: 'Timeout' },
	}),
	SHUTTING_DOWN: defineError<{ service: string }>({
		message: (f) => `${f.service} is shutting down`,
		remedy: () => 'Retry in a few seconds',
		grpc: grpcCode.UNAVAILABLE,
		http: { status: 503, reason: 'ServiceUnavailable' },
	}),
	INTERNAL: defineError<{ id: string }>({
		message: (f) => `Internal error occurred: unexpected error (id ${f.id})`,
		remedy: (f) => `Search the log of the service for ${f.id}`,
		grpc: grpcCode.INTERNAL,
		http: { status: 500, reason: 'InternalError' },
	}),
};
