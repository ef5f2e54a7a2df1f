import assert from 'node:assert/strict';
import { type ErrorCode, hasCode } from '../../../lib/errors.ts';
import { confirm, trustedServer } from './confirm.ts';
import { inTurn, type TestTools, testTools } from './fixtures.test.ts';
import type { PinnedCa, SignedKubeconfig } from './trust.ts';

const needs = {
	endpoint: 'h:6443',
	discoveryToken: { id: 'abcdef', secret: '0123456789abcdef' },
	discoveryTimeoutMs: 40,
	pinnedCa: 'the pinned CA' as PinnedCa,
	signedKubeconfig: 'signed' as SignedKubeconfig,
	namedServer: { server: 'https://api.example:8443' },
};
const clusterInfo = (kubeconfig: string) => ({ data: { kubeconfig, 'jws-kubeconfig-abcdef': 'a..b' } });

describe('confirm', () => {
	let tools: TestTools;
	const run = (kubeconfig: string) => {
		tools = testTools({ configMaps: { get: inTurn(clusterInfo(kubeconfig)) } });
		return Promise.resolve(confirm(tools).run(needs));
	};
	afterEach(() => tools.remove());
	const fails = (result: Promise<unknown>, code: ErrorCode) => assert.rejects(result, (error) => hasCode(error, code));

	it('asks once more, verified with the pinned CA, and then trusts the server that cluster-info names', async () => {
		assert.deepEqual(await run('signed'), {
			server: { url: 'https://api.example:8443', target: 'api.example:8443', ca: 'the pinned CA' },
		});
		assert.deepEqual(tools.dialled, ['verified h:6443 the pinned CA', 'closed']);
	});

	it('CLUSTER_INFO_CHANGED when a single byte is another; the connection is closed', async () => {
		for (const other of ['signeD', 'signed ', 'signed\n', 'sign', 'signed\0']) {
			await fails(run(other), 'CLUSTER_INFO_CHANGED');
			assert.equal(tools.dialled.at(-1), 'closed');
			tools.remove();
		}
		tools = testTools();
	});

	it('the address of the server: default port, IPv6, a name to verify; CLUSTER_INFO_INVALID for one that cannot be dialled', () => {
		tools = testTools();
		const target = (server: string) => trustedServer({ server }, needs.pinnedCa).target;
		assert.equal(target('https://h'), 'h:443');
		assert.equal(target('https://[::1]:6443'), '[::1]:6443');
		assert.equal(trustedServer({ server: 'https://h', tlsServerName: 'n' }, needs.pinnedCa).tlsServerName, 'n');
		assert.throws(() => target('https://b%C3%BCcher!:1/'));
	});
});
