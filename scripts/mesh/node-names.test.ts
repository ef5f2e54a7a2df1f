import assert from 'node:assert/strict';
import { freeNodeIndexes, nodeName } from './node-names.ts';

describe('the names of nodes that npm start suggests', () => {
	const suggested = (taken: readonly string[], nodes: number) =>
		freeNodeIndexes(new Set(taken), nodes, 2).map(nodeName);

	it('are those after its own nodes', () => {
		assert.deepEqual(suggested(['node-1'], 1), ['node-2', 'node-3']);
		assert.deepEqual(suggested([], 0), ['node-1', 'node-2']);
	});

	it('exclude nodes of the cluster and nodes with files from an earlier start', () => {
		assert.deepEqual(suggested(['node-1', 'node-2', 'node-3'], 1), ['node-4', 'node-5']);
		assert.deepEqual(suggested(['node-1', 'node-3', 'other'], 1), ['node-2', 'node-4']);
	});
});
