/** The frame of the page: the head, the view that the address names, and the announcements. */
import { useSignal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useActing } from './acting.ts';
import type { Word } from './catalogue.ts';
import { Header } from './header.tsx';
import { keep, kept } from './kept.ts';
import { useKeys } from './keys.ts';
import { Lazy } from './lazy.tsx';
import { MapView } from './map/view.tsx';
import { resultWord } from './result-word.ts';
import type { ViewName } from './route.ts';
import { RunBanner } from './run-banner.tsx';
import type { Store } from './store.ts';
import { styled } from './style.ts';
import { useNow } from './use-now.ts';
import type { ViewProps } from './view-props.ts';
import { LanguageContext, type Languages, useWords } from './words.ts';

const VISITED = 'kubejoin.visited';
const loadGuide = () => styled(import('./guide.tsx'), 'guide').then(({ Guide }) => Guide);

/** The map does not move when the guide appears. */
const guideRoom = <div class="guide-room" />;

type View = FunctionComponent<ViewProps>;
interface ViewRow {
	readonly name: ViewName;
	readonly word: Word;
	/** Each view but the first is a file of its own: a reader of the map does not wait for the others. */
	readonly load: () => Promise<View>;
}

const mapRow: ViewRow = { name: 'map', word: 'map', load: async () => MapView };
/** In the order of the head. */
const views: readonly ViewRow[] = [
	mapRow,
	{
		name: 'joins',
		word: 'joins',
		load: () => styled(import('./joins.tsx'), 'joins', 'panel', 'lists').then(({ JoinsView }) => JoinsView),
	},
	{
		name: 'certificates',
		word: 'certificates',
		load: () =>
			styled(import('./certificates.tsx'), 'certificates', 'panel', 'lists').then(
				({ CertificatesView }) => CertificatesView,
			),
	},
	{
		name: 'experiments',
		word: 'experiments',
		load: () =>
			styled(import('./experiments.tsx'), 'joins', 'experiments', 'lists').then(
				({ ExperimentsView }) => ExperimentsView,
			),
	},
	{
		name: 'cluster',
		word: 'cluster',
		load: () => styled(import('./cluster.tsx'), 'cluster', 'lists').then(({ ClusterView }) => ClusterView),
	},
	{
		name: 'storm',
		word: 'storm',
		load: () => styled(import('./storm.tsx'), 'storm', 'lists').then(({ StormView }) => StormView),
	},
];
export function App({ languages, ...props }: ViewProps & { readonly languages: Languages }) {
	return (
		<LanguageContext.Provider value={languages.current}>
			<Page {...props} choose={languages.choose} />
		</LanguageContext.Provider>
	);
}

function Page({ store, navigation, keys, choose }: ViewProps & { readonly choose: Languages['choose'] }) {
	const { say, language } = useWords();
	const { view, theme } = navigation.route.value;
	const acting = useActing(store, navigation);
	const isGuided = useSignal(kept(VISITED) === undefined && view === 'map');
	const showGuide = (isShown: boolean) => {
		isGuided.value = isShown;
		keep(VISITED, 'yes');
	};
	const chooseOther = () => {
		navigation.unset('lang');
		void choose(language === 'zh' ? 'en' : 'zh');
	};
	useKeys(keys, {
		n: () => store.session.value?.actions.includes('join') && void acting.act('join'),
		l: chooseOther,
		'?': () => showGuide(!isGuided.value),
		'/': () => document.querySelector<HTMLElement>('input[type=search]')?.focus(),
		...Object.fromEntries(views.map(({ name: one }, index) => [index + 1, () => navigation.go(one)])),
	});
	useEffect(() => {
		if (theme === undefined) delete document.documentElement.dataset.theme;
		else document.documentElement.dataset.theme = theme;
	}, [theme]);
	const { name, word, load } = views.find((row) => row.name === view) ?? mapRow;
	useEffect(() => {
		document.title = `${say(word)} · ${say('title')}`;
	}, [word, say(word)]);
	return (
		<>
			<Header
				store={store}
				navigation={navigation}
				views={views}
				acting={acting}
				onLanguage={chooseOther}
				onHelp={() => showGuide(!isGuided.value)}
			/>
			{!store.isConnected.value && <Lost />}
			{name !== 'experiments' && <RunBanner store={store} />}
			<main>
				<h1 class="hidden">{say(word)}</h1>
				{isGuided.value && store.session.value === undefined && guideRoom}
				{isGuided.value && store.session.value !== undefined && (
					<Lazy
						load={loadGuide}
						room={guideRoom}
						props={{
							...{ store, navigation, keys, acting },
							isAsked: kept(VISITED) !== undefined,
							onClose: () => showGuide(false),
						}}
					/>
				)}
				<Lazy key={name} load={load} props={{ store, navigation, keys }} />
			</main>
			<Announcer store={store} />
		</>
	);
}

const LOST_MS = 2_000;

/** From two seconds after the connection ended, which is longer than a restart of the observer. */
function Lost() {
	const { messages, duration } = useWords();
	const sinceMs = useRef(Date.now());
	const lostMs = useNow(LOST_MS / 2) - sinceMs.current;
	if (lostMs < LOST_MS) return null;
	return (
		<p class="banner" role="status">
			{messages.disconnected(duration(Math.floor(lostMs / 1_000) * 1_000))}
		</p>
	);
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
