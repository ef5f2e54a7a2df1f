/** The lines of the map as SVG: the form of each is its protection. The table has the same as text. */

import { grouped } from '../format.ts';
import { type Form, formOf, protectionWords, sealsOf } from '../forms.ts';
import { LockShape, Seal } from '../seals.tsx';
import { useWords, type Words } from '../words.ts';
import type { Drawn } from './geometry.ts';
import { ATTACKER, pathOf, pointAt } from './layout.ts';
import type { MapLine } from './scene.ts';

interface Stop {
	readonly curveParameter: number;
	readonly lengthShare: number;
}

const LONG_PX = 150;
/** On a shorter line the padlock would cover both seals: those of a store beside its owner. */
const LOCK_LENGTH = 48;
const AT_SERVER: Stop = { curveParameter: 0.78, lengthShare: 0.77 };
/** On a long vertical line the note of the refusal is in the middle. */
const NEAR: Stop = { curveParameter: 0.12, lengthShare: 0.16 };
const NEAR_SERVER: Stop = { curveParameter: 0.88, lengthShare: 0.84 };

/** Where a refused join stops: at the server, if the server refused it. */
function stopOf({ line: { refusedBy }, curve: { from, to }, share }: Pick<Drawn, 'line' | 'curve' | 'share'>): Stop {
	const isLong = from.x === to.x && to.y - from.y > LONG_PX;
	if (refusedBy === 'server') return isLong ? NEAR_SERVER : AT_SERVER;
	return isLong ? NEAR : { curveParameter: share, lengthShare: share };
}

interface LinesProps {
	readonly drawn: readonly Drawn[];
	readonly width: number;
	readonly height: number;
	readonly selected: string | undefined;
	readonly name: (id: string) => string;
	readonly onOpen: (line: MapLine) => void;
}

export function Lines({ drawn, width, height, selected, name, onOpen }: LinesProps) {
	return (
		<svg class="lines" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
			{drawn.map((one) => (
				<Strokes
					key={`${one.line.id} ${one.kind}`}
					drawn={one}
					isSelected={one.line.id === selected}
					name={name}
					onOpen={onOpen}
				/>
			))}
		</svg>
	);
}

/** Above the cards: the seals are on their edges. */
export function AllMarks({ drawn, width, height }: Pick<LinesProps, 'drawn' | 'width' | 'height'>) {
	return (
		<svg class="marks-sheet" viewBox={`0 0 ${width} ${height}`} width={width} height={height} aria-hidden="true">
			{drawn.map((one) => (
				<Marks key={`${one.line.id} ${one.kind}`} drawn={one} />
			))}
		</svg>
	);
}

function Strokes({
	drawn: { line, curve, share },
	isSelected,
	name,
	onOpen,
}: Pick<LinesProps, 'name'> & {
	readonly drawn: Drawn;
	readonly isSelected: boolean;
	readonly onOpen: (line: MapLine) => void;
}) {
	const words = useWords();
	const form = formOf[line.protection];
	const path = pathOf(curve);
	const isBroken = form === 'broken';
	// A refused line ends where it was refused.
	const down = isBroken ? undefined : line.down;
	const cut = down === 'cut' ? { pathLength: 100 } : {};
	const isLit = line.isLit ? 'lit' : '';
	const classes = ['edge', down ?? '', line.to === ATTACKER ? 'to-attacker' : '', isLit, isSelected ? 'selected' : ''];
	return (
		// biome-ignore lint/a11y/noStaticElementInteractions: the table has a button for each line
		<g class={classes.filter((one) => one !== '').join(' ')} onClick={() => onOpen(line)}>
			<title>{titleOf(line, name, words)}</title>
			<path class="hit" d={path} />
			{(line.isLit || isSelected) && <path class={isBroken ? 'halo broken' : 'halo'} d={path} {...cut} />}
			<path
				class={`line ${form}`}
				d={path}
				{...(isBroken ? { pathLength: 1, 'stroke-dasharray': `${stopOf({ line, curve, share }).lengthShare} 1` } : cut)}
			/>
			{form === 'mutual' && <path class="line inner" d={path} {...cut} />}
			{isBroken && <path class={`line beyond ${line.refusedBy ?? ''}`} d={path} pathLength={100} />}
		</g>
	);
}

function titleOf(
	{ from, to, protection, tls, calls, perMinute, negotiated }: MapLine,
	name: (id: string) => string,
	words: Words,
): string {
	const { say, messages } = words;
	const names = messages.between(from === 'nodes' ? say('nodes') : from, name(to));
	const what = say(protectionWords[protection]);
	const before = protection === 'broken' && tls !== undefined ? [say(protectionWords[tls])] : [];
	const counts = calls === 0 ? [] : [messages.calls(calls, perMinute)];
	return [names, what, ...before, ...(negotiated?.parameters ?? []), ...counts].join(' · ');
}

function Marks({ drawn: { line, curve, kind, middle, share } }: { readonly drawn: Drawn }) {
	const form = formOf[line.protection];
	const [client, server] = sealsOf(form, line.refusedBy);
	const isShort = Math.hypot(curve.to.x - curve.from.x, curve.to.y - curve.from.y) < LOCK_LENGTH;
	const hasLock = kind !== 'branch' && !withoutLock.has(form) && !isShort && (line.down !== 'cut' || form === 'broken');
	const at = form === 'broken' ? pointAt(curve, stopOf({ line, curve, share }).curveParameter) : middle;
	return (
		<g class={`marks ${form}`}>
			{client !== undefined && kind !== 'trunk' && <Seal x={curve.from.x} y={curve.from.y} isFilled={client} />}
			{server !== undefined && kind !== 'branch' && <Seal x={curve.to.x} y={curve.to.y} isFilled={server} />}
			{hasLock && <LockMark form={form} x={at.x} y={at.y} count={line.count} isOfMany={line.from === 'nodes'} />}
		</g>
	);
}

const withoutLock: ReadonlySet<Form> = new Set(['clear', 'planned', 'file', 'attacker']);

interface LockMarkProps {
	readonly form: Form;
	readonly x: number;
	readonly y: number;
	readonly count: number;
	readonly isOfMany: boolean;
}

function LockMark({ form, x, y, count, isOfMany }: LockMarkProps) {
	const text = `${grouped(count)} ×`;
	// Tabular digits are wider than other characters on average.
	const width = isOfMany ? 44 + text.length * 8 : 28;
	if (form === 'broken')
		return (
			<g class="lock broken" transform={`translate(${x - 13} ${y - 13}) scale(1.62)`}>
				<LockShape form="broken" />
			</g>
		);
	return (
		<g class={`padlock ${form}`} transform={`translate(${x} ${y})`}>
			<rect x={-width / 2} y="-14" width={width} height="28" rx="14" />
			<g class={`lock ${form}`} transform={isOfMany ? `translate(${-width / 2 + 11} -8)` : 'translate(-8 -8.5)'}>
				<LockShape form={form} />
			</g>
			{isOfMany && (
				<text x={-width / 2 + 34} y="4.5">
					{text}
				</text>
			)}
		</g>
	);
}
