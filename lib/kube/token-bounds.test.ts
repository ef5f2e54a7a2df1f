import assert from 'node:assert/strict';
import { boundsOf, groupOfNode, onceGroup } from './token-bounds.ts';

describe('the bounds of a bootstrap token', () => {
	it('are among its groups', () => {
		assert.deepEqual(boundsOf(['system:bootstrappers', groupOfNode('node-1') ?? '', 'g']), {
			node: 'node-1',
			isForOneNode: false,
		});
		assert.deepEqual(boundsOf([onceGroup]), { node: undefined, isForOneNode: true });
		assert.deepEqual(boundsOf(), { node: undefined, isForOneNode: false });
	});
	it('have no group for a node name with dots or an invalid name', () => {
		for (const name of ['a.b', '', '-a', 'a-', 'A', 'a:b', 'a'.repeat(64)])
			assert.equal(groupOfNode(name), undefined, name);
		assert.match(groupOfNode('a'.repeat(63)) ?? '', /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/);
	});
});
