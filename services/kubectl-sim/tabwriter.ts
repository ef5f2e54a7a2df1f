/** Aligns columns byte for byte as Go's text/tabwriter, which kubectl and kubeadm use. */

export interface Tabs {
	readonly minWidth: number;
	/** Spaces after the widest cell. */
	readonly padding: number;
}

/** @source cli-runtime printers.GetNewTabWriter */
export const tableTabs: Tabs = { minWidth: 6, padding: 3 };
/** @source kubectl pkg/describe tabbedString */
export const describeTabs: Tabs = { minWidth: 0, padding: 2 };
/** @source kubeadm cmd/token.go */
export const tokenTabs: Tabs = { minWidth: 10, padding: 3 };

type Cells = string[];

/**
 * Pad every cell that ends with a tab. A column is as wide as its widest cell in adjacent lines; a line without that
 * cell ends the block.
 *
 * @param remembered  the widths of earlier calls for the same table
 */
export function alignTabs(text: string, { minWidth, padding }: Tabs, remembered?: number[]): string {
	const lines = text.split('\n').map((line) => line.split('\t'));
	const columns = Math.max(...lines.map((cells) => cells.length)) - 1;
	for (let column = 0; column < columns; column++) {
		for (const block of blocksOf(lines, column)) {
			const width = Math.max(
				minWidth,
				remembered?.[column] ?? 0,
				...block.map((cells) => lengthOf(cells[column]) + padding),
			);
			for (const cells of block) cells[column] += ' '.repeat(width - lengthOf(cells[column]));
			if (remembered !== undefined) remembered[column] = width;
		}
	}
	return lines.map((cells) => cells.join('')).join('\n');
}

/** Groups of adjacent lines whose cell in this column ends with a tab. */
function blocksOf(lines: readonly Cells[], column: number): Cells[][] {
	const blocks: Cells[][] = [[]];
	for (const cells of lines) {
		if (cells.length - 1 > column) blocks.at(-1)?.push(cells);
		else blocks.push([]);
	}
	return blocks.filter((block) => block.length > 0);
}

/** In characters, not in UTF-16 units. */
const lengthOf = (cell = ''): number => [...cell].length;
