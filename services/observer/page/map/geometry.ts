/** The curves of the lines of a scene, between the boxes of a layout. */
import {
	ATTACKER,
	type Box,
	type Curve,
	curveOf,
	type Layout,
	type Point,
	pointAt,
	portOf,
	type Side,
	sidesOf,
} from './layout.ts';
import type { MapLine, Scene } from './scene.ts';

export interface Drawn {
	readonly line: MapLine;
	readonly curve: Curve;
	/** A branch has no padlock of its own: its trunk has it. */
	readonly kind: 'line' | 'branch' | 'trunk';
	/** Where the padlock, the count or the octagon is: of the curve, 0 to 1, and as a point. */
	readonly share: number;
	readonly middle: Point;
}

interface End {
	readonly box: Box;
	readonly side: Side;
	/** Sorts the ports of a side: the ends of two lines do not cross. */
	readonly other: Point;
	port: Point;
}

const LEAST_IN_TRUNK = 2;

export function drawnLines(scene: Scene, layout: Layout): readonly Drawn[] {
	const boxOf = (id: string): Box | undefined => (id === 'nodes' ? layout.nodes : layout.boxes.get(id));
	const { trunks, single } = split(scene.lines);
	const ends = new Map<string, readonly [End, End]>();
	const door = boxOf('apiserver-sim');
	for (const line of single) {
		const [from, to] = [boxOf(line.from), boxOf(line.to)];
		if (from !== undefined && to !== undefined) ends.set(line.id, endsOf(from, to, sidesOf(from, to)));
	}
	const drawn: Drawn[] = [];
	for (const lines of trunks) {
		const boxes = lines.flatMap(({ from }) => boxOf(from) ?? []);
		if (door === undefined || boxes.length === 0) continue;
		const around = boundsOf(boxes);
		ends.set(trunkId(lines), endsOf(around, door, sidesOf(around, door)));
	}
	if (layout.isTall) for (const [id, pair] of ends) straighten(id, pair, layout);
	else spread([...ends.values()].flat());
	if (scene.level === 'field') for (const end of [...ends.values()].flat()) if (end.box === layout.nodes) leave(end);
	for (const line of single) {
		const pair = ends.get(line.id);
		if (pair !== undefined) drawn.push(drawnOf(line, pair, layout.boxes.get(ATTACKER)));
	}
	for (const lines of trunks) {
		const pair = ends.get(trunkId(lines));
		if (pair !== undefined) drawn.push(...trunkOf(lines, pair, boxOf));
	}
	return drawn;
}

const trunkId = ([first, ...rest]: readonly MapLine[]): string =>
	`nodes~${first?.to}~${first?.protection}~${rest.length}`;

/** The lines of idle nodes with the same protection are one trunk. */
function split(lines: readonly MapLine[]): {
	readonly trunks: readonly MapLine[][];
	readonly single: readonly MapLine[];
} {
	const groups = new Map<string, MapLine[]>();
	for (const line of lines) {
		if (!line.from.startsWith('node') && line.from !== 'nodes' && !isOfNode(line)) continue;
		if (line.isLit || line.protection === 'broken' || line.to !== 'apiserver-sim' || line.from === 'nodes') continue;
		const group = groups.get(line.protection);
		if (group === undefined) groups.set(line.protection, [line]);
		else group.push(line);
	}
	const trunks = [...groups.values()].filter(({ length }) => length >= LEAST_IN_TRUNK);
	const inTrunk = new Set(trunks.flat());
	return { trunks, single: unique(lines.filter((line) => !inTrunk.has(line))) };
}

const services = new Set(['apiserver-sim', 'token-store', 'controller-manager-sim', 'ca-service', 'attacker-sim']);
const isOfNode = ({ from }: MapLine): boolean => !services.has(from) && from !== 'observer' && from !== 'kubectl-sim';

/** Two programs can have lines of two protections; the last is shown. */
const unique = (lines: readonly MapLine[]): readonly MapLine[] => [
	...new Map(lines.map((line) => [line.id, line])).values(),
];

function endsOf(from: Box, to: Box, [out, into]: readonly [Side, Side]): readonly [End, End] {
	return [
		{ box: from, side: out, other: centerOf(to), port: portOf(from, out, 0.5) },
		{ box: to, side: into, other: centerOf(from), port: portOf(to, into, 0.5) },
	];
}

/** Distributes the ends on each side of each box. */
function spread(ends: readonly End[]): void {
	const sides = new Map<string, End[]>();
	for (const end of ends) {
		const key = `${end.box.x} ${end.box.y} ${end.side}`;
		const own = sides.get(key);
		if (own === undefined) sides.set(key, [end]);
		else own.push(end);
	}
	for (const own of sides.values()) {
		const isVertical = own[0]?.side === 'top' || own[0]?.side === 'bottom';
		own.sort((a, b) => (isVertical ? a.other.x - b.other.x : a.other.y - b.other.y));
		for (const [index, end] of own.entries()) end.port = portOf(end.box, end.side, (index + 1) / (own.length + 1));
	}
}

