import assert from 'node:assert/strict';
import { fieldManagerProblems, managerName, patchOptionProblems } from './manager-name.ts';

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
	it('is required for an apply', () => {
		const [problem] = patchOptionProblems(true, { fieldManager: '' });
		assert.equal(`${problem?.field}: ${problem?.message}`, 'fieldManager: Required value: is required for apply patch');
	});
	it('is refused when it is long or unprintable', () => {
		const messages = fieldManagerProblems(`${'x'.repeat(128)}\n`).map(({ message }) => message);
		assert.equal(messages[0], 'Too long: may not be more than 128 bytes');
		assert.match(messages[1] ?? '', /^Invalid value: .*: invalid character U\+000A \(at position 128\)$/);
	});
	it('may come with force only for an apply', () => {
		const [problem] = patchOptionProblems(false, { fieldManager: 'm', force: false });
		assert.equal(problem?.message, 'Forbidden: may not be specified for non-apply patch');
		assert.deepEqual(patchOptionProblems(true, { fieldManager: 'm', force: true }), []);
	});
});
