/**
 * Where each party of the map is. Positions follow from the role, never from an algorithm that searches: a party keeps
 * its place.
 */

/** `single`: a card for each node. `grouped`: tiles, and cards for a few. `field`: cells on a canvas. */
export type Level = 'single' | 'grouped' | 'field';

const bounds = [6, 60] as const;
const MARGIN = 0.1;
const levels = ['single', 'grouped', 'field'] as const;

/** The level changes only when the number of nodes crosses a bound by a tenth. */
export function levelOf(nodes: number, before: Level | undefined): Level {
	const plain = bounds.filter((bound) => nodes > bound).length;
	if (before === undefined) return levels[plain] ?? 'field';
	const now = levels.indexOf(before);
	const up = bounds.filter((bound) => nodes > bound * (1 + MARGIN)).length;
	const down = bounds.filter((bound) => nodes > bound * (1 - MARGIN)).length;
	return levels[Math.max(up, Math.min(now, down))] ?? before;
}

export interface Box {
	readonly x: number;
	readonly y: number;
	readonly width: number;
	readonly height: number;
}

/** A cubic curve between two ports. */
export interface Curve {
	readonly from: Point;
	readonly to: Point;
	readonly control: readonly [Point, Point];
}
export interface Point {
	readonly x: number;
	readonly y: number;
}

interface Heading extends Point {
	readonly of: 'nodes' | 'between' | 'door' | 'control';
}

export interface Content {
	readonly level: Level;
	/** Nodes with a card, in the order of their slots. */
	readonly cards: readonly string[];
	readonly tiles: number;
	readonly hasPerson: boolean;
	/** The node in whose way the attacker is. */
	readonly victim?: string | undefined;
	readonly hasStorage: boolean;
	readonly hasTelemetry: boolean;
	/** A node was refused: its note needs room. */
	readonly hasNote: boolean;
}

export interface Layout {
	readonly isTall: boolean;
	readonly width: number;
	readonly height: number;
	readonly boxes: ReadonlyMap<string, Box>;
	/** Of the tiles or of the field: all nodes without a card. */
	readonly nodes?: Box;
	/** Of the columns, from left to right. */
	readonly headings: readonly Heading[];
}

export const TALL_BELOW = 800;
const COMPACT_BELOW = 1_040;
const CARD = { width: 208, height: 64 };
const TOP = 44;
const GAP = 12;
export const TILE_STEP = 32;
export const TILES_IN_ROW = 6;
export const FIELD_COLUMNS = 50;
export const FIELD_ROWS = 20;
export const ATTACKER = 'attacker-sim';
const FEW_TILES = 9;
const HEADING_Y = 20;
const DOOR_HEIGHT = 92;
const STORE_WIDTH = 64;
export const NOTE_HEIGHT = 116;
const HEXAGON = { width: 156, height: 164 };

/** @param width, height  of the room, in pixels; the layout can be higher */
export function layoutOf(content: Content, width: number, height: number): Layout {
	return width < TALL_BELOW ? tall(content, width) : wide(content, width, Math.max(height, 400));
}

