/** The drawing: cards, tiles or a field, the lines behind them, and the messages that move on these. */
import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Join } from '../../api.ts';
import type { Word } from '../catalogue.ts';
import { useWords } from '../words.ts';
import { Field } from './field.tsx';
import { type Drawn, drawnLines } from './geometry.ts';
import { TileRing } from './glyphs.tsx';
import {
	ATTACKER,
	type Box,
	type Layout,
	layoutOf,
	NOTE_HEIGHT,
	TILE_STEP,
	TILES_IN_ROW,
	tilesPerRow,
} from './layout.ts';
import { AllMarks, Lines } from './lines.tsx';
import type { Motion } from './motion.ts';
import { PartyCard } from './party.tsx';
import { isRefusedByNode, nameOf, type Party, type Scene } from './scene.ts';

interface DrawingProps {
	readonly scene: Scene;
	readonly lit: Join | undefined;
	readonly selected: string | undefined;
	readonly nowMs: number;
	readonly isConnected: boolean;
	readonly hasStorage: boolean;
	readonly onOpen: (id: string) => void;
	/** The width of the drawing changed. */
	readonly onRoom: (width: number) => void;
	readonly onDrawn: (drawn: readonly Drawn[]) => void;
	readonly onMotion: (room: HTMLElement) => Motion;
}

/** A map that is this wide is on a wall, or on a large screen. */
const WALL_WIDTH = 1_600;
const WALL_SCALE = 1.25;

export function Drawing(props: DrawingProps) {
	const { scene, lit, selected, nowMs, isConnected, hasStorage, onOpen, onRoom, onDrawn, onMotion } = props;
	const { say } = useWords();
	const root = useRef<HTMLDivElement>(null);
	const room = useRef<HTMLDivElement>(null);
	const motion = useRef<Motion | undefined>(undefined);
	const focused = useSignal<string | undefined>(undefined);
	const { width, height, scale } = useRoom(root, onRoom);
	const layout = useLayout(scene, { width, height }, lit, hasStorage);
	const drawn = drawnLines(scene, layout);
	onDrawn(drawn);
	useEffect(() => {
		if (room.current !== null) motion.current = onMotion(room.current);
	}, []);
	// The lines are at other places.
	useEffect(() => motion.current?.stop(), [layout]);
	const order = [...scene.parties.values()].filter(({ id }) => layout.boxes.has(id));
	const stop = order.some(({ id }) => id === focused.value) ? focused.value : order[0]?.id;
	const tileIds = scene.level === 'grouped' || layout.isTall ? scene.tiles : [];
	return (
		// biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys move between its buttons
		<div
			class={`drawing${isConnected ? '' : ' stale'}${layout.isTall ? ' tall' : ''}`}
			ref={root}
			onKeyDown={(event) => moveFocus(event, drawn, layout.boxes)}
		>
			<div class="sheet" style={{ height: `${layout.height}px`, zoom: scale }}>
				{layout.headings.map(({ of, x, y }) => (
					<p key={of} class={`heading ${of}`} style={{ left: `${x}px`, top: `${y}px` }}>
						{say(headingWords[of])}
					</p>
				))}
				{width > 0 && (
					<Lines
						drawn={drawn}
						width={layout.width}
						height={layout.height}
						selected={selected}
						name={(id) => nameOf(id, scene)}
						onOpen={({ id }) => onOpen(id)}
					/>
				)}
				{order.map((party) => (
					<PartyCard
						key={party.id}
						party={party}
						box={layout.boxes.get(party.id) as Box}
						nowMs={nowMs}
						isSelected={party.id === selected}
						isLit={party.id === lit?.node}
						isTabStop={party.id === stop}
						onOpen={() => onOpen(party.id)}
						onFocus={() => (focused.value = party.id)}
					/>
				))}
				{layout.nodes !== undefined && scene.level === 'field' && (
					<Field nodes={scene.nodes} all={scene.allNodes} box={layout.nodes} onOpen={({ id }) => onOpen(id)} />
				)}
				{layout.nodes !== undefined && scene.level !== 'field' && (
					<Tiles nodes={tileIds} box={layout.nodes} nowMs={nowMs} isTall={layout.isTall} onOpen={onOpen} />
				)}
				{width > 0 && <AllMarks drawn={drawn} width={layout.width} height={layout.height} />}
				<RefusalNote
					lit={lit?.node === selected ? undefined : lit}
					box={lit && layout.boxes.get(lit.node)}
					scene={scene}
					layout={layout}
				/>
				<div ref={room} class="motion" aria-hidden="true" />
			</div>
		</div>
	);
}

