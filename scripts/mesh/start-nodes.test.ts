import assert from 'node:assert/strict';
import { nodesText } from './start-nodes.ts';

describe('the nodes that npm start shows', () => {
	const row = (name: string, status = 'Ready') => `${name.padEnd(9)}${status.padEnd(9)}<none>   3s    v1.37.2`;
	const list = (...rows: string[]) => ['NAME     STATUS   ROLES    AGE   VERSION', ...rows, ''].join('\n');

	it('are rows for the nodes of this start and a count of all others', () => {
		const listed = list(row('node-1'), row('node-2', 'NotReady'), row('node-7'), row('node-8'));
		assert.equal(nodesText(list(row('node-1')), ['node-1'], 'en'), list(row('node-1')));
		assert.equal(nodesText(listed, ['node-1'], 'en'), list(row('node-1'), 'and 3 other nodes, 2 of them Ready'));
	});

	it('are a count when there are many', () => {
		const names = Array.from({ length: 9 }, (_, index) => `node-${index + 1}`);
		const listed = list(...names.map((name) => row(name)));
		assert.equal(nodesText(listed, names, 'en'), '9 nodes, 9 of them Ready\n');
		assert.equal(nodesText(listed, names, 'zh'), '9 个节点，其中 9 个 Ready\n');
	});
});