function wide(content: Content, width: number, height: number): Layout {
	const isCompact = width < COMPACT_BELOW;
	const margin = isCompact ? 20 : 44;
	const card = { ...CARD, width: isCompact ? 180 : CARD.width };
	const isField = content.level === 'field';
	// The field needs the room of the stores.
	const hasStorage = content.hasStorage && !isCompact && !isField;
	const storage = hasStorage ? STORE_WIDTH + 28 : 0;
	const fieldWidth = Math.min(620, width * (isCompact ? 0.25 : 0.4));
	const left = margin;
	const control = { ...card, width: isCompact ? 232 : 248 };
	const hasAttacker = content.victim !== undefined;
	// Beside a panel, an attack has the room of the control plane, which takes no part in it.
	const hasControl = !(hasAttacker && isCompact);
	const right = hasControl ? width - margin - control.width - storage : width - margin;
	const leftEnd = left + (isField ? fieldWidth : card.width);
	// The attacker needs its room between the nodes and the front door.
	const door = { width: isCompact ? 222 : 232, height: DOOR_HEIGHT };
	const doorShare = hasControl ? (hasAttacker ? 0.82 : isCompact ? (isField ? 0.68 : 0.57) : 0.52) : 1;
	const doorX = leftEnd + (right - leftEnd - door.width) * doorShare;
	const boxes = new Map<string, Box>();
	const middle = TOP + (height - TOP) * 0.4;
	boxes.set('apiserver-sim', { x: doorX, y: middle - door.height / 2, ...door });
	const controlY = [TOP + 8, middle - card.height / 2, height - card.height - 32];
	if (hasControl)
		for (const [index, name] of ['token-store', 'controller-manager-sim', 'ca-service'].entries())
			boxes.set(name, { x: right, y: controlY[index] ?? 0, ...control });
	if (hasStorage) placeStores(boxes, { width, margin, height });
	// The note is below the front door.
	if (content.hasNote) boxes.delete(storeOf('apiserver-sim'));
	if (content.hasTelemetry)
		boxes.set('observer', { x: doorX + (door.width - card.width) / 2, y: height - card.height - 32, ...card });
	const nodes = placeNodes(content, boxes, { left, width: leftEnd - left, card, height });
	if (content.victim !== undefined) placeAttacker(boxes, content.victim, leftEnd, doorX);
	const attacker = boxes.get(ATTACKER);
	return {
		...{ isTall: false, width, height, boxes },
		...(nodes === undefined ? {} : { nodes }),
		headings: [
			// The field has a summary there.
			...(isField ? [] : [{ of: 'nodes', x: left, y: HEADING_Y } as const]),
			...(attacker === undefined ? [] : [{ of: 'between', x: attacker.x, y: HEADING_Y } as const]),
			{ of: 'door', x: doorX, y: HEADING_Y },
			...(hasControl ? [{ of: 'control', x: right, y: HEADING_Y } as const] : []),
		],
	};
}

/** Beside its owner; that of the API server below it. */
function placeStores(
	boxes: Map<string, Box>,
	{ width, margin, height }: { readonly width: number; readonly margin: number; readonly height: number },
): void {
	const store = { width: STORE_WIDTH, height: 72 };
	for (const owner of ['token-store', 'ca-service']) {
		const box = boxes.get(owner);
		if (box !== undefined) boxes.set(storeOf(owner), { x: width - margin - STORE_WIDTH, y: box.y - 4, ...store });
	}
	const door = boxes.get('apiserver-sim');
	if (door === undefined) return;
	const y = Math.min(door.y + door.height + 72, height - store.height - 12);
	boxes.set(storeOf('apiserver-sim'), { x: door.x + door.width / 2 - STORE_WIDTH / 2, y, ...store });
}

export const storeOf = (owner: string): string => `store of ${owner}`;

interface Column {
	readonly left: number;
	readonly width: number;
	readonly card: { readonly width: number; readonly height: number };
	readonly height: number;
}

/** @returns the box of the tiles, or of the field */
function placeNodes(content: Content, boxes: Map<string, Box>, column: Column): Box | undefined {
	const { left, width, card, height } = column;
	let y = TOP;
	if (content.level === 'field') {
		const cell = width / FIELD_COLUMNS;
		return { x: left, y: y + 44, width, height: Math.min(height - y - 56, cell * 1.5 * FIELD_ROWS) };
	}
	if (content.hasPerson) {
		boxes.set('kubectl-sim', { x: left, y, ...card });
		y += card.height + 20;
	}
	const rows = Math.ceil(content.tiles / TILES_IN_ROW);
	const tiles = { x: left, y, width: TILES_IN_ROW * TILE_STEP, height: rows * TILE_STEP };
	if (rows > 0) y += tiles.height + 16;
	const slots = content.level === 'single' ? bounds[0] : Math.max(content.cards.length, 1);
	const step = Math.min(card.height + GAP, Math.max(40, (height - y - 8) / slots));
	for (const [index, id] of content.cards.entries())
		boxes.set(id, { x: left, y: y + index * step, width: card.width, height: Math.min(card.height, step - 8) });
	return rows > 0 ? tiles : undefined;
}

function placeAttacker(boxes: Map<string, Box>, victim: string, leftEnd: number, doorX: number): void {
	const box = boxes.get(victim);
	const center = box === undefined ? TOP + HEXAGON.height : box.y + box.height / 2;
	const x = leftEnd + (doorX - leftEnd) * 0.5 - HEXAGON.width / 2 + 24;
	boxes.set(ATTACKER, { x, y: Math.max(TOP, center - HEXAGON.height / 2), ...HEXAGON });
}

