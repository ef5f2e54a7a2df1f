import assert from 'node:assert/strict';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { inTurn, refusedConnection, type TestTools, testServer, testTools } from './fixtures.test.ts';
import { readConfig } from './read-config.ts';

const kubeadm = { data: { ClusterConfiguration: 'kubernetesVersion: v1.36.3\n' } };
const kubelet = { data: { kubelet: 'clusterDomain: example.org\n' } };

describe('read-config', () => {
	let tools: TestTools;
	let asked: unknown[][];
	const run = (...answers: readonly (object | Error)[]) => {
		asked = [];
		const answer = inTurn(...answers);
		const get = (...args: unknown[]) => {
			asked.push(args.slice(0, 2));
			return answer();
		};
		tools = testTools({ configMaps: { get } });
		const credential = { token: 'abcdef.0123456789abcdef' };
		return Promise.resolve(readConfig(tools).run({ server: testServer, credential, tlsBootstrapTimeoutMs: 600_000 }));
	};
	afterEach(() => tools.remove());

	it('reads both ConfigMaps with the token, in kubeadm’s order, and prints the settings', async () => {
		const { settings } = await run(kubeadm, kubelet);
		assert.deepEqual([settings.kubernetesVersion, settings.clusterDomain], ['v1.36.3', 'example.org']);
		assert.deepEqual(asked, [
			['kubeadm-config', 'kube-system'],
			['kubelet-config', 'kube-system'],
		]);
		assert.deepEqual(tools.dialled, ['with credential h:6443', 'closed']);
		assert.match(tools.said.join('\n'), /^\[preflight\] Kubernetes v1\.36\.3; cluster domain "example\.org"/m);
	});

	it('retries while the API server is unavailable, and not when it refuses the token', async () => {
		await run(refusedConnection(), kubeadm, kubelet);
		assert.equal(asked.length, 3);
		tools.remove();
		await assert.rejects(run(new KubejoinError('API_UNAUTHORIZED', {}) as Error), (error) =>
			hasCode(error, 'API_UNAUTHORIZED'),
		);
		assert.equal(asked.length, 1);
		assert.equal(tools.dialled.at(-1), 'closed');
	});
});
