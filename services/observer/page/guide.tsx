/**
 * The guide of a first visit: three sentences, then a join in eight stops, each at the object that it explains. Shown
 * once; `?` brings it back. It also lists the keys, which a reader can turn off.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Join } from '../api.ts';
import type { Acting } from './acting.ts';
import type { GuideWord } from './guide-words.ts';
import { useSteps } from './use-steps.ts';
import type { ViewProps } from './view-props.ts';
import { useWords } from './words.ts';

interface Stop {
	readonly text: GuideWord;
	/** Of the object, for the node that joins. */
	readonly at: (node: string) => string;
	/** Of the last step that the map shows at this stop; absent: the end of the join. */
	readonly last?: RegExp;
}

const party = (id: string) => `[data-party="${CSS.escape(id)}"]`;
const stops: readonly Stop[] = [
	{ text: 'stopNode', at: party, last: /^preflight$/ },
	{ text: 'stopDoor', at: () => party('apiserver-sim'), last: /^discovery\/fetch-cluster-info$/ },
	{ text: 'stopPin', at: party, last: /^discovery\/pin-ca$/ },
	{ text: 'stopToken', at: () => party('token-store'), last: /^tls-bootstrap\/read-config$/ },
	{ text: 'stopApprove', at: () => party('controller-manager-sim'), last: /^update \S+\/approval|UpdateApproval$/ },
	{ text: 'stopSign', at: () => party('ca-service'), last: /^CertificateAuthority\/Sign/ },
	{ text: 'stopMutual', at: party },
	{ text: 'stopRing', at: (node) => `${party(node)} .ring` },
];
const keyRows = [
	['1–6', 'keyViews'],
	['N', 'keyJoin'],
	['T', 'keyTable'],
	['J K', 'keyRows'],
	['[ ]', 'keyPanel'],
	['Space', 'keyPlay'],
	[', .', 'keyStep'],
	['Esc', 'keyClose'],
	['/', 'keyFilter'],
	['L', 'keyLanguage'],
	['?', 'keyHelp'],
] as const satisfies readonly (readonly [string, GuideWord])[];

interface GuideProps extends ViewProps {
	readonly acting: Acting;
	/** The reader opened it: it takes the focus. */
	readonly isAsked: boolean;
	readonly onClose: () => void;
}

export function Guide({ store, navigation, keys, acting, isAsked, onClose }: GuideProps) {
	const { guideTexts: say, say: word, sentenceGap } = useWords();
	const stop = useSignal(-1);
	const heading = useRef<HTMLHeadingElement>(null);
	const canJoin = store.session.value?.actions.includes('join') === true;
	const at = stop.value;
	const { view } = navigation.route.value;
	const before = useSignal<string | undefined>(undefined);
	const join = at < 0 ? undefined : joinToFollow(store.joins.value, before.value, canJoin);
	const selector = join && stops[at]?.at(join.node);
	usePointer(view === 'map' ? selector : undefined);
	const last = useSteps(store, join?.id).find(({ label }) => stops[at]?.last?.test(label));
	// The map shows the join as it is at the stop. A time behind its end is the present.
	const t = last?.atMs ?? join?.durationMs;
	const isOver = join !== undefined && join.state !== 'joining';
	useEffect(() => {
		if (view === 'map' && t !== undefined && isOver) navigation.set({ t });
	}, [view, t, isOver]);
	useEffect(() => {
		if (isAsked) heading.current?.focus();
	}, []);
	const close = () => {
		if (view === 'map' && isOver) navigation.set({ t: join.durationMs });
		onClose();
	};
	const begin = () => {
		before.value = store.joins.value[0]?.id;
		stop.value = 0;
		navigation.go('map');
		if (canJoin) void acting.act('join');
	};
	return (
		<aside
			class="guide"
			aria-label={say.heading}
			onKeyDown={(event) => {
				if (event.key === 'ArrowRight' && at >= 0 && at < stops.length) stop.value = at + 1;
				if (event.key === 'ArrowLeft' && at > 0) stop.value = at - 1;
				if (event.key !== 'Escape') return;
				event.stopPropagation();
				close();
			}}
		>
			<h2 tabIndex={-1} ref={heading}>
				{at < 0 ? say.heading : `${Math.min(at + 1, stops.length)} / ${stops.length}`}
			</h2>
			<div aria-live="polite">
				{at < 0 ? (
					<>
						<p>{say.intro}</p>
						{sentenceGap}
						{!canJoin && <p class="quiet">{say.readOnly}</p>}
					</>
				) : (
					<p>{say[stops[at]?.text ?? 'breakIt']}</p>
				)}
			</div>
			<p class="steps">
				{at < 0 ? (
					<button type="button" class="primary" onClick={begin}>
						{say.begin}
					</button>
				) : (
					<>
						<button type="button" disabled={at === 0} onClick={() => (stop.value = at - 1)}>
							{say.previous}
						</button>
						<button
							type="button"
							class="primary"
							onClick={() => {
								if (at < stops.length) stop.value = at + 1;
								else close();
							}}
						>
							{at < stops.length ? say.next : say.end}
						</button>
					</>
				)}
			</p>
			<details>
				<summary>{say.keys}</summary>
				<div class="keys">
					<dl>
						{keyRows.map(([key, text]) => (
							<div key={key}>
								<dt>
									<kbd>{key === 'Space' ? say.keySpace : key}</kbd>
								</dt>
								<dd>{say[text]}</dd>
							</div>
						))}
					</dl>
					<label>
						<input
							type="checkbox"
							checked={keys.isOn.value}
							onChange={({ currentTarget }) => keys.turn(currentTarget.checked)}
						/>{' '}
						{say.singleKeys}
					</label>
				</div>
			</details>
			<button type="button" class="close" aria-label={word('close')} onClick={close}>
				✕
			</button>
		</aside>
	);
}

/** The first join since the guide began; until then the newest one, if the reader cannot start one here. */
function joinToFollow(joins: readonly Join[], before: string | undefined, canJoin: boolean): Join | undefined {
	const known = joins.findIndex(({ id }) => id === before);
	const first = known < 0 ? joins.at(-1) : joins[known - 1];
	return first ?? (canJoin ? undefined : joins[0]);
}

const FIND_MS = 250;

/** Marks the object of the stop; it can appear after the stop, because the join creates it. */
function usePointer(selector: string | undefined): void {
	useEffect(() => {
		if (selector === undefined) return;
		let marked: Element | null = null;
		const mark = () => {
			const found = document.querySelector(selector);
			if (found === marked) return;
			marked?.removeAttribute('data-guide');
			found?.setAttribute('data-guide', '');
			found?.scrollIntoView({ block: 'nearest' });
			marked = found;
		};
		mark();
		const timer = setInterval(mark, FIND_MS);
		return () => {
			clearInterval(timer);
			marked?.removeAttribute('data-guide');
		};
	}, [selector]);
}
