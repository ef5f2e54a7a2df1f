/**
 * Receives traces: OTLP over HTTP as JSON. A program needs a key of this mesh and can send spans in its own name only.
 * A request is refused by its headers before its body is read.
 * @source https://opentelemetry.io/docs/specs/otlp/#otlphttp-request
 */
import { setImmediate } from 'node:timers/promises';
import express, { type Express, type Request } from 'express';
import { countValues } from '../../lib/codec/json-text.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { TracedProgram } from '../../lib/traces-key.ts';
import { createAdmission } from './admission.ts';
import type { Authenticate } from './authenticate.ts';
import { isForeignHost, isFromBrowser } from './browser.ts';
import { readingSpans, type Span } from './otlp.ts';
import { notFound, refusal } from './refusal.ts';

export interface TracesOptions {
	readonly authenticate: Authenticate;
	/** Host names under which exporters send traces. */
	readonly hosts: readonly string[];
	/** @param body  the received body, decompressed */
	readonly onSpans: (spans: readonly Span[], body: Buffer, program: TracedProgram) => void;
	readonly count: CountRefusal;
	/** Milliseconds of a monotonic clock. */
	readonly clock: () => number;
	readonly log: Log;
}

/** Other requests wait while the spans of one request are read. */
const TURN_MS = 5;
const MAX_BYTES = limits.tracesBodyBytes.value;
const MAX_VALUES = limits.tracesValues.value;

export function createTracesApp({ authenticate, hosts, onSpans, count, clock, log }: TracesOptions): Express {
	const app = express();
	app.disable('x-powered-by');
	const admit = createAdmission(
		{ perSecond: 'tracesRequestsPerSecond', inFlight: 'tracesRequestsInFlight', bytesInFlight: 'tracesBytesInFlight' },
		clock,
		count,
	);
	const refused = (problem: string) => new KubejoinError('TRACES_REQUEST_REFUSED', { problem });
	app.use((request, _response, next) => {
		if (isForeignHost(request, hosts)) throw refused('its host name does not belong to this observer');
		if (isFromBrowser(request)) throw refused('a web page sent it');
		next();
	});
	app.post('/v1/traces', (request, response, next) => {
		response.locals.program = authenticate(request.get('authorization'));
		requireJson(request);
		const release = admit(expectedBytes(request));
		response.once('close', release);
		next();
	});
	app.post('/v1/traces', express.raw({ type: 'application/json', limit: MAX_BYTES }), async (request, response) => {
		const program: TracedProgram = response.locals.program;
		const body: unknown = request.body;
		const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0);
		const { spans, refused: number, problem } = await inTurns(readingSpans(parse(bytes, count), program, count), clock);
		onSpans(spans, bytes, program);
		if (number > 0) log.debug({ program, refused: number, problem }, 'spans were left out');
		response.json(number === 0 ? {} : { partialSuccess: { rejectedSpans: String(number), errorMessage: problem } });
	});
	app.use(notFound);
	app.use(refusal(log, 'tracesBodyBytes', count));
	return app;
}

/** @throws PAGE_BAD_REQUEST */
function requireJson(request: Request): void {
	if (!request.is('application/json'))
		throw new KubejoinError('PAGE_BAD_REQUEST', {
			problem: 'traces are received as JSON: OTEL_EXPORTER_OTLP_PROTOCOL=http/json',
		});
	const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(request.get('content-type') ?? '')?.[1] ?? 'utf-8';
	if (!/^utf-?8$/i.test(charset)) throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'the body must be UTF-8' });
}

/** Bytes of the body in memory: its length if the header has it, or else the limit. */
function expectedBytes(request: Request): number {
	const length = Number(request.get('content-length'));
	return Number.isSafeInteger(length) && request.get('content-encoding') === undefined
		? Math.min(length, MAX_BYTES)
		: MAX_BYTES;
}

/** Do the work in short turns, and serve other requests in between. */
async function inTurns<T>(work: Generator<void, T>, clock: () => number): Promise<T> {
	for (;;) {
		// Before the first turn too: the body was parsed in this one.
		await setImmediate();
		const endMs = clock() + TURN_MS;
		while (clock() < endMs) {
			const { done, value } = work.next();
			if (done === true) return value;
		}
	}
}

/** @throws PAGE_BAD_REQUEST */
function parse(body: Buffer, count: CountRefusal): unknown {
	try {
		const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
		if (countValues(text) <= MAX_VALUES) return JSON.parse(text);
	} catch (error) {
		throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'the body is not JSON in UTF-8' }, { cause: error });
	}
	count('tracesValues');
	throw new KubejoinError('PAGE_BAD_REQUEST', { problem: `the body has more than ${MAX_VALUES} values` });
}
