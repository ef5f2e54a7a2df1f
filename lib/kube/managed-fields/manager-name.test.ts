import assert from 'node:assert/strict';
import { managerName } from './manager-name.ts';

describe('name of a field manager', () => {
	it('is the stated one, or the User-Agent before the slash', () => {
		assert.equal(managerName('m', 'kubectl/v1'), 'm');
		assert.equal(managerName('', 'kubectl-1.37/v1.37.1 (linux/amd64) kubernetes/f78e722'), 'kubectl-1.37');
		assert.equal(managerName('', ''), '');
	});
	it('has only printable characters of a User-Agent, and at most 128 bytes', () => {
		assert.equal(managerName('', 'a\u0000b\u202Ec/v1'), 'abc');
		assert.equal(managerName('', 'é'.repeat(100)), 'é'.repeat(64));
	});
});