interface Room {
	/** Pixels of the drawing before `scale`. */
	readonly width: number;
	readonly height: number;
	readonly scale: number;
}

/** The room of the drawing, with every change. */
function useRoom(root: RefObject<HTMLDivElement | null>, onRoom: (width: number) => void): Room {
	const room = useSignal<Room>({ width: 0, height: 0, scale: 1 });
	useEffect(() => {
		const { current } = root;
		if (current === null) return;
		const observer = new ResizeObserver(() => {
			const scale = current.clientWidth < WALL_WIDTH ? 1 : WALL_SCALE;
			const [width, height] = [current.clientWidth / scale, current.clientHeight / scale];
			if (width === room.peek().width && height === room.peek().height) return;
			room.value = { width, height, scale };
			onRoom(width);
		});
		observer.observe(current);
		return () => observer.disconnect();
	}, []);
	return room.value;
}

/** The same object until something changes that the layout depends on. */
function useLayout(
	scene: Scene,
	{ width, height }: Pick<Room, 'width' | 'height'>,
	lit: Join | undefined,
	hasStorage: boolean,
): Layout {
	const { level, cards, victim, parties, tiles, nodes } = scene;
	const hasNote = nodes.find(({ id }) => id === lit?.node)?.node === 'refused';
	const shown = {
		...{ level, cards, victim, hasNote, tiles: tiles.length },
		hasPerson: parties.has('kubectl-sim'),
		// An attack needs the room.
		hasStorage: victim === undefined || hasStorage,
		hasTelemetry: parties.has('observer'),
	};
	const key = JSON.stringify([width, height, shown, ...parties.keys()]);
	return useMemo(() => layoutOf(shown, width, height), [key]);
}

const headingWords = {
	nodes: 'headingNodes',
	between: 'headingBetween',
	door: 'headingDoor',
	control: 'headingControl',
} as const satisfies Record<string, Word>;

interface TilesProps {
	readonly nodes: readonly Party[];
	readonly box: Box;
	readonly nowMs: number;
	readonly isTall: boolean;
	readonly onOpen: (id: string) => void;
}

