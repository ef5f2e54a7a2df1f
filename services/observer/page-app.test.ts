import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LimitName, limits } from '../../lib/limits.ts';
import type { Action, ExperimentRun } from './api.ts';
import { type Asked, keptLog, type ServedApp, serveApp } from './app.fixture.ts';
import { createJoins } from './joins.ts';
import { OpenJoins } from './open-joins.ts';
import { createPageApp } from './page-app.ts';
import { joinedSpans, traceId } from './spans.fixture.ts';

const key = 'k'.repeat(43);

describe('the page', () => {
	const directory = mkdtempSync(join(tmpdir(), 'page-'));
	before(() => writeFileSync(join(directory, 'index.html'), '<!doctype html>'));
	after(() => rmSync(directory, { recursive: true }));

	let app: ServedApp;
	let done: Action[];
	let counted: LimitName[];
	let nowMs: number;
	let finishes: (() => void)[];
	let logged: readonly string[];
	const run: ExperimentRun = {
		...{ experiment: 'wrong-pin', state: 'ended', from: 'page', startedMs: 7, durationMs: 1, activities: [] },
		...{ expected: { security: 'held', availability: 'held' }, problems: [] },
	};
	const experiments = {
		...{ offered: () => ({ offer: 'run', list: [] }) as const, runs: () => [], histories: () => [] },
		find: (name: string, startedMs: number) => (name === 'wrong-pin' && startedMs === 7 ? run : undefined),
		listen: () => () => undefined,
	};
	const open = async ({ mayAct = true, waits = false } = {}) => {
		done = [];
		finishes = [];
		counted = [];
		nowMs = 1_000;
		const { log, lines } = keptLog();
		logged = lines;
		const joins = createJoins({ keptJoins: 10, keptLines: 10, clock: () => nowMs });
		joins.add(joinedSpans);
		joins.flush();
		const actions = {
			names: ['join', 'approve'] as const,
			run: async (action: Action) => {
				done.push(action);
				if (waits) await new Promise<void>((resolve) => finishes.push(resolve));
				return { done: 'x' };
			},
			stop: async () => undefined,
		};
		const options = {
			joins,
			openJoins: new OpenJoins(joins),
			cluster: { follow: async () => undefined, issued: () => [] },
			experiments,
			session: { key, actions: actions.names, version: 'v1' },
			clock: () => nowMs,
			directory,
			...(mayAct ? { actions } : {}),
			hosts: ['localhost', '127.0.0.1', '[::1]'],
			count: (name: LimitName) => counted.push(name),
			log,
		};
		app = await serveApp(createPageApp(options));
	};
	beforeEach(() => open());
	afterEach(() => app.close());

	const act = ({ path = '/api/actions/join', headers = {}, body = '{}' }: Asked = {}) =>
		app.ask({
			method: 'POST',
			path,
			headers: { host: 'localhost:8080', 'content-type': 'application/json', 'x-kubejoin-session': key, ...headers },
			body,
		});

	it('every answer has the five headers, exactly', async () => {
		for (const asked of [
			{},
			{ path: '/absent' },
			{ path: '/%ff' },
			{ headers: { host: 'evil.example' } },
			{ method: 'POST', path: '/api/actions/join' },
			{ path: `/api/joins/${traceId}/steps/${joinedSpans[1]?.spanId}` },
		]) {
			const { headers } = await app.ask(asked);
			assert.equal(
				headers['content-security-policy'],
				"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			);
			assert.deepEqual(
				['cross-origin-opener-policy', 'cross-origin-resource-policy', 'referrer-policy', 'x-content-type-options'].map(
					(name) => headers[name],
				),
				['same-origin', 'same-origin', 'no-referrer', 'nosniff'],
			);
			assert.equal(headers['x-powered-by'], undefined);
		}
	});

	it('runs an action of its own page', async () => {
		const ownPage: Record<string, string>[] = [
			{},
			{ origin: 'http://localhost:8080' },
			{ 'sec-fetch-site': 'same-origin' },
		];
		for (const headers of ownPage) assert.equal((await act({ headers })).status, 200, JSON.stringify(headers));
		assert.deepEqual(done, Array(3).fill({ name: 'join' }));
	});

	it('refuses a request without the key of the session with PAGE_REQUEST_REFUSED', async () => {
		for (const presented of ['', 'k', key.slice(1), `${key}k`, key.toUpperCase(), `${key}, ${key}`]) {
			const { status, code } = await act({ headers: { 'x-kubejoin-session': presented } });
			assert.deepEqual([status, code], [403, 'PAGE_REQUEST_REFUSED'], presented);
		}
		assert.deepEqual(done, []);
	});

	it('refuses a page of another origin with PAGE_REQUEST_REFUSED, also with the key', async () => {
		for (const headers of [
			{ origin: 'https://evil.example' },
			{ origin: 'http://localhost:8081' },
			{ origin: 'http://localhost' },
			{ origin: 'null' },
			{ origin: 'nonsense' },
			{ 'sec-fetch-site': 'cross-site' },
			{ 'sec-fetch-site': 'same-site' },
		] as Record<string, string>[]) {
			assert.equal((await act({ headers })).code, 'PAGE_REQUEST_REFUSED', JSON.stringify(headers));
			const stream = await app.ask({ path: '/api/stream', headers: { host: 'localhost:8080', ...headers } });
			assert.equal(stream.code, 'PAGE_REQUEST_REFUSED', JSON.stringify(headers));
		}
		assert.deepEqual(done, []);
	});

	it('refuses another host name with PAGE_REQUEST_REFUSED', async () => {
		for (const host of ['evil.example', 'evil.example:8080', 'localhost.evil.example', '127.0.0.1.nip.io', '0.0.0.0']) {
			for (const path of ['/', '/api/stream', '/index.html'])
				assert.equal((await app.ask({ path, headers: { host } })).code, 'PAGE_REQUEST_REFUSED', host);
			assert.equal((await act({ headers: { host } })).code, 'PAGE_REQUEST_REFUSED', host);
		}
		for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:8080', '[::1]:8080'])
			assert.equal((await app.ask({ headers: { host } })).status, 200, host);
	});

	it('refuses invalid JSON, actions and names with PAGE_BAD_REQUEST', async () => {
		for (const asked of [
			{ headers: { 'content-type': 'text/plain' } },
			{ headers: { 'content-type': 'application/x-www-form-urlencoded' } },
			{ body: '{' },
			{ body: 'x' },
			{ body: '{}', headers: { 'content-encoding': 'gzip' } },
			{ headers: { 'content-type': 'application/json; charset=iso-8859-1' } },
			{ path: '/api/actions/delete-everything' },
			{ path: '/api/actions/%ff' },
			{ path: '/api/actions/approve' },
			{ path: '/api/actions/approve', body: '{"request":"--all"}' },
			{ path: '/api/actions/constructor' },
		] as Asked[]) {
			const { status, code } = await act(asked);
			assert.deepEqual([status, code], [400, 'PAGE_BAD_REQUEST'], JSON.stringify(asked));
			nowMs += 1_000;
		}
		assert.deepEqual(done, []);
	});

	it('refuses more than 4 kB with PAGE_TOO_LARGE', async () => {
		const max = limits.pageActionBytes.value;
		const body = (length: number) => `{"x":"${'x'.repeat(length - 8)}"}`;
		assert.equal((await act({ body: body(max) })).status, 200);
		const { status, code } = await act({ body: body(max + 1) });
		assert.deepEqual([status, code, counted], [413, 'PAGE_TOO_LARGE', ['pageActionBytes']]);
	});

	it('refuses actions with ACTIONS_DISABLED when it is read-only', async () => {
		app.close();
		await open({ mayAct: false });
		assert.equal((await act()).code, 'ACTIONS_DISABLED');
	});

	it('refuses more actions in a second than the limit with OBSERVER_BUSY', async () => {
		for (let number = 0; number < limits.pageActionsPerSecond.value; number++) assert.equal((await act()).status, 200);
		const { status, code, headers } = await act();
		assert.deepEqual([status, code, headers['retry-after']], [429, 'OBSERVER_BUSY', '1']);
		assert.deepEqual(counted, ['pageActionsPerSecond']);
		// A request that is refused for another reason takes no place.
		nowMs += 1_000;
		for (let number = 0; number < 20; number++) await act({ headers: { 'x-kubejoin-session': 'wrong' } });
		assert.equal((await act()).status, 200);
	});

	it('refuses more actions at the same time than the limit with OBSERVER_BUSY', async () => {
		app.close();
		await open({ waits: true });
		const waiting: Promise<unknown>[] = [];
		while (waiting.length < limits.pageActionsInFlight.value) {
			nowMs += 1_000;
			waiting.push(act());
			while (done.length < waiting.length) await new Promise((resolve) => setImmediate(resolve));
		}
		nowMs += 1_000;
		assert.equal((await act()).code, 'OBSERVER_BUSY');
		assert.deepEqual(counted, ['pageActionsInFlight']);
		for (const finish of finishes) finish();
		await Promise.all(waiting);
	});

	it('PAGE_NOT_FOUND: other paths and methods; PAGE_BAD_REQUEST: paths that cannot be decoded; never 500', async () => {
		for (const [method, path, status] of [
			['POST', '/', 404],
			['POST', '/index.html', 404],
			['DELETE', '/api/stream', 404],
			['GET', '/api/actions/join', 404],
			['GET', '//', 200],
			['GET', '//evil.example/%2e%2e', 404],
			['GET', '/../../etc/passwd', 404],
			['GET', '/%2e%2e/%2e%2e/etc/passwd', 404],
			['GET', '/%00', 404],
			['GET', '/%ff', 404],
			['GET', '/api/joins/%ff/stream', 400],
			['GET', '/api/joins/%ff/steps/1', 400],
			['GET', `/api/joins/${traceId}/steps/%ff`, 400],
			['GET', '/api/joins/absent/stream', 404],
			['GET', '/api/joins/__proto__/steps/constructor', 404],
			['GET', `/api/joins/${traceId}/steps/absent`, 404],
			['GET', `/${'x'.repeat(15_000)}`, 404],
			['OPTIONS', '/api/actions/join', 404],
			['PROPFIND', '/', 404],
		] as const) {
			const answer = await app.ask({ method, path });
			assert.equal(answer.status, status, path);
			assert.ok(answer.text.length < 1_000, path);
		}
		assert.ok(!logged.some((line) => line.includes('"level":"error"')), logged.join(''));
	});

	it('answers with the run of an experiment that started at a time', async () => {
		const answer = await app.ask({ path: '/api/experiments/wrong-pin/runs/7' });
		assert.deepEqual([answer.status, JSON.parse(answer.text)], [200, run]);
		for (const path of ['wrong-pin/runs/8', 'other/runs/7', 'wrong-pin/runs/x'])
			assert.equal((await app.ask({ path: `/api/experiments/${path}` })).status, 404);
	});

	describe('its streams', () => {
		let streams: IncomingMessage[];
		beforeEach(() => {
			streams = [];
		});
		afterEach(() => {
			for (const stream of streams) stream.destroy();
		});
		const follow = async (path = '/api/stream') => {
			const [response] = (await once(get({ port: app.port, host: '127.0.0.1', path, agent: false }), 'response')) as [
				IncomingMessage,
			];
			streams.push(response);
			return response;
		};

		it('send the session, each join, each step, then the storm', async () => {
			const response = await follow('/api/stream?steps=all');
			let text = '';
			for await (const chunk of response.setEncoding('utf8')) {
				text += chunk;
				if (text.includes('event: storm')) break;
			}
			const events = [...text.matchAll(/^event: (\w+)$/gm)].map(([, event]) => event);
			assert.deepEqual([...new Set(events)], ['session', 'experiments', 'join', 'step', 'storm']);
			assert.equal(events.filter((event) => event === 'step').length, 8);
			assert.equal(events.at(-1), 'storm');
		});

		it('leave out the joins that ended before a time', async () => {
			for (const [since, kinds] of [
				[0, ['session', 'experiments', 'join', 'storm']],
				[Date.now() * 2, ['session', 'experiments', 'storm']],
			] as const) {
				const response = await follow(`/api/stream?since=${since}`);
				let text = '';
				for await (const chunk of response.setEncoding('utf8')) {
					text += chunk;
					if (text.includes('event: storm')) break;
				}
				assert.deepEqual(
					[...text.matchAll(/^event: (\w+)$/gm)].map(([, event]) => event),
					kinds,
				);
			}
		});

		it('are refused with OBSERVER_BUSY above the limit of an address, until one ends', async () => {
			for (let number = 0; number < limits.pageStreamsPerAddress.value; number++)
				assert.equal((await follow()).statusCode, 200);
			const refused = await app.ask({ path: '/api/stream' });
			assert.deepEqual([refused.status, refused.code, refused.headers['retry-after']], [429, 'OBSERVER_BUSY', '5']);
			assert.equal((await app.ask({ path: `/api/joins/${traceId}/stream` })).status, 429);
			assert.deepEqual(counted, ['pageStreamsPerAddress', 'pageStreamsPerAddress']);
			streams.pop()?.destroy();
			for (let isOpen = false; !isOpen; ) isOpen = (await follow()).statusCode === 200;
		});
	});
});
