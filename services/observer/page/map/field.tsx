/**
 * 61 or more nodes: a cell for each of the newest 1,000 on one canvas, in the order in which they started. Only cells
 * that changed are drawn. The table has these nodes as text.
 */
import { useLayoutEffect, useRef } from 'preact/hooks';
import { grouped } from '../format.ts';
import { useWords } from '../words.ts';
import { type Box, FIELD_COLUMNS, FIELD_ROWS } from './layout.ts';
import type { NodeState, Party } from './scene.ts';

const tokens = ['mutual', 'none', 'accent', 'accent-back', 'broken', 'strong', 'canvas'] as const;
type Colors = Readonly<Record<(typeof tokens)[number], string>>;

/** In pixels: a cell is wider than the gap. */
const gapOf = (cellWidth: number): number => (cellWidth < 8 ? 1 : 2);
/** A narrower field has no room for the summary in one line. */
const SUMMARY_WIDTH = 300;
const SHADES = 5;
const WIDTH_OF_CROSS = 1.6;

interface FieldProps {
	readonly nodes: readonly Party[];
	/** The number of all nodes, which can be more. */
	readonly all: number;
	readonly box: Box;
	readonly onOpen: (node: Party) => void;
}

export function Field({ nodes, all, box, onOpen }: FieldProps) {
	const { say, messages, duration } = useWords();
	const canvas = useRef<HTMLCanvasElement>(null);
	const drawn = useRef<string[]>([]);
	const colors = useRef<Colors | undefined>(undefined);
	const [fastest, slowest] = bounds(nodes);
	const gap = gapOf(box.width / FIELD_COLUMNS);
	const cell = { width: box.width / FIELD_COLUMNS, height: box.height / FIELD_ROWS };
	// Before the paint: the cells are those of the counts above them.
	useLayoutEffect(() => {
		const { current } = canvas;
		if (current === null) return;
		const scale = devicePixelRatio * (current.currentCSSZoom ?? 1);
		current.width = Math.round(box.width * scale);
		current.height = Math.round(box.height * scale);
		current.getContext('2d')?.scale(scale, scale);
		drawn.current = [];
	}, [box.width, box.height]);
	useLayoutEffect(() => {
		const { current } = canvas;
		const context = current?.getContext('2d');
		if (current === null || context == null) return;
		const now = colorsOf(current, colors.current);
		if (now !== colors.current) drawn.current = [];
		colors.current = now;
		for (let index = 0; index < FIELD_COLUMNS * FIELD_ROWS; index++) {
			const node = nodes[index];
			const shade = node === undefined ? 0 : shadeOf(node, fastest, slowest);
			const look = `${node?.node ?? ''}${shade}`;
			if (drawn.current[index] === look) continue;
			drawn.current[index] = look;
			const x = (index % FIELD_COLUMNS) * cell.width;
			const y = Math.floor(index / FIELD_COLUMNS) * cell.height;
			context.clearRect(x, y, cell.width, cell.height);
			drawCell(context, node?.node, shade, { x, y, width: cell.width - gap, height: cell.height - gap }, now);
		}
	});
	const nodeAt = ({ offsetX, offsetY }: MouseEvent): Party | undefined =>
		nodes[Math.floor(offsetY / cell.height) * FIELD_COLUMNS + Math.floor(offsetX / cell.width)];
	const titleOf = ({ id, node = 'Ready', join }: Party): string =>
		[
			id,
			node === 'joining' || node === 'refused' ? say(node) : node,
			...(join ? [duration(join.durationMs)] : []),
		].join(' · ');
	const counts = countStates(nodes);
	return (
		<div class="node-field" style={{ left: `${box.x}px`, top: `${box.y - 68}px`, width: `${box.width}px` }}>
			<p>
				{slowest > fastest && box.width >= SUMMARY_WIDTH && all === nodes.length
					? messages.fieldSummary(all, duration(fastest), duration(slowest))
					: messages.nodeCount(nodes.length, all)}
			</p>
			<ul>
				{(['Ready', 'NotReady', 'joining', 'refused'] as const).map((state) => (
					<li key={state} class={`cell-${state}`}>
						<span aria-hidden="true" />
						{state === 'joining' || state === 'refused' ? say(state) : state} <strong>{grouped(counts[state])}</strong>
					</li>
				))}
			</ul>
			<canvas
				ref={canvas}
				style={{ width: `${box.width}px`, height: `${box.height}px` }}
				onClick={(event) => {
					const node = nodeAt(event);
					if (node !== undefined) onOpen(node);
				}}
				onMouseMove={(event) => {
					const node = nodeAt(event);
					event.currentTarget.title = node === undefined ? '' : titleOf(node);
				}}
			/>
		</div>
	);
}