function Tiles({ nodes, box, nowMs, isTall, onOpen }: TilesProps) {
	const { messages } = useWords();
	const columns = isTall ? tilesPerRow(box.width) : TILES_IN_ROW;
	return (
		<div
			class="tiles"
			style={{ left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` }}
		>
			{isTall && <strong>{messages.nodeCount(nodes.length)}</strong>}
			<ul style={{ gridTemplateColumns: `repeat(${columns}, ${TILE_STEP}px)` }}>
				{nodes.map(({ id, node, life }) => (
					<li key={id}>
						<button
							type="button"
							class={`tile-node ${node}`}
							tabIndex={-1}
							title={id}
							aria-label={id}
							onClick={() => onOpen(id)}
						>
							<TileRing life={life} nowMs={nowMs} />
						</button>
					</li>
				))}
			</ul>
		</div>
	);
}

interface NoteProps {
	readonly lit: Join | undefined;
	readonly box: Box | undefined;
	readonly scene: Scene;
	readonly layout: Layout;
}

/** Beside the node whose join stopped: why, and how much of the token left it. */
function RefusalNote({ lit, box, scene, layout }: NoteProps) {
	const words = useWords();
	const { say, messages } = words;
	const party = lit && scene.nodes.find(({ id }) => id === lit.node);
	if (lit?.failure === undefined || box === undefined || party?.node !== 'refused') return null;
	const { code, sentence } = lit.failure;
	const place = placeOfNote(box, layout);
	const own = words.meaning(code) ?? words.sentence(sentence);
	// A long message, with its hashes, is in the panel.
	const short = own ?? (sentence.length > LONG_SENTENCE ? words.phaseTexts.sentence(lit.phase, true) : undefined);
	return (
		<div class="refusal-note" style={{ left: `${place.x}px`, top: `${place.y}px`, width: `${place.width}px` }}>
			<strong>{messages.withLabel(say(isRefusedByNode(lit) ? 'refusedByNode' : 'refusedByCluster'))}</strong>
			<strong lang="en">{code}</strong>
			<p lang={short === undefined ? 'en' : undefined}>{short ?? sentence}</p>
			{lit.tokenBytes !== undefined && <p class="token-bytes">{messages.tokenBytes(lit.tokenBytes)}</p>}
		</div>
	);
}

const NOTE_WIDTH = 290;
/** In the tall layout, the octagon is between the node and the note. */
const BELOW_STOP = 52;
/** Below a card, the note has lines that are long enough for a code. */
const BELOW = { width: 380, height: 88 };
/** The line of the node rises here. */
const BESIDE_LINE = 130;
const LONG_SENTENCE = 90;

/** Below the node, or, where that has no room, right of its line or of the attacker. */
function placeOfNote(box: Box, { isTall, width, height, boxes }: Layout): Omit<Box, 'height'> {
	if (isTall) return { x: 16, y: box.y + box.height + BELOW_STOP, width: width - 32 };
	const below = box.y + box.height + 8;
	const isFree = [...boxes.values()].every(({ x, y }) => x !== box.x || y < below);
	const attacker = boxes.get(ATTACKER);
	const toAttacker = (attacker?.x ?? width) - box.x - 12;
	if (isFree && below + BELOW.height <= height) return { x: box.x, y: below, width: Math.min(BELOW.width, toAttacker) };
	const x = attacker === undefined ? box.x + box.width + BESIDE_LINE : attacker.x + attacker.width + 16;
	const door = boxes.get('apiserver-sim');
	const least = door !== undefined && x + NOTE_WIDTH > door.x ? door.y + door.height + 12 : 0;
	return {
		x,
		y: Math.min(Math.max(box.y + box.height / 2 + 24, least), height - NOTE_HEIGHT - 8),
		width: Math.min(NOTE_WIDTH, width - x - 12),
	};
}

/** The arrow keys move along lines to the nearest neighbour in that direction. */
function moveFocus(event: KeyboardEvent, drawn: readonly Drawn[], boxes: ReadonlyMap<string, Box>): void {
	const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
	const current = event.target instanceof HTMLElement ? event.target.dataset.party : undefined;
	const here = current === undefined ? undefined : boxes.get(current);
	if (by === undefined || here === undefined || current === undefined) return;
	event.preventDefault();
	const linked = new Set(
		drawn.flatMap(({ line: { from, to } }) => (from === current ? [to] : to === current ? [from] : [])),
	);
	const [dx = 0, dy = 0] = by;
	const candidates = [...boxes].flatMap(([id, box]) => {
		const x = box.x + box.width / 2 - here.x - here.width / 2;
		const y = box.y + box.height / 2 - here.y - here.height / 2;
		const along = x * dx + y * dy;
		const across = Math.abs(x * dy) + Math.abs(y * dx);
		return id === current || along <= 4 ? [] : [{ id, distance: along + 2 * across - (linked.has(id) ? 400 : 0) }];
	});
	const next = candidates.sort((a, b) => a.distance - b.distance)[0];
	if (next !== undefined) document.querySelector<HTMLElement>(`[data-party="${CSS.escape(next.id)}"]`)?.focus();
}
