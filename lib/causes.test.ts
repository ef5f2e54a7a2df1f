import assert from 'node:assert/strict';
import { newClusterRemedy, rejoinRemedy } from './causes.ts';

describe('the remedy for a lost CA', () => {
	it('deletes the cluster whose CA it is, also that of the containers', () => {
		for (const [path, command] of [
			['/tmp/a b/pki/ca-service/ca.key', "npm start -- --reset --state '/tmp/a b'"],
			['/pki/mesh-ca/mesh-ca.crt', 'docker compose down --volumes && docker compose up'],
			['/tmp/authority/ca-service/ca.key', 'npm start -- --reset'],
		] as const)
			assert.equal(
				newClusterRemedy(path),
				`Restore ${path} from a backup; without one, delete the cluster and start a new one: ${command}`,
			);
	});
});

describe('the remedy for a damaged identity of a node', () => {
	it('ends with the command that starts this node, where npm start does', () => {
		const begin = 'Let the node join again: rm x, then run the cluster for a minute without it: npm start -- --nodes 0';
		const file = 'etc/kubernetes/kubelet.conf';
		assert.equal(
			rejoinRemedy('rm x', `/tmp/a b/nodes/node-2/${file}`),
			`${begin} --state '/tmp/a b', then start the node: npm start -- --nodes 2 --state '/tmp/a b'`,
		);
		assert.equal(rejoinRemedy('rm x', `/s/nodes/mine/${file}`), `${begin} --state /s, then start the node`);
		assert.equal(rejoinRemedy('rm x', `/${file}`), `${begin}, then start the node`);
	});
});