/** From top to bottom: the nodes beside the one that joins, then the services, each below its caller. */
function tall(content: Content, width: number): Layout {
	const margin = width < 480 ? 16 : 24;
	const inner = width - 2 * margin;
	const half = (inner - 12) / 2;
	const boxes = new Map<string, Box>();
	// A few tiles leave room for the card of the node that joins.
	const isWhole = content.level === 'field' || content.tiles > FEW_TILES || content.cards.length === 0;
	const hasNodes = content.tiles > 0 || content.level === 'field';
	const rows = Math.ceil(content.tiles / tilesPerRow(isWhole ? inner : half));
	const nodesHeight =
		content.level === 'field' ? (inner / FIELD_COLUMNS) * 1.4 * FIELD_ROWS + 60 : 44 + rows * TILE_STEP;
	const nodes = {
		x: margin,
		y: content.level === 'field' ? 84 : 16,
		width: isWhole ? inner : half,
		height: content.level === 'field' ? nodesHeight - 60 : Math.max(76, nodesHeight),
	};
	const cardsY = hasNodes && isWhole ? nodes.y + nodes.height + 12 : 16;
	for (const [index, id] of content.cards.slice(0, hasNodes ? 1 : 2).entries()) {
		const isRight = hasNodes || index === 1;
		const width = !hasNodes && content.cards.length === 1 ? inner : half;
		boxes.set(id, { x: isRight ? margin + half + 12 : margin, y: cardsY, width, height: 76 });
	}
	const bottom = Math.max(
		0,
		...[...boxes.values()].map((box) => box.y + box.height),
		hasNodes ? nodes.y + nodes.height : 0,
	);
	let y = (bottom === 0 ? 24 : Math.max(bottom, 96) + 64) + (content.hasNote ? NOTE_HEIGHT : 0);
	if (content.victim !== undefined) {
		boxes.set(ATTACKER, { x: margin + inner / 2 - HEXAGON.width / 2, y: y - 16, ...HEXAGON });
		y += HEXAGON.height + 40;
	}
	const shift = Math.min(108, inner * 0.3);
	boxes.set('apiserver-sim', { x: margin, y, width: inner, height: 68 });
	boxes.set('token-store', { x: margin + shift, y: y + 108, width: inner - shift, height: 60 });
	boxes.set('controller-manager-sim', { x: margin, y: y + 212, width: inner, height: 60 });
	boxes.set('ca-service', { x: margin, y: y + 316, width: inner, height: 60 });
	return {
		...{ isTall: true, width, height: y + 316 + 60 + 24, boxes },
		...(hasNodes ? { nodes } : {}),
		headings: [],
	};
}

export const tilesPerRow = (width: number): number => Math.max(1, Math.floor((width - 16) / TILE_STEP));

export type Side = 'left' | 'right' | 'top' | 'bottom';

/** The sides of two boxes that face each other. */
export function sidesOf(from: Box, to: Box): readonly [Side, Side] {
	if (from.x + from.width <= to.x) return ['right', 'left'];
	if (to.x + to.width <= from.x) return ['left', 'right'];
	return from.y < to.y ? ['bottom', 'top'] : ['top', 'bottom'];
}

/** A place on a side. @param share  0 to 1, from the top or from the left */
export function portOf({ x, y, width, height }: Box, side: Side, share: number): Point {
	if (side === 'left') return { x, y: y + height * share };
	if (side === 'right') return { x: x + width, y: y + height * share };
	return { x: x + width * share, y: side === 'top' ? y : y + height };
}

/** Leaves each port at a right angle to its side. */
export function curveOf(from: Point, to: Point, isVertical: boolean): Curve {
	const [dx, dy] = isVertical ? [0, (to.y - from.y) / 2] : [(to.x - from.x) / 2, 0];
	return {
		from,
		to,
		control: [
			{ x: from.x + dx, y: from.y + dy },
			{ x: to.x - dx, y: to.y - dy },
		],
	};
}

/** @param share  0 at the beginning, 1 at the end */
export function pointAt({ from, to, control: [a, b] }: Curve, share: number): Point {
	const rest = 1 - share;
	const weights = [rest ** 3, 3 * rest ** 2 * share, 3 * rest * share ** 2, share ** 3] as const;
	const sum = (key: 'x' | 'y') =>
		weights[0] * from[key] + weights[1] * a[key] + weights[2] * b[key] + weights[3] * to[key];
	return { x: sum('x'), y: sum('y') };
}

/** The path as SVG writes it. */
export const pathOf = ({ from, to, control: [a, b] }: Curve): string =>
	`M${round(from)}C${round(a)} ${round(b)} ${round(to)}`;
const round = ({ x, y }: Point): string => `${Math.round(x * 10) / 10} ${Math.round(y * 10) / 10}`;
