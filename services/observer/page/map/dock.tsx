/** The strip below the map: the join that is shown, who trusts whom, its phases, and the replay. */
import { useSignal } from '@preact/signals';
import type { Join, Step } from '../../api.ts';
import { Icon } from '../icons.tsx';
import { keep, kept } from '../kept.ts';
import { hashOf } from '../route.ts';
import { LineSample } from '../seals.tsx';
import { type JoinState, type PhaseState, stateAt } from '../state-at.ts';
import { useWords } from '../words.ts';
import type { Replay } from './replay.ts';
import { clusterTrustForm, nodeTrustForm, reasonOf, requestText } from './trust-words.ts';

interface DockProps {
	readonly join: Join | undefined;
	readonly state: JoinState | undefined;
	readonly steps: readonly Step[];
	readonly replay: Replay;
	readonly canJoin: boolean;
}

const KEY = 'kubejoin.dock';
const LOW_PX = 720;

export function Dock({ join, state, steps, replay, canJoin }: DockProps) {
	const { say } = useWords();
	const isOpen = useSignal((kept(KEY) ?? (innerHeight < LOW_PX ? 'closed' : 'open')) === 'open');
	const isExpanded = isOpen.value && join !== undefined && state !== undefined;
	// Trust follows from the steps, which arrive after the join: until then it is unknown.
	const isKnown = steps.length > 0 || join?.state === 'joining';
	const toggle = () => {
		isOpen.value = !isOpen.value;
		keep(KEY, isOpen.value ? 'open' : 'closed');
	};
	return (
		<section class={isExpanded ? 'dock' : 'dock closed'} aria-label={say('currentJoin')}>
			{join === undefined || state === undefined ? (
				<NoJoin canJoin={canJoin} />
			) : (
				<>
					<div class="dock-head">
						<DockTitle join={join} state={state} t={replay.t.value} />
						<Controls replay={replay} join={join} steps={steps} />
						<button
							type="button"
							class="plain"
							aria-expanded={isOpen.value}
							aria-label={say('currentJoin')}
							onClick={toggle}
						>
							<Icon name={isOpen.value ? 'down' : 'up'} />
						</button>
					</div>
					{isExpanded && (
						<div style={{ visibility: isKnown ? 'visible' : 'hidden' }}>
							<TrustStrip join={join} state={state} />
						</div>
					)}
					{isExpanded && <Phases phases={state.phases} ends={stateAt(join, steps).phases} onSeek={replay.seek} />}
				</>
			)}
		</section>
	);
}

function NoJoin({ canJoin }: { readonly canJoin: boolean }) {
	const { say, sentenceGap } = useWords();
	return (
		<p class="no-join">
			<strong>{say('noJoinYet')}</strong>
			{sentenceGap}
			{canJoin ? say('noJoinHow') : <a href={hashOf('joins')}>{say('noJoinLink')}</a>}
		</p>
	);
}

function DockTitle({
	join,
	state,
	t,
}: {
	readonly join: Join;
	readonly state: JoinState;
	readonly t: number | undefined;
}) {
	const words = useWords();
	const { say, messages, duration } = words;
	const at = state.phases.findIndex((phase) => phase.state === 'active' || phase.state === 'refused');
	const phase =
		state.state === 'joined' ? '' : messages.phaseOf(at < 0 ? state.phases.length : at + 1, state.phases.length);
	const atMs = t ?? (state.state === 'joining' ? state.current?.atMs : join.durationMs) ?? 0;
	const what =
		state.failure?.code ?? (state.state === 'joined' ? '' : state.current && requestText(state.current, words));
	return (
		<>
			<h2>{join.node}</h2>
			<span class={`state ${state.state}`}>{[say(state.state), phase].filter((text) => text !== '').join(' · ')}</span>
			<span class="quiet dock-what">{[`+${duration(atMs)}`, what].filter((text) => text).join(' · ')}</span>
		</>
	);
}

const speeds = [1, 0.1, 0.01] as const;

function Controls({
	replay,
	join,
	steps,
}: {
	readonly replay: Replay;
	readonly join: Join;
	readonly steps: readonly Step[];
}) {
	const { say } = useWords();
	if (join.state === 'joining') return null;
	const isPlaying = replay.isPlaying.value;
	return (
		<div class="player">
			{steps.length > 0 && (
				<>
					<button type="button" aria-label={say('back')} onClick={() => replay.step(-1)}>
						<Icon name="back" />
					</button>
					<button type="button" aria-label={say(isPlaying ? 'pause' : 'play')} onClick={replay.toggle}>
						<Icon name={isPlaying ? 'pause' : 'play'} />
					</button>
					<button type="button" aria-label={say('forward')} onClick={() => replay.step(1)}>
						<Icon name="forward" />
					</button>
					<select
						aria-label={say('speed')}
						value={String(replay.speed.value)}
						onChange={({ currentTarget }) => (replay.speed.value = Number(currentTarget.value))}
					>
						{speeds.map((one) => (
							<option key={one} value={String(one)}>
								{one === 1 ? '1×' : `1/${1 / one}`}
							</option>
						))}
					</select>
				</>
			)}
			<a class="button" href={hashOf('joins', join.id)}>
				{say('openJoin')}
			</a>
		</div>
	);
}

export function TrustStrip({ join, state }: { readonly join: Join; readonly state: JoinState }) {
	const { say, messages } = useWords();
	const node = nodeTrustForm(state);
	const cluster = clusterTrustForm(state, join);
	return (
		<div class="trust-strip">
			<div class={`trust ${node.form}`}>
				<span class="who">
					{join.node} <LineSample form={node.form} /> {say('clusterWord')}
				</span>
				<strong class="short">{say(node.short)}</strong>
				<span class="long">
					<strong>{say(node.title)}</strong>
					<span class="quiet">{say(reasonOf(node))}</span>
				</span>
			</div>
			<div class={`trust ${cluster.form}`}>
				<span class="who">
					{say('clusterWord')} <LineSample form={cluster.form} /> {join.node}
				</span>
				<strong class="short">{say(cluster.short)}</strong>
				<span class="long">
					<strong>{say(cluster.title)}</strong>
					<span class="quiet">
						{state.tokenUser !== undefined && state.clusterTrusts === 'credential'
							? messages.knowsToken(state.tokenUser)
							: say(reasonOf(cluster))}
					</span>
				</span>
			</div>
		</div>
	);
}

const signs = { done: '✓ ', refused: '✕ ', active: '', waiting: '' } as const;

interface PhasesProps {
	/** At the time that is shown. */
	readonly phases: readonly PhaseState[];
	readonly ends: readonly PhaseState[];
	readonly onSeek: (t: number) => void;
}

function Phases({ phases, ends, onSeek }: PhasesProps) {
	const { say, phaseTexts } = useWords();
	return (
		<ol class="phases" aria-label={say('phases')}>
			{phases.map(({ phase, state }, index) => (
				<li key={phase} class={state} aria-current={state === 'active' ? 'step' : undefined}>
					<button
						type="button"
						class="plain"
						disabled={ends[index]?.atMs === undefined}
						onClick={() => onSeek(ends[index]?.atMs ?? 0)}
					>
						<span class="bar" />
						{signs[state]}
						{phaseTexts.short(phase)}
					</button>
				</li>
			))}
		</ol>
	);
}
