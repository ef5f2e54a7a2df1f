import assert from 'node:assert/strict';
import fc from 'fast-check';
import { overhear, withoutEventName } from './overhear.ts';

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

	it('does not count the name of an Event, and counts everything else in it', () => {
		const [create, patch] = ['/kubejoin.v1.Events/Create', '/kubejoin.v1.Events/Patch'];
		const name = 'caught.18a2b3c4d5e6f708';
		const heard = (method: string, message: object) => overhear(undefined, withoutEventName(method, message));
		assert.deepEqual(heard(create, { metadata: { name, namespace: 'default' } }), none);
		assert.deepEqual(heard(patch, { name, document: '{"count":2}' }), none);
		assert.deepEqual(heard(create, { metadata: { name, annotations: { a: token } }, message: 'x' }), once);
		assert.deepEqual(heard(create, { metadata: { name }, message: `x-${token}` }), once);
		assert.deepEqual(heard(patch, { name, document: `{"message":"${token}"}` }), once);
		assert.deepEqual(heard('/kubejoin.v1.Nodes/Create', { metadata: { name: token } }), once);
	});

	it('counts a token between any other characters, and returns no secret', () => {
		const noWord = fc.string().map((text) => text.replace(/[A-Za-z0-9.]/g, ' '));
		fc.assert(
			fc.property(noWord, noWord, fc.nat(5), (start, end, depth) => {
				let message: unknown = `${start}${token}${end}`;
				for (let level = 0; level < depth; level++) message = level % 2 === 0 ? [message] : { field: message };
				const found = overhear(undefined, message);
				assert.deepEqual(found, once);
				assert.equal(JSON.stringify(found).includes('0123456789abcdef'), false);
			}),
			{ numRuns: 50 },
		);
	});

	it('finds the known secret of another token in the same text', () =>
		assert.deepEqual(overhear(undefined, `zzzzzz.aaaaaaaaaaaaaaaa and 0123456789abcdef`, stolen), {
			tokenBytes: 32,
			tokenIds: ['zzzzzz', 'abcdef'],
		}));
});
