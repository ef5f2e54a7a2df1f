import assert from 'node:assert/strict';
import { type ErrorCode, hasCode } from '../../../lib/errors.ts';
import type { PinnedCa, SignedKubeconfig } from '../trust.ts';
import { trustedServer } from '../trusted-server.ts';
import { confirm } from './confirm.ts';
import { inTurn, type TestTools, testTools } from './fixtures.test.ts';

const needs = {
	endpoint: 'h:6443',
	discoveryToken: { id: 'abcdef', secret: '0123456789abcdef' },
	discoveryTimeoutMs: 600_000,
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

	it('requests cluster-info again, verified with the pinned CA, and then trusts its server', async () => {
		assert.deepEqual(await run('signed'), {
			server: { url: 'https://api.example:8443', target: 'api.example:8443', ca: 'the pinned CA' },
		});
		assert.deepEqual(tools.dialled, ['verified h:6443 the pinned CA', 'closed']);
	});

	it('fails with CLUSTER_INFO_CHANGED when one byte differs, and closes the connection', async () => {
		for (const other of ['signeD', 'signed ', 'signed\n', 'sign', 'signed\0']) {
			await fails(run(other), 'CLUSTER_INFO_CHANGED');
			assert.equal(tools.dialled.at(-1), 'closed');
			tools.remove();
		}
		tools = testTools();
	});

	it('reads the address with default port, IPv6 and server name, and refuses one that cannot be dialled', () => {
		tools = testTools();
		const target = (server: string) => trustedServer({ server }, needs.pinnedCa).target;
		assert.equal(target('https://h'), 'h:443');
		assert.equal(target('https://[::1]:6443'), '[::1]:6443');
		assert.equal(trustedServer({ server: 'https://h', tlsServerName: 'n' }, needs.pinnedCa).tlsServerName, 'n');
		assert.throws(() => target('https://b%C3%BCcher!:1/'));
	});
});
