/**
 * The sequence diagram of one join: a list of steps, each a button that opens its details. It grows while the join
 * runs, and plays a join that has ended.
 */
import { useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Join, JoinOutage, Lane, RefusedConnection, Step } from '../api.ts';
import { inOrder } from '../order.ts';
import type { Word } from './catalogue.ts';
import { FailureBand } from './failure.tsx';
import { formOf } from './forms.ts';
import { Icon, Mark } from './icons.tsx';
import { type Keys, SPACE, useKeys } from './keys.ts';
import { TrustStrip } from './map/dock.tsx';
import { requestText } from './map/trust-words.ts';
import { hashOf } from './route.ts';
import { capitalized, labelPlace, outcomeOf, pauseMs, placeOf, trustChanges, trustForms } from './row-text.ts';
import { lanesOf, lanesOut, laneX, type Repeats, type Row, rowsOf } from './rows.ts';
import { Lock } from './seals.tsx';
import { stateAt } from './state-at.ts';
import { useWords, type Words } from './words.ts';

interface DiagramProps {
	readonly keys: Keys;
	readonly join: Join;
	readonly steps: readonly Step[];
	readonly onOpen: (step: Step) => void;
	readonly openStep: string | undefined;
}

export function Diagram({ keys, join, steps, onOpen, openStep }: DiagramProps) {
	const words = useWords();
	const { say, duration } = words;
	const withStore = useSignal(false);
	/** Number of steps that are shown; undefined: all. */
	const shown = useSignal<number | undefined>(undefined);
	/** The first steps of the waits that are shown whole. */
	const expanded = useSignal<ReadonlySet<string>>(new Set());
	const end = useRef<HTMLLIElement>(null);
	const list = useRef<HTMLOListElement>(null);
	const lanes = lanesOf(join.node, steps);
	const visible = inOrder(steps).filter(({ kind }) => withStore.value || kind !== 'store');
	const total = visible.length;
	const rows = rowsOf(join, steps, {
		withStore: withStore.value,
		expanded: expanded.value,
		open: openStep,
		...(shown.value === undefined ? {} : { shown: shown.value }),
	});
	const changes = trustChanges(visible);
	useRowKeys({ keys, list, rows, openStep, onOpen });
	const isLive = join.state === 'joining';
	const played = shown.value === undefined ? undefined : visible[shown.value - 1];
	const atMs = (played ?? steps.find(({ id }) => id === openStep))?.atMs ?? undefined;
	// Follow the end while the diagram grows or plays, unless the reader has scrolled away.
	useEffect(() => {
		if ((isLive || shown.value !== undefined) && isNearEnd()) end.current?.scrollIntoView({ block: 'nearest' });
	}, [rows.length]);
	return (
		<section class="diagram" aria-labelledby="diagram-heading">
			<h2 id="diagram-heading">
				{join.node} <span class={`state ${join.state}`}>{say(join.state)}</span>{' '}
				<span class="quiet">{duration(join.durationMs)}</span>
			</h2>
			<div class="controls">
				{!isLive && (
					<Player
						keys={keys}
						total={total}
						shown={shown.value}
						steps={visible}
						onShow={(count) => (shown.value = count)}
					/>
				)}
				<label>
					<input type="checkbox" checked={withStore.value} onChange={() => (withStore.value = !withStore.value)} />{' '}
					{say('showStore')}
				</label>
			</div>
			{!join.isForgotten && <TrustStrip join={join} state={stateAt(join, steps, atMs)} />}
			{join.isForgotten && <p class="note">{say('forgotten')}</p>}
			<div class="lane-names" aria-hidden="true">
				<span class="time">ms</span>
				<div class="lanes">
					{lanes.map((lane) => (
						<span
							key={lane}
							class="lane-name"
							style={{ left: `${laneX(lanes, lane)}%`, width: `${100 / lanes.length}%` }}
							title={lane}
						>
							{spokenName(lane, words)}
							{spokenName(lane, words) !== lane && <span class="program">{lane}</span>}
						</span>
					))}
				</div>
				<span class="trust-now">{say('trustNow')}</span>
			</div>
			<ol class="rows" aria-label={say('steps')} ref={list} onKeyDown={(event) => moveByArrow(event, list.current)}>
				{rows.map((row) => (
					<li key={row.id} data-step={row.id}>
						<RowView
							row={row}
							lanes={lanes}
							outages={join.outages ?? []}
							onOpen={onOpen}
							isOpen={row.id === openStep}
							trust={changes.get(row.id)}
						/>
						{row.kind === 'step' && row.repeats !== undefined && (
							<Repeated repeats={row.repeats} onToggle={() => (expanded.value = toggled(expanded.value, row.id))} />
						)}
					</li>
				))}
				<li ref={end} aria-hidden="true" />
			</ol>
		</section>
	);
}

