import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ErrorCode, hasCode, KubejoinError } from '../../../lib/errors.ts';
import { nodePaths } from '../../../lib/node-paths.ts';
import type { TrustedServer } from '../trust.ts';
import { checkNodeName } from './check-node-name.ts';
import { testSettings } from './fixtures.test.ts';
import type { JoinContext } from './join-context.ts';
import { retryWhileUnavailable } from './retry.ts';

const unavailable = () => new KubejoinError('AUTHENTICATOR_UNAVAILABLE', { retryAfterSeconds: 1 });

describe('a request of a join', () => {
	let said: string[];
	let answers: (string | Error)[];
	beforeEach(() => {
		said = [];
	});
	const answer = async () => {
		const next = answers.shift();
		assert.ok(next !== undefined, 'there is no further try');
		if (next instanceof Error) throw next;
		return next;
	};
	const tools = (signal = new AbortController().signal) => ({ retryMs: 0, signal, say: (s: string) => said.push(s) });
	const ask = (timeoutMs = 60_000) => retryWhileUnavailable(answer, { timeoutMs, waiting: 'Waiting' }, tools());

	it('is retried while a service is unavailable, and prints the reason once', async () => {
		answers = [
			...[unavailable(), unavailable()],
			new KubejoinError('CONNECTION_REFUSED', { target: 'h:1', problem: 'gone' }),
			new KubejoinError('DEADLINE_EXCEEDED', { target: 'h:1', method: 'Get', deadlineMs: 1 }),
			new KubejoinError('SHUTTING_DOWN', { service: 'apiserver-sim' }),
			'good',
		];
		assert.equal(await ask(), 'good');
		assert.equal(said.length, 4);
		assert.equal(said[0], `Waiting: ${unavailable().message}`);
	});

	it('is not retried after a refusal or an answer of another server', async () => {
		for (const refusal of [
			new KubejoinError('API_UNAUTHORIZED', {}),
			new KubejoinError('API_FORBIDDEN', { resource: 'nodes', group: '', name: '', because: 'no' }),
			new KubejoinError('PEER_REFUSED', { target: 'h:1', problem: 'x' }),
			new Error('unforeseen'),
		]) {
			answers = [refusal];
			await assert.rejects(ask(), refusal);
		}
	});

	it('fails with the last problem after the timeout', async () => {
		answers = [unavailable()];
		await assert.rejects(ask(0), (error) => hasCode(error, 'AUTHENTICATOR_UNAVAILABLE'));
	});

	it('is retried by check-node-name, too', async () => {
		const root = mkdtempSync(join(tmpdir(), 'kubejoin-node-'));
		try {
			const nodes = { get: answer };
			const phase = checkNodeName({
				...tools(),
				dial: { withCredential: () => ({ api: { nodes }, close: () => undefined }) },
				paths: nodePaths(root),
			} as unknown as JoinContext);
			const server = { url: 'https://h:1', ca: 'CA' } as unknown as TrustedServer;
			const credential = { token: 'abcdef.0123456789abcdef' };
			const needs = {
				server,
				credential,
				settings: testSettings,
				isDryRun: true,
				nodeName: 'a',
				tlsBootstrapTimeoutMs: 60_000,
			};
			answers = [unavailable(), new KubejoinError('API_NOT_FOUND', { resource: 'nodes', group: '', name: 'a' })];
			assert.deepEqual(await phase.run(needs), {});
			assert.match(said.at(-1) ?? '', /^\[kubelet-start\] Waiting for the API server to accept the token: /);
			const code: ErrorCode = 'API_UNAUTHORIZED';
			answers = [new KubejoinError(code, {})];
			await assert.rejects(
				async () => phase.run(needs),
				(error) => hasCode(error, code),
			);
		} finally {
			rmSync(root, { recursive: true });
		}
	});
});
