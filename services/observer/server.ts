/**
 * The observer's two doors: the page with its streams and actions, and the port where traces come in. Neither believes a request because it
 * arrived: a browser must ask under a name of ours, and only our own page knows the key without which nothing is done.
 */
import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import express, { type ErrorRequestHandler, type Express, type Request } from 'express';
import { asKubejoinError, KubejoinError } from '../../lib/errors.ts';
import { errorFields, type Log } from '../../lib/log.ts';
import { type Actions, readAction } from './act.ts';
import type { Refusal, StepDetail } from './api.ts';
import { sectionsOf } from './detail.ts';
import { readSpans, type Span } from './otlp.ts';
import { type StreamSource, streamAll, streamJoin } from './stream.ts';

export interface PageOptions extends StreamSource {
	/** Of the built page: index.html, page.js, page.css. */
	readonly directory: string;
	/** Absent: the page may only look. */
	readonly actions?: Actions;
	/** Names under which it may be asked for. */
	readonly hosts: readonly string[];
	readonly log: Log;
}

const SECURITY_HEADERS = {
	'Content-Security-Policy':
		"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	'Cross-Origin-Opener-Policy': 'same-origin',
	'Cross-Origin-Resource-Policy': 'same-origin',
	'Referrer-Policy': 'no-referrer',
	'X-Content-Type-Options': 'nosniff',
};
const MAX_ACTION_BYTES = '4kb';
const MAX_TRACES_BYTES = '8mb';

export function createPageApp(options: PageOptions): Express {
	const { joins, session, directory, actions, hosts, log } = options;
	const app = express();
	app.disable('x-powered-by');
	app.use((request, response, next) => {
		response.set(SECURITY_HEADERS);
		// A page elsewhere whose name was made to point here is another origin with our address.
		if (!hosts.includes(request.hostname))
			throw new KubejoinError('PAGE_REQUEST_REFUSED', { problem: 'it asks for a name that is not ours' });
		next();
	});
	app.use(express.static(directory, { maxAge: 0 }));
	app.get('/api/stream', (request, response) => streamAll(options, response, request.query.steps === 'all'));
	app.get('/api/joins/:id/stream', (request, response) => {
		if (joins.find(request.params.id) === undefined) throw new KubejoinError('PAGE_NOT_FOUND', { path: request.path });
		streamJoin(options, response, request.params.id);
	});
	app.get('/api/joins/:id/steps/:step', (request, response) => {
		const { id, step: stepId } = request.params;
		const step = joins.steps(id).find((one) => one.id === stepId);
		const spans = joins.spans(id);
		// What a watch told has the id of the phase's span and a number.
		const span = spans.find(({ spanId }) => spanId === stepId.split('-')[0]);
		if (step === undefined || span === undefined) throw new KubejoinError('PAGE_NOT_FOUND', { path: request.path });
		const server = spans.find(({ kind, parentId }) => kind === 'server' && parentId === span.spanId);
		const detail: StepDetail = { step, sections: sectionsOf(step, span, server) };
		response.json(detail);
	});
	app.post('/api/actions/:name', (request, _response, next) => {
		requireOwnPage(request, session.key);
		next();
	});
	app.post('/api/actions/:name', express.json({ limit: MAX_ACTION_BYTES }), async (request, response) => {
		if (actions === undefined) throw new KubejoinError('ACTIONS_OFF', {});
		const action = readAction(String(request.params.name), request.body);
		if (action === undefined || !actions.names.includes(action.name))
			throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'there is no such action' });
		response.json(await actions.run(action));
	});
	app.use((request) => {
		throw new KubejoinError('PAGE_NOT_FOUND', { path: request.path });
	});
	app.use(refusal(log));
	return app;
}

/** A page elsewhere can send a request here, but knows no key and cannot set the header. @throws PAGE_REQUEST_REFUSED */
function requireOwnPage(request: Request, key: string): void {
	const presented = Buffer.from(request.get('x-kubejoin-session') ?? '');
	const expected = Buffer.from(key);
	const origin = request.get('origin');
	if (origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== request.get('host'))) {
		throw new KubejoinError('PAGE_REQUEST_REFUSED', { problem: 'it comes from another origin' });
	}
	if (presented.length !== expected.length || !timingSafeEqual(presented, expected)) {
		throw new KubejoinError('PAGE_REQUEST_REFUSED', { problem: 'it does not have the key of this session' });
	}
	if (!request.is('application/json'))
		throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'the body must be JSON' });
}

/** OTLP over HTTP, as JSON. @param onSpans  spans, and the body as it came @source https://opentelemetry.io/docs/specs/otlp/#otlphttp-request */
export function createTracesApp(onSpans: (spans: readonly Span[], body: object) => void, log: Log): Express {
	const app = express();
	app.disable('x-powered-by');
	app.post('/v1/traces', express.json({ limit: MAX_TRACES_BYTES }), (request, response) => {
		if (!request.is('application/json'))
			throw new KubejoinError('PAGE_BAD_REQUEST', {
				problem: 'traces are received as JSON: OTEL_EXPORTER_OTLP_PROTOCOL=http/json',
			});
		onSpans(readSpans(request.body), request.body);
		response.json({});
	});
	app.use((request) => {
		throw new KubejoinError('PAGE_NOT_FOUND', { path: request.path });
	});
	app.use(refusal(log));
	return app;
}

const refusal =
	(log: Log): ErrorRequestHandler =>
	(error: unknown, request, response, _next) => {
		const known = asKubejoinError(
			isBodyError(error)
				? new KubejoinError('PAGE_BAD_REQUEST', { problem: 'the body is too long or is not JSON' })
				: error,
		);
		log[known.code === 'INTERNAL' ? 'error' : 'debug'](
			{ method: request.method, path: request.path, ...errorFields(known) },
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
			...(mostLikely === undefined ? {} : { mostLikely }),
			...(alsoPossible.length === 0 ? {} : { alsoPossible }),
			remedy,
		};
		response.status(known.http?.status ?? 500).json(body);
	};

/** Of body-parser: it has a type, and a status that blames the caller. */
const isBodyError = (error: unknown): boolean =>
	error instanceof Error &&
	'type' in error &&
	'status' in error &&
	typeof error.status === 'number' &&
	error.status < 500;

/** Where the build puts the page. */
export const pageDirectory = (project: string): string => join(project, 'dist', 'services', 'observer', 'public');
