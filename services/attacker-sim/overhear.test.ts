import assert from 'node:assert/strict';
import { overhear } from './overhear.ts';

const token = 'abcdef.0123456789abcdef';
const stolen = [{ id: 'abcdef', secret: '0123456789abcdef' }];
const none = { tokenBytes: 0, tokenIds: [] };
const once = { tokenBytes: 16, tokenIds: ['abcdef'] };

describe('an overheard request', () => {
	it('counts the bytes of the secret of a bearer token', () => assert.deepEqual(overhear(`Bearer ${token}`, {}), once));
	it('counts a token anywhere in a message, also in a name, a list, or base64', () => {
		assert.deepEqual(overhear(undefined, { metadata: { annotations: { a: [`x ${token}`] } } }), once);
		assert.deepEqual(overhear(undefined, { [token]: 1 }), once);
		assert.deepEqual(
			overhear(undefined, { data: { kubeconfig: Buffer.from(`token: ${token}\n`).toString('base64') } }),
			once,
		);
	});
	it('counts each occurrence', () =>
		assert.equal(overhear(`Bearer ${token}`, { a: token, b: `${token} ${token}` }).tokenBytes, 64));
	it('lists two tokens', () =>
		assert.deepEqual(overhear(`Bearer ${token}`, { a: 'zzzzzz.aaaaaaaaaaaaaaaa' }).tokenIds, ['abcdef', 'zzzzzz']));
	it('counts a known secret without its ID, and not twice with its ID', () => {
		assert.deepEqual(overhear(undefined, { secret: '0123456789abcdef' }, stolen), once);
		assert.deepEqual(overhear(undefined, { secret: '0123456789abcdef' }), none);
		assert.deepEqual(overhear(`Bearer ${token}`, {}, stolen), once);
	});
	it('does not count an ID, a longer word, or data of a node', () => {
		for (const text of [
			'abcdef',
			'system:bootstrap:abcdef',
			`x${token}`,
			`${token}0`,
			'kubeadm.alpha.kubernetes.io/cri-socket',
			'ABCDEF.0123456789abcdef',
		])
			assert.deepEqual(overhear(text, { text }), none);
		assert.deepEqual(overhear(undefined, undefined), none);
		assert.deepEqual(overhear(undefined, { a: null, b: 1, c: true }), none);
	});
});
