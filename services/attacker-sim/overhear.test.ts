import assert from 'node:assert/strict';
import { overhear } from './overhear.ts';

const token = 'abcdef.0123456789abcdef';
const stolen = [{ id: 'abcdef', secret: '0123456789abcdef' }];
const none = { tokenBytes: 0, tokenIds: [] };
const once = { tokenBytes: 16, tokenIds: ['abcdef'] };

describe('what is overheard', () => {
	it('a bearer token is counted by the bytes of its secret half', () =>
		assert.deepEqual(overhear(`Bearer ${token}`, {}), once));
	it('so is one anywhere in a message, as a name, in a list, or in base64', () => {
		assert.deepEqual(overhear(undefined, { metadata: { annotations: { a: [`x ${token}`] } } }), once);
		assert.deepEqual(overhear(undefined, { [token]: 1 }), once);
		assert.deepEqual(
			overhear(undefined, { data: { kubeconfig: Buffer.from(`token: ${token}\n`).toString('base64') } }),
			once,
		);
	});
	it('each time counts', () =>
		assert.equal(overhear(`Bearer ${token}`, { a: token, b: `${token} ${token}` }).tokenBytes, 64));
	it('two tokens are two', () =>
		assert.deepEqual(overhear(`Bearer ${token}`, { a: 'zzzzzz.aaaaaaaaaaaaaaaa' }).tokenIds, ['abcdef', 'zzzzzz']));
	it('the secret half alone counts where it is known, and not twice with its token', () => {
		assert.deepEqual(overhear(undefined, { secret: '0123456789abcdef' }, stolen), once);
		assert.deepEqual(overhear(undefined, { secret: '0123456789abcdef' }), none);
		assert.deepEqual(overhear(`Bearer ${token}`, {}, stolen), once);
	});
	it('an ID alone, a longer word, and what a node says of itself are no token', () => {
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
