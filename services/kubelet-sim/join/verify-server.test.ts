import assert from 'node:assert/strict';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import type { FileCa } from '../trust.ts';
import { inTurn, refusedConnection, type TestTools, testTools } from './fixtures.test.ts';
import { verifyServer } from './verify-server.ts';

const needs = {
	fileCa: 'the CA of the file' as FileCa,
	namedServer: { server: 'https://h:6443', endpoint: 'h:6443' },
	tlsBootstrapToken: '',
	discoveryTimeoutMs: 600_000,
};
const published = (server: string) => ({
	data: { kubeconfig: JSON.stringify({ clusters: [{ name: '', cluster: { server } }] }) },
});

describe('verify-server', () => {
	let tools: TestTools;
	const run = (answers: readonly (object | Error)[], more: object = {}) => {
		tools = testTools({ configMaps: { get: inTurn(...answers) } });
		return Promise.resolve(verifyServer(tools).run({ ...needs, ...more }));
	};
	afterEach(() => tools.remove());

	it('requests cluster-info over TLS verified with the CA of the file, and trusts the server of the file', async () => {
		const { server } = await run([published('https://h:6443')]);
		assert.deepEqual([server.target, server.ca], ['h:6443', 'the CA of the file']);
		assert.deepEqual(tools.dialled, ['verified h:6443 the CA of the file', 'closed']);
		assert.deepEqual(tools.said, []);
	});

	it('uses the credential in the file', async () => {
		await run([published('https://h:6443')], { fileCredential: { token: 't' } });
		assert.deepEqual(tools.dialled, ['with credential h:6443', 'closed']);
	});

	it('forgets the other fields of the file with a token of the command line, as kubeadm does', async () => {
		const namedServer = { ...needs.namedServer, tlsServerName: 'n' };
		assert.equal((await run([{}], { namedServer })).server.tlsServerName, 'n');
		tools.remove();
		const { server } = await run([{}], { namedServer, tlsBootstrapToken: 'abcdef.0123456789abcdef' });
		assert.equal(server.tlsServerName, undefined);
	});

	it('keeps the server of the file when cluster-info names another, and prints a warning', async () => {
		const { server } = await run([published('https://elsewhere:6443')]);
		assert.equal(server.target, 'h:6443');
		assert.match(
			tools.said.join(),
			/"https:\/\/h:6443" in use is different from the endpoint "https:\/\/elsewhere:6443"/,
		);
	});

	it('continues when it may not read cluster-info, or cluster-info is malformed', async () => {
		const details = { resource: 'configmaps', group: '', name: 'cluster-info', because: 'no' };
		const forbidden = new KubejoinError('API_FORBIDDEN', details as never) as Error;
		assert.equal((await run([forbidden])).server.target, 'h:6443');
		assert.match(tools.said.join(), /but the TLS cert is valid so proceeding\.\.\.$/);
		for (const data of [{}, { kubeconfig: '[' }, { kubeconfig: 'a: 1' }]) {
			tools.remove();
			assert.equal((await run([{ data }])).server.target, 'h:6443');
		}
	});

	it('names the credential of the file as the cause when the API server does not accept it', async () => {
		const cause = async (more: object) => {
			const unauthorized = new KubejoinError('API_UNAUTHORIZED', {}) as Error;
			const error = await run([unauthorized], { discoveryTimeoutMs: 0, ...more }).catch((thrown: unknown) => thrown);
			assert.ok(error instanceof KubejoinError);
			return String(error.details.cause);
		};
		assert.equal(await cause({ fileCredential: { certificate: 'c', key: 'k' } }), 'credential-refused');
		tools.remove();
		assert.equal(await cause({}), 'unauthorized');
	});

	it('retries until the timeout, and fails with CLUSTER_INFO_UNREACHABLE', async () => {
		assert.equal((await run([refusedConnection(), published('https://h:6443')])).server.target, 'h:6443');
		tools.remove();
		await assert.rejects(run([refusedConnection()], { discoveryTimeoutMs: 0 }), (error) =>
			hasCode(error, 'CLUSTER_INFO_UNREACHABLE'),
		);
		assert.equal(tools.dialled.at(-1), 'closed');
	});
});
