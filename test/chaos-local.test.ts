/**
 * Runs every experiment on a mesh of local processes. Needs faketime and openssl. Each experiment restores the mesh, so
 * their order does not matter.
 */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { offerLab } from '../chaos/lab/drivers/local/offer-lab.ts';
import { stateEntries } from '../scripts/mesh/state-files.ts';
import { createStory } from '../scripts/mesh/story.ts';
import { experiments, lab, runExperiment, type Where } from './chaos.ts';
import { startTestMesh, type TestMesh } from './mesh/mesh.ts';

describe('experiments on a mesh of processes', function () {
	this.timeout('15m');
	let mesh: TestMesh;
	let where: Where;
	let stopLab: (() => Promise<void>) | undefined;

	before(async () => {
		const state = mkdtempSync(join(tmpdir(), 'kubejoin-chaos-'));
		// Experiments search the log files that the programs write under `npm start`.
		const story = createStory(state, () => undefined, undefined);
		mesh = await startTestMesh({ state, observer: { story: 'off' } }, story.line);
		where = { mesh: 'local', state, observer: mesh.page };
		stopLab = (await offerLab(mesh, mesh.options)).stop;
		await mesh.startNode('node-1', 1, await mesh.makeJoinConfig());
	});
	after(async () => {
		await stopLab?.();
		await mesh?.stopAndRemove();
	});

	const objects = async (): Promise<readonly string[]> => {
		const { api } = mesh;
		const lists = await Promise.all([
			api.nodes.list(),
			api.certificateSigningRequests.list(),
			api.secrets.list({ namespace: 'kube-system' }),
			api.clusterRoleBindings.list(),
		]);
		return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name ?? '')).sort();
	};

	for (const name of experiments) {
		it(name, async () => {
			const before = await objects();
			const { passed, problems } = await runExperiment(name, where);
			assert.ok(passed, problems.join('\n'));
			assert.deepEqual(await objects(), before, 'the cluster has other objects than before');
			assert.deepEqual(stateEntries(where.state).others, [], 'a reset of the cluster would keep these files');
		});
	}

	it('runs an experiment again, after which there is nothing to restore', async () => {
		const { passed, problems } = await runExperiment('wrong-pin', where);
		assert.ok(passed, problems.join('\n'));
		assert.equal((await lab(where, 'reset')).stdout, 'there was nothing to restore\n');
	});

	it('reset restores the mesh after an interrupted experiment', async () => {
		await lab(where, 'token', 'create', 'left');
		await lab(where, 'join', 'left-node', '--token', 'left');
		await lab(where, 'binding', 'remove', 'kubeadm:node-autoapprove-bootstrap');
		await lab(where, 'service', 'kill', 'token-store');
		const { stdout } = await lab(where, 'reset');
		assert.equal(
			stdout,
			'started token-store\nremoved left-node\nrestored kubeadm:node-autoapprove-bootstrap\ndeleted 1 tokens\n',
		);
		assert.match((await lab(where, 'steady')).stdout, /^steady: 5 services run/);
	});
});
