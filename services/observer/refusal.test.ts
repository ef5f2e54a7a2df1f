import assert from 'node:assert/strict';
import express from 'express';
import { KubejoinError } from '../../lib/errors.ts';
import type { LimitName } from '../../lib/limits.ts';
import { keptLog, type ServedApp, serveApp } from './app.fixture.ts';
import { notFound, refusal } from './refusal.ts';

describe('a refusal', () => {
	let app: ServedApp;
	let counted: LimitName[];
	let lines: readonly string[];
	let fault: unknown;
	beforeEach(async () => {
		counted = [];
		const kept = keptLog();
		lines = kept.lines;
		const served = express();
		served.post('/', express.json({ limit: 100 }), (_request, response) => void response.json({}));
		served.get('/fault', () => {
			throw fault;
		});
		served.get('/late', (_request, response) => {
			response.write('begun');
			throw new Error('late');
		});
		served.use(notFound);
		served.use(refusal(kept.log, 'pageActionBytes', (name) => void counted.push(name)));
		app = await serveApp(served);
	});
	afterEach(() => app.close());
	const post = (body: string, headers: Record<string, string> = {}) =>
		app.ask({ method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });

	it('is the error as JSON: code, message, causes and remedy', async () => {
		fault = new KubejoinError('ACTION_REFUSED', { command: 'kubectl-sim x', problem: 'no' });
		const { text } = await app.ask({ path: '/fault' });
		const { code, sentence, remedy } = JSON.parse(text) as Record<string, string>;
		assert.equal(code, 'ACTION_REFUSED');
		assert.match(sentence ?? '', /no/);
		assert.notEqual(remedy, '');
	});

	it('has the status of its code, and the headers that belong to it', async () => {
		for (const [error, status, header, value] of [
			[new KubejoinError('TRACES_UNAUTHENTICATED', { problem: 'x' }), 401, 'www-authenticate', /^Bearer /],
			[new KubejoinError('OBSERVER_BUSY', { limit: 'x', retrySeconds: 5 }), 429, 'retry-after', /^5$/],
			[new KubejoinError('PAGE_REQUEST_REFUSED', { problem: 'x' }), 403, 'content-type', /^application\/json/],
		] as const) {
			fault = error;
			const answer = await app.ask({ path: '/fault' });
			assert.deepEqual([answer.status, answer.code], [status, error.code]);
			assert.match(String(answer.headers[header]), value);
		}
	});

	it('of an error of the observer is INTERNAL: the log has its text, and the answer does not', async () => {
		fault = new Error('secret detail');
		const { status, code, text } = await app.ask({ path: '/fault' });
		assert.deepEqual([status, code], [500, 'INTERNAL']);
		assert.ok(!text.includes('secret detail'));
		assert.ok(lines.some((line) => line.includes('"level":"error"')));
	});

	it('of an unreadable body is PAGE_BAD_REQUEST, and the log has no error', async () => {
		for (const [body, headers] of [
			['{', {}],
			['{}', { 'content-encoding': 'gzip' }],
			['{}', { 'content-encoding': 'br' }],
			['{}', { 'content-encoding': 'unknown' }],
			['{}', { 'content-type': 'application/json; charset=iso-8859-1' }],
		] as const)
			assert.deepEqual((await post(body, headers)).code, 'PAGE_BAD_REQUEST', JSON.stringify(headers));
		assert.equal((await app.ask({ path: '/%ff/' })).code, 'PAGE_NOT_FOUND');
		assert.ok(!lines.some((line) => line.includes('"level":"error"')));
	});

	it('PAGE_TOO_LARGE: is counted under its limit', async () => {
		const { status, code } = await post(`"${'x'.repeat(200)}"`);
		assert.deepEqual([status, code, counted], [413, 'PAGE_TOO_LARGE', ['pageActionBytes']]);
	});

	it('PAGE_NOT_FOUND: repeats the path in printable characters, and not all of a long one', async () => {
		const { code, text } = await app.ask({ path: `/${'x'.repeat(5_000)}` });
		assert.equal(code, 'PAGE_NOT_FOUND');
		assert.ok(text.length < 1_000);
	});

	it('after the answer has begun closes the connection', async () => {
		await assert.rejects(app.ask({ path: '/late' }));
	});
});
