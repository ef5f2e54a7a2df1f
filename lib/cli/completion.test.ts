import assert from 'node:assert/strict';
import { commandFunction } from './completion.ts';

describe('a completion script', () => {
	it('defines the command only where the shell does not find it', () => {
		assert.equal(
			commandFunction('bash', 'kubectl-sim', '/usr/bin/node', "/it's here/main.js"),
			`command -v kubectl-sim >/dev/null || kubectl-sim() { /usr/bin/node '/it'\\''s here/main.js' "$@"; }\n`,
		);
		assert.equal(
			commandFunction('fish', 'p', 'node', 'main.js'),
			'type -q p; or function p; node main.js $argv; end\n',
		);
	});
});
