import assert from 'node:assert/strict';
import { newClusterRemedy } from './causes.ts';

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
