/** The map, the first thing that a reader sees: every party, the lines between them, and the join that is shown. */
import { type ReadonlySignal, type Signal, useSignal } from '@preact/signals';
import type { RefObject } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Certificates, Join, Message, Step } from '../../api.ts';
import { type Fault, faultsOf } from '../faults.ts';
import { type Keys, SPACE, useKeys } from '../keys.ts';
import { Lazy } from '../lazy.tsx';
import { stateAt } from '../state-at.ts';
import type { Store } from '../store.ts';
import { styled } from '../style.ts';
import { useNow } from '../use-now.ts';
import { useSteps } from '../use-steps.ts';
import type { ViewProps } from '../view-props.ts';
import { useWords } from '../words.ts';
import { Dock } from './dock.tsx';
import { Drawing } from './drawing.tsx';
import { curveFor, type Drawn } from './geometry.ts';
import { isStorm } from './is-storm.ts';
import { type Level, TALL_BELOW } from './layout.ts';
import { Legend } from './legend.tsx';
import { LEAST_MS, MOST_MS, Motion } from './motion.ts';
import { createReplay, type Replay } from './replay.ts';
import { type Scene, sceneOf } from './scene.ts';
import { StormDock } from './storm-dock.tsx';
import { MapTable } from './table.tsx';
import { requestText } from './trust-words.ts';
import { useRecent } from './use-recent.ts';

/** Often enough for days and minutes. */
const TICK_MS = 5_000;
const loadPanel = () => styled(import('./panel.tsx'), 'panel').then(({ MapPanel }) => MapPanel);

export function MapView({ store, navigation, keys }: ViewProps) {
	const { path, show, t: wanted } = navigation.route.value;
	const [selected] = path;
	const isTable = useSignal(false);
	const isPaused = useSignal(false);
	const isTall = useSignal(innerWidth < TALL_BELOW);
	const nowMs = useNow(TICK_MS);
	const joins = store.joins.value;
	const storm = selected === undefined && isStorm(joins, nowMs) ? store.storm.value : undefined;
	// The steps of each join of a storm would be a stream each.
	const lit = storm === undefined ? litJoin(joins, selected) : undefined;
	const certificates = useCertificates(store);
	const steps = useSteps(store, lit?.id);
	const { drawn, moveRef, onMotion } = useMotion(isPaused);
	const replay = useMemo(() => {
		const move = (step: Step, durationMs: number) => {
			if (step.kind === 'message')
				moveRef.current({ ...step, failed: step.failure !== undefined }, durationMs, 0, true);
		};
		return createReplay(navigation, move);
	}, [navigation]);
	replay.show(lit, steps);
	useEffect(() => replay.stop, [replay]);
	useEffect(() => {
		if (wanted !== undefined && wanted !== replay.t.peek()) replay.seek(wanted);
	}, [wanted]);
	const t = replay.t.value;
	const state = lit && stateAt(lit, steps, t);
	const litState = lit && state && steps.length > 0 ? { join: lit, state } : undefined;
	const options = { nowMs, selected, certificates, lit: litState, isTall: isTall.value };
	const scene = useScene(store, { ...options, hasTelemetry: show.includes('telemetry') });
	const recent = useRecent(store);
	useTraffic(store, replay, moveRef, lit);
	const canReplay = lit !== undefined && lit.state !== 'joining' && steps.length > 0;
	useMapKeys(keys, { isTable, isPaused, replay: canReplay ? replay : undefined });
	const open = (id: string) => navigation.go('map', id);
	const openOrClose = (id: string) => navigation.go('map', ...(id === selected ? [] : [id]));
	return (
		<div class="map">
			<Legend
				isTable={isTable.value}
				onTable={() => (isTable.value = !isTable.value)}
				isPaused={isPaused.value}
				onPause={() => (isPaused.value = !isPaused.value)}
			/>
			{/* A drawing of its own size is laid out again only when the room changes. */}
			{!isTable.value && (
				<Drawing
					scene={scene}
					lit={lit}
					selected={selected}
					nowMs={nowMs}
					isConnected={store.isConnected.value}
					hasStorage={show.includes('storage')}
					onOpen={openOrClose}
					onRoom={(width) => (isTall.value = width < TALL_BELOW)}
					onDrawn={(next) => (drawn.current = next)}
					onMotion={onMotion}
				/>
			)}
			<MapTable scene={scene} nowMs={nowMs} isShown={isTable.value} onOpen={open} />
			{storm === undefined ? (
				<Dock
					join={lit}
					state={state}
					steps={steps}
					replay={replay}
					canJoin={store.session.value?.actions.includes('join') === true}
				/>
			) : (
				<StormDock storm={storm} />
			)}
			{selected !== undefined && (
				<Lazy
					load={loadPanel}
					props={{
						store,
						scene,
						id: selected,
						isComplete: store.storm.value !== undefined && store.cluster.value !== undefined,
						nowMs,
						recent,
						steps,
						onOpen: open,
						onClose: () => navigation.go('map'),
					}}
				/>
			)}
		</div>
	);
}