/**
 * The present values of the tokens: a canvas does not read custom properties. The color of the canvas is the first of
 * them and changes with the theme, so the others are read only then.
 */
function colorsOf(canvas: HTMLCanvasElement, before: Colors | undefined): Colors {
	const style = getComputedStyle(canvas);
	if (style.color === before?.mutual) return before;
	const read = (token: (typeof tokens)[number]) => {
		canvas.style.color = `var(--${token})`;
		return [token, style.color] as const;
	};
	const colors = Object.fromEntries(tokens.map(read)) as Colors;
	canvas.style.color = '';
	return colors;
}

function countStates(nodes: readonly Party[]): Readonly<Record<NodeState, number>> {
	const counts = { Ready: 0, NotReady: 0, joining: 0, refused: 0 };
	for (const { node } of nodes) counts[node ?? 'Ready']++;
	return counts;
}

/** The shortest and the longest time to join. */
function bounds(nodes: readonly Party[]): readonly [number, number] {
	let [least, most] = [Number.POSITIVE_INFINITY, 0];
	for (const { join } of nodes) {
		if (join?.state !== 'joined') continue;
		least = Math.min(least, join.durationMs);
		most = Math.max(most, join.durationMs);
	}
	return [Number.isFinite(least) ? least : 0, most];
}

function shadeOf({ join }: Party, fastest: number, slowest: number): number {
	if (join?.state !== 'joined' || slowest <= fastest) return 0;
	return Math.min(SHADES - 1, Math.floor(((join.durationMs - fastest) / (slowest - fastest)) * SHADES));
}

function drawCell(
	context: CanvasRenderingContext2D,
	state: NodeState | undefined,
	shade: number,
	{ x, y, width, height }: Box,
	colors: Colors,
): void {
	context.globalAlpha = 1;
	context.lineWidth = WIDTH_OF_CROSS;
	context.beginPath();
	if (state === undefined) {
		context.fillStyle = colors.strong;
		context.fillRect(x + width / 2 - 0.75, y + height / 2 - 0.75, 1.5, 1.5);
		return;
	}
	if (state === 'refused') {
		context.strokeStyle = colors.broken;
		const half = Math.min(width, height) / 2 - 0.5;
		const [middleX, middleY] = [x + width / 2, y + height / 2];
		context.moveTo(middleX - half, middleY - half);
		context.lineTo(middleX + half, middleY + half);
		context.moveTo(middleX + half, middleY - half);
		context.lineTo(middleX - half, middleY + half);
		context.stroke();
		return;
	}
	context.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, 2);
	if (state === 'Ready') {
		context.globalAlpha = 1 - shade * 0.13;
		context.fillStyle = colors.mutual;
		context.fill();
		return;
	}
	context.strokeStyle = colors[state === 'joining' ? 'accent' : 'none'];
	context.fillStyle = colors[state === 'joining' ? 'accent-back' : 'canvas'];
	context.fill();
	if (state === 'NotReady') {
		context.moveTo(x + 1, y + height - 1);
		context.lineTo(x + width - 1, y + 1);
	}
	context.stroke();
}
