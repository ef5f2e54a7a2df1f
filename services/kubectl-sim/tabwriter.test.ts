import { equal } from 'node:assert/strict';
import { alignTabs, describeTabs, tableTabs } from './tabwriter.ts';

describe('alignTabs', () => {
	it('pads to the widest cell and the minimum, but not the last cell', () => {
		equal(
			alignTabs('A\tNAME\tLAST\nlonger-cell\tb\t\n', tableTabs),
			'A             NAME   LAST\nlonger-cell   b      \n',
		);
	});

	it('ends a block at a line without the cell', () => {
		equal(alignTabs('a\tx\nlonger\tx\nTitle:\n  b\ty\n', describeTabs), 'a       x\nlonger  x\nTitle:\n  b  y\n');
	});

	it('counts characters, not UTF-16 units', () => {
		equal(alignTabs('\u{1f600}\u00e9\tx\n', describeTabs), '\u{1f600}\u00e9  x\n');
	});

	it('keeps the widths of a table that is printed in parts', () => {
		const widths: number[] = [];
		equal(alignTabs('long-name\tx\n', tableTabs, widths), 'long-name   x\n');
		equal(alignTabs('n\ty\n', tableTabs, widths), 'n           y\n');
	});
});
