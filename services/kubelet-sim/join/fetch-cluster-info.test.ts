import assert from 'node:assert/strict';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { fetchClusterInfo } from './fetch-cluster-info.ts';
import { inTurn, notFound, refusedConnection, type TestTools, testTools } from './fixtures.test.ts';

const discoveryToken = { id: 'abcdef', secret: '0123456789abcdef' };
const needs = { endpoint: 'h:6443', discoveryToken, discoveryTimeoutMs: 600_000 };
/** For a discovery that fails: each further attempt has the same answer. */
const soon = { ...needs, discoveryTimeoutMs: 40 };
const signed = { data: { kubeconfig: 'k', 'jws-kubeconfig-abcdef': 'a..b', 'jws-kubeconfig-zzzzzz': 'c..d' } };

describe('fetch-cluster-info', () => {
	const made: TestTools[] = [];
	const run = (answers: readonly (object | Error)[], wanted = needs) => {
		const asked: unknown[][] = [];
		const answer = inTurn(...answers);
		const get = (...args: unknown[]) => {
			asked.push(args.slice(0, 2));
			return answer();
		};
		const tools = testTools({ configMaps: { get } });
		made.push(tools);
		return { tools, asked, result: Promise.resolve(fetchClusterInfo(tools).run(wanted)) };
	};
	afterEach(() => {
		for (const tools of made.splice(0)) tools.remove();
	});
	const fails = (result: Promise<unknown>, code: Parameters<typeof hasCode>[1], cause?: string) =>
		assert.rejects(result, (error) => hasCode(error, code) && (error as KubejoinError).details.cause === cause);

	it('requests cluster-info over an unverified connection, and returns the signature of its token', async () => {
		const { tools, asked, result } = run([signed]);
		assert.deepEqual(await result, { claimedClusterInfo: { kubeconfig: 'k', signature: 'a..b' } });
		assert.deepEqual(asked, [['cluster-info', 'kube-public']]);
		assert.deepEqual(tools.dialled, ['unverified h:6443', 'closed']);
	});

	it('retries while the server is unavailable or has not signed, and prints each reason once', async () => {
		const { tools, result } = run([refusedConnection(), refusedConnection(), { data: { kubeconfig: 'k' } }, signed]);
		assert.deepEqual((await result).claimedClusterInfo.signature, 'a..b');
		assert.equal(tools.said.length, 2);
		for (const line of tools.said) assert.match(line, /; retrying every 0.001 s for up to 600 s$/);
	});

	it('fails with CLUSTER_INFO_UNREACHABLE and the cause after the timeout, and closes the connection', async () => {
		const { tools, result } = run([refusedConnection()], soon);
		await fails(result, 'CLUSTER_INFO_UNREACHABLE', 'refused');
		assert.equal(tools.dialled.at(-1), 'closed');
		await fails(run([notFound()], soon).result, 'CLUSTER_INFO_UNREACHABLE', 'not-found');
		await fails(
			run([new KubejoinError('API_UNAUTHORIZED', {})], soon).result,
			'CLUSTER_INFO_UNREACHABLE',
			'unauthorized',
		);
		await fails(run([new Error('odd')], soon).result, 'CLUSTER_INFO_UNREACHABLE', undefined);
	});

	it('fails with CLUSTER_INFO_UNSIGNED for another token ID, also for a property of every object', async () => {
		await fails(
			run([{ data: { kubeconfig: 'k', 'jws-kubeconfig-zzzzzz': 'a..b' } }], soon).result,
			'CLUSTER_INFO_UNSIGNED',
		);
	});

	it('fails with CLUSTER_INFO_INVALID at once for a missing or too long kubeconfig', async () => {
		for (const data of [undefined, {}, { kubeconfig: '' }, { kubeconfig: 'x'.repeat(1024 * 1024 + 1) }]) {
			const { tools, asked, result } = run([
				data === undefined ? {} : { data: { ...signed.data, kubeconfig: '', ...data } },
			]);
			await fails(result, 'CLUSTER_INFO_INVALID');
			assert.deepEqual([asked.length, tools.said], [1, []]);
		}
	});

	it('ends with an abort', async () => {
		const stop = new AbortController();
		const tools = testTools({ configMaps: { get: inTurn(refusedConnection()) } }, stop.signal);
		made.push(tools);
		const result = fetchClusterInfo(tools).run(needs);
		stop.abort(new Error('stopped'));
		await assert.rejects(Promise.resolve(result), /stopped/);
	});
});