const SEAL_RADIUS = 8;

/** A seal on the edge of the field would cover a part of a cell. */
function leave(end: End): void {
	const { x, y } = end.port;
	end.port = {
		x: x + (end.side === 'right' ? SEAL_RADIUS : end.side === 'left' ? -SEAL_RADIUS : 0),
		y: y + (end.side === 'bottom' ? SEAL_RADIUS : end.side === 'top' ? -SEAL_RADIUS : 0),
	};
}

/** In the tall layout every line is a vertical one; that of the controller passes left of token-store. */
function straighten(id: string, [from, to]: readonly [End, End], { boxes, nodes }: Layout): void {
	const narrow = from.box.width < to.box.width ? from.box : to.box;
	// Beside the card of a node that joins.
	const isOfAll = from.box === nodes && from.box.width === to.box.width;
	const passed = boxes.get('token-store');
	const isPassing = id === 'controller-manager-sim~apiserver-sim' && passed !== undefined;
	const x = isPassing ? (to.box.x + passed.x) / 2 : isOfAll ? from.box.x + from.box.width / 4 : centerOf(narrow).x;
	for (const end of [from, to]) end.port = { x, y: end.port.y };
}

function drawnOf(line: MapLine, [from, to]: readonly [End, End], attacker: Box | undefined): Drawn {
	const curve = curveOf(from.port, to.port, from.side === 'top' || from.side === 'bottom');
	return { line, curve, kind: 'line', ...freePlace(curve, attacker) };
}

const LOCK_RADIUS = 14;

/** The middle of a line, or a point beside the attacker, whose hexagon can be in its way. */
function freePlace(curve: Curve, taken: Box | undefined): Pick<Drawn, 'share' | 'middle'> {
	const isFree = ({ x, y }: Point) =>
		taken === undefined ||
		x < taken.x - LOCK_RADIUS ||
		x > taken.x + taken.width + LOCK_RADIUS ||
		y < taken.y - LOCK_RADIUS ||
		y > taken.y + taken.height + LOCK_RADIUS;
	const places = [0.5, 0.25, 0.75].map((share) => ({ share, middle: pointAt(curve, share) }));
	return places.find(({ middle }) => isFree(middle)) ?? { share: 0.5, middle: pointAt(curve, 0.5) };
}

const MEET_SHARE = 0.28;

function trunkOf(
	lines: readonly MapLine[],
	[from, to]: readonly [End, End],
	boxOf: (id: string) => Box | undefined,
): readonly Drawn[] {
	const attacker = boxOf(ATTACKER);
	const [first] = lines;
	if (first === undefined) return [];
	const isVertical = from.side === 'top' || from.side === 'bottom';
	const meet = isVertical
		? { x: to.port.x, y: from.port.y + (to.port.y - from.port.y) * MEET_SHARE }
		: { x: from.port.x + (to.port.x - from.port.x) * MEET_SHARE, y: to.port.y };
	const branches = lines.flatMap((line): Drawn[] => {
		const box = boxOf(line.from);
		if (box === undefined) return [];
		const curve = curveOf(portOf(box, from.side, 0.5), meet, isVertical);
		return [{ line, curve, kind: 'branch', ...freePlace(curve, undefined) }];
	});
	const trunk: MapLine = { ...first, id: trunkId(lines), from: 'nodes', count: lines.length };
	const curve = curveOf(meet, to.port, isVertical);
	return [...branches, { line: trunk, curve, kind: 'trunk', ...freePlace(curve, attacker) }];
}

const centerOf = ({ x, y, width, height }: Box): Point => ({ x: x + width / 2, y: y + height / 2 });

function boundsOf(boxes: readonly Box[]): Box {
	const x = Math.min(...boxes.map((box) => box.x));
	const y = Math.min(...boxes.map((box) => box.y));
	const right = Math.max(...boxes.map((box) => box.x + box.width));
	const bottom = Math.max(...boxes.map((box) => box.y + box.height));
	return { x, y, width: right - x, height: bottom - y };
}

/** The curve on which a message moves. */
export function curveFor(
	drawn: readonly Drawn[],
	{ from, to }: { readonly from: string; readonly to: string },
): { readonly line: string; readonly curve: Curve; readonly isReversed: boolean } | undefined {
	const straight = drawn.find(({ line, kind }) => kind !== 'trunk' && line.from === from && line.to === to);
	const back = straight ?? drawn.find(({ line, kind }) => kind !== 'trunk' && line.from === to && line.to === from);
	const found = back ?? drawn.find(({ line, kind }) => line.from === 'nodes' && kind !== 'branch' && line.to === to);
	if (found === undefined) return undefined;
	return { line: found.line.id, curve: found.curve, isReversed: straight === undefined && back !== undefined };
}