interface Keyed {
	readonly isTable: Signal<boolean>;
	readonly isPaused: Signal<boolean>;
	/** Of a join that has ended. Space pauses the messages with it. */
	readonly replay: Replay | undefined;
}

function useMapKeys(keys: Keys, { isTable, isPaused, replay }: Keyed): void {
	useKeys(keys, {
		t: () => (isTable.value = !isTable.value),
		...(replay === undefined ? {} : { ',': () => replay.step(-1), '.': () => replay.step(1) }),
		[SPACE]() {
			replay?.toggle();
			isPaused.value = replay === undefined ? !isPaused.value : !replay.isPlaying.value;
		},
	});
}

type SceneOptions = Pick<
	Parameters<typeof sceneOf>[0],
	'nowMs' | 'selected' | 'certificates' | 'lit' | 'isTall' | 'hasTelemetry'
>;

function useScene(store: Store, options: SceneOptions): Scene {
	const levelBefore = useRef<Level | undefined>(undefined);
	const { lines, refusedConnections } = store.traffic.value;
	const scene = sceneOf({
		...{ ...options, lines, refusedConnections },
		joins: store.joins.value,
		cluster: store.cluster.value,
		levelBefore: levelBefore.current,
		faults: faultsOfRun(store),
	});
	levelBefore.current = scene.level;
	return scene;
}

type Moved = Pick<Message, 'from' | 'to' | 'label' | 'tls'> & { readonly failed: boolean };
type Move = (message: Moved, durationMs: number, delayMs: number, isLit: boolean) => void;

/** The moving messages: the lines that they follow, the function that starts one, and their room. */
function useMotion(isPaused: ReadonlySignal<boolean>) {
	const motion = useRef<Motion | undefined>(undefined);
	const drawn = useRef<readonly Drawn[]>([]);
	const words = useWords();
	const moveRef = useRef<Move>(() => undefined);
	moveRef.current = (message, durationMs, delayMs, isLit) => {
		if (isPaused.value) return;
		const found = curveFor(drawn.current, message);
		if (found === undefined) return;
		motion.current?.add({
			...found,
			durationMs: Math.min(MOST_MS, Math.max(LEAST_MS, durationMs)),
			delayMs,
			isFailed: message.failed,
			...(isLit ? { words: requestText({ ...message, kind: 'message' }, words) } : {}),
		});
	};
	useEffect(() => {
		if (isPaused.value) motion.current?.stop();
	}, [isPaused.value]);
	const onMotion = (room: HTMLElement) => {
		motion.current = new Motion(room);
		return motion.current;
	};
	return { drawn, moveRef, onMotion };
}

/** The messages of the last moment, unless the replay moves those of a join. */
function useTraffic(store: Store, replay: Replay, moveRef: RefObject<Move>, lit: Join | undefined): void {
	useEffect(() => {
		if (replay.isPlaying.value) return;
		const { messages } = store.traffic.value;
		const first = Math.min(...messages.map(({ startMs }) => startMs));
		for (const message of messages)
			moveRef.current(
				{ ...message, failed: message.failed !== undefined },
				message.durationMs,
				Math.min(message.startMs - first, MOST_MS),
				message.join === lit?.id,
			);
	}, [store.traffic.value]);
}

/** The certificates of the files of the mesh, once for each observer. */
function useCertificates(store: Store): Certificates | undefined {
	const found = useSignal<Certificates | undefined>(undefined);
	const key = store.session.value?.key;
	useEffect(() => {
		if (key === undefined) return;
		void store.certificates().then((answer) => {
			if (answer !== undefined && 'list' in answer) found.value = answer;
		});
	}, [key]);
	return found.value;
}

/** Of the experiment in progress. */
function faultsOfRun({ runs, experiments }: Store): ReadonlyMap<string, Fault> {
	const run = [...runs.value.values()].find(({ state }) => state !== 'ended');
	const experiment = experiments.value?.list.find(({ name }) => name === run?.experiment);
	return run === undefined || experiment === undefined ? new Map() : faultsOf(experiment, run);
}

/** The join of the selected node, the one in progress, or the last. */
function litJoin(joins: readonly Join[], selected: string | undefined): Join | undefined {
	const node = selected?.split('~')[0];
	return (
		joins.find((join) => join.node === node && !join.isForgotten) ??
		joins.slice(0, 200).find(({ state }) => state === 'joining') ??
		joins[0]
	);
}
