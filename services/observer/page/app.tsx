/** The frame of the page: the head, the view that the address names, and the announcements. */
import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Word } from './catalogue.ts';
import { ClusterView } from './cluster.tsx';
import { ExperimentsView, resultWord } from './experiments.tsx';
import { Header } from './header.tsx';
import { JoinsView } from './joins.tsx';
import { MapView } from './map/view.tsx';
import type { ViewName } from './route.ts';
import type { Store } from './store.ts';
import { StormView } from './storm.tsx';
import type { ViewProps } from './view-props.ts';
import { LanguageContext, type Languages, useWords } from './words.ts';

/** In the order of the head. */
const views: readonly { readonly name: ViewName; readonly word: Word; readonly View: FunctionComponent<ViewProps> }[] =
	[
		{ name: 'map', word: 'map', View: MapView },
		{ name: 'joins', word: 'joins', View: JoinsView },
		{ name: 'experiments', word: 'experiments', View: ExperimentsView },
		{ name: 'cluster', word: 'cluster', View: ClusterView },
		{ name: 'storm', word: 'storm', View: StormView },
	];

export function App({ languages, ...props }: ViewProps & { readonly languages: Languages }) {
	return (
		<LanguageContext.Provider value={languages.current}>
			<Page {...props} choose={languages.choose} />
		</LanguageContext.Provider>
	);
}

function Page({ store, navigation, choose }: ViewProps & { readonly choose: Languages['choose'] }) {
	const { say } = useWords();
	const { view, theme } = navigation.route.value;
	useEffect(() => {
		if (theme === undefined) delete document.documentElement.dataset.theme;
		else document.documentElement.dataset.theme = theme;
	}, [theme]);
	const { word, View } = views.find(({ name }) => name === view) ?? { word: 'map' as const, View: MapView };
	useEffect(() => {
		document.title = `${say(word)} · ${say('title')}`;
	}, [word, say(word)]);
	return (
		<>
			<Header store={store} navigation={navigation} views={views} choose={choose} />
			{isLost(store) && <p class="banner">{say('disconnected')}</p>}
			<main>
				<View store={store} navigation={navigation} />
			</main>
			<Announcer store={store} />
		</>
	);
}

const LOST_MS = 2_000;

/** True two seconds after the connection ended: a reload of the observer takes less. */
function isLost(store: Store): boolean {
	const isLate = useSignal(false);
	const isConnected = store.isConnected.value;
	useEffect(() => {
		isLate.value = false;
		if (isConnected) return;
		const timer = setTimeout(() => (isLate.value = true), LOST_MS);
		return () => clearTimeout(timer);
	}, [isConnected]);
	return isLate.value && !isConnected;
}

const RECENT_MS = 10_000;
const SPEAK_MS = 2_000;

/** Announces ended joins and experiments to screen readers: no step, and at most one sentence in two seconds. */
function Announcer({ store }: { readonly store: Store }) {
	const { say, messages } = useWords();
	const text = useSignal('');
	const spokenMs = useRef(0);
	const announced = useRef(new Set<string>());
	const joins = store.joins.value;
	const runs = store.runs.value;
	const speak = (sentence: string) => {
		if (Date.now() - spokenMs.current < SPEAK_MS) return;
		spokenMs.current = Date.now();
		text.value = sentence;
	};
	useEffect(() => {
		const ended = [...runs.values()].find(
			(run) => run.state === 'ended' && run.startedMs + run.durationMs > Date.now() - RECENT_MS,
		);
		if (ended !== undefined) speak(`${messages.withLabel(ended.experiment)}${say(resultWord(ended))}`);
	}, [runs]);
	useEffect(() => {
		// Sorted by start, newest first: an older join was announced, or is too old.
		for (const join of joins.slice(0, 50)) {
			if (join.state === 'joining' || announced.current.has(join.id)) continue;
			announced.current.add(join.id);
			if (join.startedMs + join.durationMs > Date.now() - RECENT_MS)
				speak(`${messages.withLabel(join.node)}${say(join.state)} ${join.failure?.code ?? ''}`);
		}
	}, [joins]);
	return (
		<div class="hidden" role="status" aria-live="polite">
			{text.value}
		</div>
	);
}
