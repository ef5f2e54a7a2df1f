import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { parseKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { readKubeletVersion } from '../cluster-settings.ts';
import type { NodeIdentity } from '../identity.ts';
import { checkNodeName } from './check-node-name.ts';
import { notFound, type TestTools, testServer, testSettings, testTools } from './fixtures.test.ts';

const bootstrapToken = 'abcdef.0123456789abcdef';

describe('check-node-name', () => {
	let tools: TestTools;
	let asked: unknown[];
	const run = (answer: object | Error, replaces?: NodeIdentity, more: object = {}) => {
		asked = [];
		tools = testTools({
			nodes: {
				async get(name: string) {
					asked.push(name);
					if (answer instanceof Error) throw answer;
					return answer;
				},
			},
		});
		const needs = {
			server: testServer,
			credential: { token: bootstrapToken },
			settings: testSettings,
			isDryRun: false,
			nodeName: 'n',
			tlsBootstrapTimeoutMs: 60_000,
			replaces,
			...more,
		};
		return Promise.resolve(checkNodeName(tools).run(needs));
	};
	const node = (type: string, status: string) => ({
		status: {
			conditions: [
				{ type: 'Other', status: 'True' },
				{ type, status },
			],
		},
	});
	afterEach(() => tools.remove());

	it('writes the bootstrap kubeconfig with mode 0600, and sends the token', async () => {
		assert.deepEqual(await run(notFound()), {});
		assert.deepEqual(asked, ['n']);
		assert.deepEqual(tools.dialled, ['with credential h:6443', 'closed']);
		assert.equal(statSync(tools.paths.bootstrapKubeconfig).mode & 0o777, 0o600);
		assert.equal(readFileSync(tools.paths.kubeletConfiguration, 'utf8'), testSettings.kubeletConfiguration);
		assert.equal(await readKubeletVersion(tools.paths), 'v1.36.3');
		const text = readFileSync(tools.paths.bootstrapKubeconfig, 'utf8');
		const { clusters, contexts, users, currentContext } = parseKubeconfig(text, 'f');
		assert.deepEqual(users, [{ name: 'tls-bootstrap-token-user', user: { token: bootstrapToken } }]);
		assert.equal(currentContext, 'tls-bootstrap-token-user@kubernetes');
		assert.deepEqual([clusters[0]?.name, contexts[0]?.context.cluster], ['kubernetes', 'kubernetes']);
		assert.equal(statSync(tools.paths.kubernetesDirectory).mode & 0o777, 0o700);
		assert.ok(!tools.said.join().includes('0123456789abcdef'));
	});

	it('writes the discovery file that has the credential, with the name of the cluster from its configuration', async () => {
		const other = { name: 'o', context: { cluster: 'o', user: 'u' } };
		const fileKubeconfig = {
			clusters: [{ name: 'k', cluster: { server: 'https://h:6443', 'tls-server-name': 'n' } }],
			contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'x' } }, other],
			users: [{ name: 'u', user: { token: bootstrapToken } }],
			currentContext: 'c',
		};
		await run(notFound(), undefined, { fileKubeconfig, settings: { ...testSettings, clusterName: 'mine' } });
		assert.deepEqual(parseKubeconfig(readFileSync(tools.paths.bootstrapKubeconfig, 'utf8'), 'f'), {
			...fileKubeconfig,
			clusters: [{ ...fileKubeconfig.clusters[0], name: 'mine' }],
			contexts: [{ name: 'c', context: { cluster: 'mine', user: 'u', namespace: 'x' } }, other],
		});
	});

	it('refuses the name of a Ready node with NODE_NAME_TAKEN, but not its own', async () => {
		await assert.rejects(run(node('Ready', 'True')), (error) => hasCode(error, 'NODE_NAME_TAKEN'));
		assert.equal(tools.dialled.at(-1), 'closed');
		tools.remove();
		for (const answer of [node('Ready', 'False'), node('Ready', 'Unknown'), node('DiskPressure', 'True'), {}]) {
			assert.deepEqual(await run(answer), {});
			tools.remove();
		}
		assert.deepEqual(await run(node('Ready', 'True'), {} as NodeIdentity), {});
	});

	it('fails with any other refusal, and closes the connection', async () => {
		await assert.rejects(run(new KubejoinError('API_UNAUTHORIZED', {})), (error) => hasCode(error, 'API_UNAUTHORIZED'));
		assert.equal(tools.dialled.at(-1), 'closed');
	});
});
