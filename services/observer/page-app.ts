/**
 * The page with its streams and actions. A request is answered only under a host name of this observer, and only if no
 * page of another origin sent it. An action also needs the key of the session, which only the page itself can read.
 */
import { timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import express, { type Express, type Request } from 'express';
import { KubejoinError } from '../../lib/errors.ts';
import { type CountRefusal, limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import { type Actions, readAction } from './actions.ts';
import { createAdmission } from './admission.ts';
import type { Certificates, StepDetail } from './api.ts';
import { isForeignHost, isFromElsewhere } from './browser.ts';
import { presentedIn } from './certificate-sections.ts';
import type { CertificatesView } from './certificates.ts';
import { connectionOf } from './connection.ts';
import { sectionsOf } from './detail.ts';
import { notFound, refusal } from './refusal.ts';
import { answerOf } from './steps.ts';
import { createStreams, type StreamSource, streamAll, streamJoin } from './stream.ts';

export interface PageOptions extends StreamSource {
	/** Has the built page: index.html, page.js, page.css. */
	readonly directory: string;
	/** Absent: the page shows no certificates of files. */
	readonly certificates?: CertificatesView | undefined;
	/** Absent: the page is read-only. */
	readonly actions?: Actions | undefined;
	/** Host names under which browsers can open the page. */
	readonly hosts: readonly string[];
	readonly count: CountRefusal;
	readonly log: Log;
}

const SECURITY_HEADERS = {
	'Content-Security-Policy': [
		...["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "img-src 'self' data:"],
		...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"],
	].join('; '),
	'Cross-Origin-Opener-Policy': 'same-origin',
	'Cross-Origin-Resource-Policy': 'same-origin',
	'Referrer-Policy': 'no-referrer',
	'X-Content-Type-Options': 'nosniff',
};

export function createPageApp(options: PageOptions): Express {
	const { directory, hosts, count, log } = options;
	const app = express();
	app.disable('x-powered-by');
	app.use((request, response, next) => {
		response.set(SECURITY_HEADERS);
		if (isForeignHost(request, hosts)) throw refused('its host name does not belong to this observer');
		next();
	});
	app.use(express.static(directory, { maxAge: 0, redirect: false }));
	app.use('/api', (request, _response, next) => {
		if (isFromElsewhere(request)) throw refused('it comes from another origin');
		next();
	});
	offerStreams(app, options);
	offerDetails(app, options);
	offerCertificates(app, options);
	offerRuns(app, options);
	offerActions(app, options);
	app.use(notFound);
	app.use(refusal(log, 'pageActionBytes', count));
	return app;
}

const refused = (problem: string) => new KubejoinError('PAGE_REQUEST_REFUSED', { problem });

function offerStreams(app: Express, options: PageOptions): void {
	const streams = createStreams(options.count);
	app.get('/api/stream', (request, response) => {
		const { steps, since } = request.query;
		streamAll(options, streams.open(request, response), steps === 'all', Number(since) || 0);
	});
	app.get('/api/joins/:id/stream', (request, response) => {
		const { id } = request.params;
		if (options.joins.find(id) === undefined) notFound(request);
		streamJoin(options, streams.open(request, response), id);
	});
}

function offerDetails(app: Express, { openJoins }: PageOptions): void {
	app.get('/api/joins/:id/steps/:step', async (request, response) => {
		const { id, step: stepId } = request.params;
		const { steps, spans } = await openJoins.open(id);
		const step = steps.find((one) => one.id === stepId);
		// A step that a watch reported has the id of the phase's span and a number.
		const span = spans.find(({ spanId }) => spanId === stepId.split('-')[0]);
		if (step === undefined || span === undefined) notFound(request);
		const server = answerOf(span, spans);
		const hasConnection = step.kind === 'message' || step.kind === 'store';
		const connection = hasConnection ? connectionOf(span, server) : undefined;
		const detail: StepDetail = { step, sections: sectionsOf(step, span, server, spans), connection };
		response.json(detail);
	});
}

function offerRuns(app: Express, { experiments }: PageOptions): void {
	app.get('/api/experiments/:name/runs/:started', (request, response) => {
		const { name, started } = request.params;
		const run = experiments?.find(name, Number(started));
		if (run === undefined) notFound(request);
		response.json(run);
	});
}

function offerCertificates(app: Express, { certificates, joins, openJoins }: PageOptions): void {
	const none: Certificates = { list: [] };
	app.get('/api/certificates', (_request, response) => {
		response.json(certificates?.list() ?? none);
	});
	app.get('/api/certificates/:serial', async (request, response) => {
		const detail = certificates?.detail(request.params.serial, await recentlyPresented(joins, openJoins));
		if (detail === undefined) notFound(request);
		response.json(detail);
	});
}

/** Of the newest joins: the services present their certificates in every join. */
const PRESENTED_IN_JOINS = 20;

async function recentlyPresented(
	joins: PageOptions['joins'],
	openJoins: PageOptions['openJoins'],
): Promise<(sha256: string) => readonly string[]> {
	const recent = joins.list().slice(-PRESENTED_IN_JOINS);
	const opened = await Promise.all(recent.map(({ id }) => openJoins.open(id)));
	const found = opened.map(({ spans }) => presentedIn(spans));
	return (sha256) => [...new Set(found.flatMap((presentedBy) => presentedBy(sha256)))];
}

function offerActions(app: Express, { session, actions, clock, count }: PageOptions): void {
	const admit = createAdmission({ perSecond: 'pageActionsPerSecond', inFlight: 'pageActionsInFlight' }, clock, count);
	app.post('/api/actions/:name', (request, response, next) => {
		requireKey(request, session.key);
		if (!request.is('application/json'))
			throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'the body must be JSON' });
		response.once('close', admit());
		next();
	});
	app.post('/api/actions/:name', express.json({ limit: limits.pageActionBytes.value }), async (request, response) => {
		if (actions === undefined) throw new KubejoinError('ACTIONS_DISABLED', {});
		const action = readAction(String(request.params.name), request.body);
		if (action === undefined || !actions.names.includes(action.name))
			throw new KubejoinError('PAGE_BAD_REQUEST', { problem: 'there is no such action' });
		response.json(await actions.run(action));
	});
}

/** Another page can send a request, but cannot read the key or set the header. @throws PAGE_REQUEST_REFUSED */
function requireKey(request: Request, key: string): void {
	const presented = Buffer.from(request.get('x-kubejoin-session') ?? '');
	const expected = Buffer.from(key);
	if (presented.length !== expected.length || !timingSafeEqual(presented, expected))
		throw refused('it does not have the key of this session');
}

/** The directory in which the build writes the page. */
export const pageDirectory = (project: string): string => join(project, 'dist', 'services', 'observer', 'public');
