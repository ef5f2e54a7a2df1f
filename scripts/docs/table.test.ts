import assert from 'node:assert/strict';
import { listItem, table } from './table.ts';

describe('generated Markdown', () => {
	it('pads the cells of a table to the widest one', () => {
		assert.equal(
			table(['a', 'b'], [['long cell', 'c']]),
			'| a         | b   |\n| --------- | --- |\n| long cell | c   |',
		);
	});

	it('breaks a list item between words and never inside inline code', () => {
		const item = listItem(`${'word '.repeat(22)}\`kubectl get nodes\` end`);
		assert.deepEqual(item.split('\n'), [`- ${'word '.repeat(22).trim()}`, '  `kubectl get nodes` end']);
	});
});
