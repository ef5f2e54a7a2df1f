/** Answers a refused request with the error as JSON and its status. A fault of the request is never INTERNAL. */
import type { ErrorRequestHandler, Request } from 'express';
import { asKubejoinError, KubejoinError } from '../../lib/errors.ts';
import { type CountRefusal, type LimitName, limits } from '../../lib/limits.ts';
import { errorFields, type Log } from '../../lib/log.ts';
import { printable } from '../../lib/text.ts';
import type { Refusal } from './api.ts';

const MAX_PATH = 256;
const CHALLENGE = 'Bearer realm="kubejoin observer"';

/** @throws PAGE_NOT_FOUND */
export function notFound(request: Request): never {
	throw new KubejoinError('PAGE_NOT_FOUND', { path: printable(request.path, { maxLength: MAX_PATH }) });
}

/** @param bodyLimit  the limit of a body, a row of lib/limits.ts */
export const refusal =
	(log: Log, bodyLimit: LimitName, count: CountRefusal): ErrorRequestHandler =>
	(error: unknown, request, response, _next) => {
		const known = asKubejoinError(faultOfRequest(error, bodyLimit) ?? error);
		if (known.code === 'PAGE_TOO_LARGE') count(bodyLimit);
		log[known.code === 'INTERNAL' ? 'error' : 'debug'](
			{ method: request.method, path: printable(request.path, { maxLength: MAX_PATH }), ...errorFields(known) },
			'refused',
		);
		if (response.headersSent) {
			response.destroy();
			return;
		}
		const { code, message, mostLikely, alsoPossible, remedy } = known;
		const body: Refusal = {
			code,
			sentence: message,
			mostLikely,
			...(alsoPossible.length === 0 ? {} : { alsoPossible }),
			remedy,
		};
		const status = known.http?.status ?? 500;
		if (status === 401) response.set('www-authenticate', CHALLENGE);
		if (status === 429) response.set('retry-after', String(known.details.retrySeconds ?? 1));
		// The rest of a refused body is not read.
		if (!request.complete) response.set('connection', 'close');
		response.status(status).json(body);
	};

/** The errors of libraries for unreadable requests: a 4xx status, the codes of zlib, a malformed escape in a path. */
function faultOfRequest(error: unknown, bodyLimit: LimitName): KubejoinError | undefined {
	if (!(error instanceof Error) || error instanceof KubejoinError) return undefined;
	const { status, type, code } = error as Error & Readonly<Record<'status' | 'type' | 'code', unknown>>;
	const bad = (problem: string) => new KubejoinError('PAGE_BAD_REQUEST', { problem }, { cause: error });
	if (type === 'entity.too.large')
		return new KubejoinError('PAGE_TOO_LARGE', { maxBytes: limits[bodyLimit].value }, { cause: error });
	if (typeof code === 'string' && /^(Z_|ERR_BROTLI|ERR__ERROR_FORMAT|ERR_PADDING)/.test(code))
		return bad('the body cannot be decompressed');
	if (error instanceof URIError) return bad('the path cannot be decoded');
	if (typeof status !== 'number' || status < 400 || status > 499) return undefined;
	return bad(type === undefined ? 'the request cannot be read' : 'the body is not JSON in UTF-8');
}