interface RowKeys extends Pick<DiagramProps, 'keys' | 'openStep' | 'onOpen'> {
	readonly list: RefObject<HTMLOListElement | null>;
	readonly rows: readonly Row[];
}

/** `J` and `K` move the focus; `[` and `]` open the previous and the next step in the panel. */
function useRowKeys({ keys, list, rows, openStep, onOpen }: RowKeys): void {
	const openBeside = (by: 1 | -1) => {
		const steps = rows.flatMap((row) => (row.kind === 'step' ? [row.step] : []));
		const at = steps.findIndex(({ id }) => id === openStep);
		const next = at < 0 ? undefined : steps[at + by];
		if (next !== undefined) onOpen(next);
	};
	useKeys(keys, {
		j: () => focusRow(list.current, (at) => at + 1),
		k: () => focusRow(list.current, (at) => at - 1),
		'[': () => openBeside(-1),
		']': () => openBeside(1),
	});
}

const arrows: Readonly<Record<string, (at: number, last: number) => number>> = {
	ArrowDown: (at) => at + 1,
	ArrowUp: (at) => at - 1,
	Home: () => 0,
	End: (_at, last) => last,
};

/** Only while a row has the focus: elsewhere these keys scroll. */
function moveByArrow(event: KeyboardEvent, list: HTMLOListElement | null): void {
	const next = arrows[event.key];
	if (next === undefined) return;
	event.preventDefault();
	focusRow(list, next);
}

/** The row behind or before the focused one, or the open one; without either, the first. */
function focusRow(list: HTMLOListElement | null, next: (at: number, last: number) => number): void {
	const rows = [...(list?.querySelectorAll<HTMLElement>('button.row') ?? [])];
	const last = rows.length - 1;
	const { activeElement } = document;
	const focused = activeElement instanceof HTMLElement ? rows.indexOf(activeElement) : -1;
	const at = focused < 0 ? rows.findIndex((row) => row.ariaPressed === 'true') : focused;
	const target = rows[at < 0 ? 0 : Math.min(last, Math.max(0, next(at, last)))];
	target?.focus({ preventScroll: true });
	target?.scrollIntoView({ block: 'nearest' });
}

const toggled = (ids: ReadonlySet<string>, id: string): ReadonlySet<string> =>
	ids.has(id) ? new Set([...ids].filter((one) => one !== id)) : new Set([...ids, id]);

interface RepeatedProps {
	readonly repeats: Repeats;
	readonly onToggle: () => void;
}

function Repeated({ repeats: { count, lastMs, isWhole }, onToggle }: RepeatedProps) {
	const { messages, duration } = useWords();
	return (
		<button type="button" class="repeated" aria-expanded={isWhole} onClick={onToggle}>
			{messages.repeated(count, duration(lastMs))}
		</button>
	);
}

const NEAR_PX = 240;
const isNearEnd = (): boolean => window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - NEAR_PX;

interface OfRow {
	readonly lanes: readonly Lane[];
	readonly outages: readonly JoinOutage[];
	readonly onOpen: (step: Step) => void;
	readonly isOpen: boolean;
	readonly trust: Word | undefined;
}

