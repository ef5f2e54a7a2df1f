/**
 * The status of a call that has failed, from its trailers, its HTTP status, or the end of its stream.
 * @source grpc/doc/PROTOCOL-HTTP2.md, http-grpc-status-mapping.md, statuscodes.md
 */
import { constants, type IncomingHttpHeaders } from 'node:http2';
import { grpcCode } from '../errors.ts';

/** Codes that no service of ours answers. */
export const CANCELLED = 1;
export const UNKNOWN = 2;

/** The trailer with the code and the details of an error of a service, JSON. */
export const ERROR_TRAILER = 'kubejoin-error-bin';

interface Circumstances {
	/** No connection was made: `closed` by the server after the TLS handshake, without a reason. */
	readonly dial?: 'failed' | 'closed';
	readonly trailers?: IncomingHttpHeaders;
	/** The server has not begun the call. */
	readonly isUnprocessed?: boolean;
	/** The client refused the answer, which has more bytes. */
	readonly answerLimit?: number;
	readonly cause?: unknown;
}

export class CallFailure extends Error {
	override readonly name = 'CallFailure';
	readonly code: number;
	/** Of the server, or of Node or OpenSSL; not made printable. */
	readonly details: string;
	readonly dial: Circumstances['dial'];
	readonly trailers: IncomingHttpHeaders;
	readonly isUnprocessed: boolean;
	readonly answerLimit: number | undefined;

	constructor(
		code: number,
		details: string,
		{ dial, trailers = {}, isUnprocessed, answerLimit, cause }: Circumstances = {},
	) {
		super(details, cause === undefined ? {} : { cause });
		this.code = code;
		this.details = details;
		this.dial = dial;
		this.trailers = trailers;
		this.isUnprocessed = isUnprocessed === true;
		this.answerLimit = answerLimit;
	}
}

/** @returns undefined  for the status 0 */
export function failureOfTrailers(trailers: IncomingHttpHeaders): CallFailure | undefined {
	const status = trailers['grpc-status'];
	if (status === '0') return undefined;
	if (status === undefined) return noStatus();
	const code = /^\d{1,3}$/.test(String(status)) ? Number(status) : UNKNOWN;
	return new CallFailure(code, percentDecoded(String(trailers['grpc-message'] ?? '')), { trailers });
}

const noStatus = (): CallFailure => new CallFailure(UNKNOWN, 'the answer has no gRPC status');

/** As gRPC requires it, text that is not encoded correctly stays as it is. */
function percentDecoded(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}

const codesOfHttp: Readonly<Record<number, number>> = {
	400: grpcCode.INTERNAL,
	401: grpcCode.UNAUTHENTICATED,
	403: grpcCode.PERMISSION_DENIED,
	404: grpcCode.UNIMPLEMENTED,
	429: grpcCode.UNAVAILABLE,
	502: grpcCode.UNAVAILABLE,
	503: grpcCode.UNAVAILABLE,
	504: grpcCode.UNAVAILABLE,
};

/** Of an answer that is no gRPC. */
export function failureOfResponse(headers: IncomingHttpHeaders & { readonly ':status'?: number }) {
	const status = headers[':status'] ?? 0;
	if (status !== 200) return new CallFailure(codesOfHttp[status] ?? UNKNOWN, `Received HTTP status code ${status}`);
	const type = headers['content-type'] ?? 'none';
	if (/^application\/grpc($|[+;])/.test(type)) return undefined;
	return new CallFailure(UNKNOWN, `the answer is not gRPC; its content type is ${type}`);
}

/** Of a stream that the server ended without a status. */
export function failureOfReset(rstCode: number): CallFailure {
	switch (rstCode) {
		case constants.NGHTTP2_NO_ERROR:
			return noStatus();
		case constants.NGHTTP2_REFUSED_STREAM:
			return new CallFailure(grpcCode.UNAVAILABLE, 'Stream refused by server', { isUnprocessed: true });
		case constants.NGHTTP2_CANCEL:
			return new CallFailure(CANCELLED, 'Call cancelled');
		case constants.NGHTTP2_ENHANCE_YOUR_CALM:
			return new CallFailure(grpcCode.RESOURCE_EXHAUSTED, 'Bandwidth exhausted or memory limit exceeded');
		case constants.NGHTTP2_INADEQUATE_SECURITY:
			return new CallFailure(grpcCode.PERMISSION_DENIED, 'Protocol not secure enough');
		default:
			return new CallFailure(grpcCode.INTERNAL, `Received RST_STREAM with code ${rstCode}`);
	}
}