function RowView({ row, ...of }: OfRow & { readonly row: Row }) {
	const { say, messages } = useWords();
	switch (row.kind) {
		case 'moment':
			return (
				<p class={`moment ${row.moment}`}>
					{say(row.moment === 'node-trusts-cluster' ? 'nodeTrusts' : 'clusterTrusts')}
				</p>
			);
		case 'failure':
			return <FailureBand failure={row.failure} />;
		case 'next':
			return (
				<p class="next">
					<span class="live" aria-hidden="true" /> {messages.next(row.phase)}
				</p>
			);
		case 'step':
			return <StepRow step={row.step} {...of} />;
		case 'outage':
			return <OutageRow outage={row.outage} isEnd={row.isEnd} />;
		case 'connection-refused':
			return <RefusedRow refused={row.refused} atMs={row.atMs} />;
	}
}

const whyWords = {
	stopped: 'stopped',
	silent: 'silent',
	unreachable: 'unreachable',
	killed: 'faultKilled',
	paused: 'faultPaused',
	cut: 'faultCut',
	skewed: 'faultSkewed',
} as const satisfies Record<JoinOutage['why'], Word>;

function OutageRow({ outage, isEnd }: { readonly outage: JoinOutage; readonly isEnd: boolean }) {
	const words = useWords();
	const { say, messages, experiment } = words;
	const { party, why, startMs, endMs = startMs, experiment: name } = outage;
	const who = party === '*' ? say('everyParty') : spokenName(party, words);
	return (
		<p class={isEnd ? 'outage-row over' : 'outage-row'}>
			<span class="time">+{Math.round(isEnd ? endMs : startMs)}</span>
			<span>
				<strong>{isEnd ? messages.availableAgain(who) : messages.faultOf(who, say(whyWords[why]))}</strong>{' '}
				{!isEnd && (
					<span class="quiet">
						{name === undefined ? (
							say('byProbe')
						) : (
							<a href={hashOf('experiments', name)}>{messages.causedBy(experiment(name)?.title ?? name)}</a>
						)}
					</span>
				)}
			</span>
		</p>
	);
}

function RefusedRow({ refused, atMs }: { readonly refused: RefusedConnection; readonly atMs: number }) {
	const words = useWords();
	return (
		<p class="outage-row">
			<span class="time">+{Math.round(atMs)}</span>
			<span>
				<strong>{words.messages.refusedConnection(spokenName(refused.party, words), refused.peer)}</strong>{' '}
				<span lang="en">{refused.reason}</span>
			</span>
		</p>
	);
}

function StepRow({ step, lanes, outages, onOpen, isOpen, trust }: OfRow & { readonly step: Step }) {
	const words = useWords();
	const { say, duration } = words;
	const outcome = outcomeOf(step, words);
	const request = requestText(step, words);
	const sentence = step.kind === 'check' ? capitalized(request) : request;
	const from = laneX(lanes, step.from);
	const to = laneX(lanes, step.to);
	return (
		<button
			type="button"
			class={`row ${step.kind}${step.failure === undefined ? '' : ' bad'}`}
			aria-pressed={isOpen}
			onClick={() => onOpen(step)}
		>
			<span class="time">+{Math.round(step.atMs)}</span>
			<span class="lanes">
				{lanes.map((lane) => (
					<span key={lane} class="line" style={{ left: `${laneX(lanes, lane)}%` }} />
				))}
				{lanesOut(lanes, outages, step.atMs).map((lane) => (
					<span key={`${lane} out`} class="out" style={{ left: `${laneX(lanes, lane)}%` }} />
				))}
				{step.from === step.to ? (
					<span class="at" style={{ left: `${from}%` }}>
						{step.kind === 'check' ? <Mark failed={step.failure !== undefined} /> : <span class="dot" />}
					</span>
				) : (
					<span
						class={`arrow ${to > from ? 'right' : 'left'} form-${step.tls === undefined ? '' : formOf[step.tls]}`}
						style={{ left: `${Math.min(from, to)}%`, width: `${Math.abs(to - from)}%` }}
					>
						{step.tls !== undefined && <Lock form={formOf[step.tls]} />}
					</span>
				)}
				<span class="hidden">{placeOf(step, words)}</span>
				<span class="label" style={labelPlace(step, from, to)}>
					<span class="what">{outcome === '' ? sentence : `${words.messages.withLabel(sentence)}${outcome}`}</span>
					{step.kind === 'check' && <span class="phase-name"> {step.label.split('/').at(-1)}</span>}
					<span class="quiet"> {step.kind === 'seen' ? say('seenByWatch') : duration(step.durationMs)}</span>
				</span>
			</span>
			<span class="trust-now">
				{trust !== undefined && (
					<>
						<Lock form={trustForms[trust] ?? 'none'} /> <span class={`word ${trustForms[trust]}`}>{say(trust)}</span>
					</>
				)}
			</span>
		</button>
	);
}

/** Of a program; a node has its own name. */
const spokenName = (lane: Lane, { say }: Words): string => {
	const word = laneWords.get(lane);
	return word === undefined ? lane : say(word);
};
const laneWords: ReadonlyMap<Lane, Word> = new Map([
	['apiserver-sim', 'laneApi'],
	['token-store', 'laneTokens'],
	['controller-manager-sim', 'laneController'],
	['ca-service', 'laneCa'],
	['attacker-sim', 'laneAttacker'],
]);

const speeds = [1, 0.1, 0.01] as const;
interface PlayerProps {
	readonly keys: Keys;
	readonly total: number;
	readonly shown: number | undefined;
	readonly steps: readonly Step[];
	readonly onShow: (count: number | undefined) => void;
}

function Player({ keys, total, shown, steps, onShow }: PlayerProps) {
	const { say } = useWords();
	const speed = useSignal<number>(0.1);
	const isPlaying = useSignal(false);
	const at = shown ?? total;
	// As rendered, like `at`: an effect of the render before can run after a press of Space.
	const plays = isPlaying.value;
	useEffect(() => {
		if (!plays) return;
		if (at >= total) {
			isPlaying.value = false;
			onShow(undefined);
			return;
		}
		const times = steps.map(({ atMs }) => atMs);
		const timer = setTimeout(() => onShow(at + 1), pauseMs(times, at, speed.value));
		return () => clearTimeout(timer);
	}, [plays, at, total, speed.value]);
	const show = (count: number) => {
		isPlaying.value = false;
		onShow(count >= total ? undefined : Math.max(count, 0));
	};
	const play = () => {
		if (!isPlaying.value && at >= total) onShow(0);
		isPlaying.value = !isPlaying.value;
	};
	useKeys(keys, { [SPACE]: play, ',': () => show(at - 1), '.': () => show(at + 1) });
	return (
		<div class="player">
			<button type="button" aria-label={say('first')} onClick={() => show(1)}>
				<Icon name="first" />
			</button>
			<button type="button" aria-label={say('back')} onClick={() => show(at - 1)}>
				<Icon name="back" />
			</button>
			<button type="button" aria-label={say(isPlaying.value ? 'pause' : 'play')} onClick={play}>
				<Icon name={isPlaying.value ? 'pause' : 'play'} />
			</button>
			<button type="button" aria-label={say('forward')} onClick={() => show(at + 1)}>
				<Icon name="forward" />
			</button>
			<button type="button" aria-label={say('last')} onClick={() => show(total)}>
				<Icon name="last" />
			</button>
			<label>
				<span class="hidden">{say('position')}</span>
				<input
					type="range"
					min={0}
					max={total}
					value={at}
					onInput={({ currentTarget }) => show(Number(currentTarget.value))}
				/>
			</label>
			<label>
				{say('speed')}{' '}
				<select
					value={String(speed.value)}
					onChange={({ currentTarget }) => (speed.value = Number(currentTarget.value))}
				>
					{speeds.map((one) => (
						<option key={one} value={String(one)}>
							{one === 1 ? '1×' : `1/${1 / one}`}
						</option>
					))}
				</select>
			</label>
		</div>
	);
}
