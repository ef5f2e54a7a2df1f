/** The page: its address selects the view, the stream of the observer fills it. */
import { type Signal, signal, useSignal } from '@preact/signals';
import { render } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Action, Refusal } from '../api.ts';
import type { Word } from './catalogue.ts';
import { ClusterView } from './cluster.tsx';
import { ExperimentsView, resultWord } from './experiments.tsx';
import { FailureBand } from './failure.tsx';
import { JoinsView } from './joins.tsx';
import { createStore, type Store } from './store.ts';
import { StormView } from './storm.tsx';
import { createLanguages, LanguageContext, type Languages, useWords } from './words.ts';

const views = ['joins', 'cluster', 'storm', 'experiments'] as const;

function App({
	store,
	languages,
	hash,
}: {
	readonly store: Store;
	readonly languages: Languages;
	readonly hash: Signal<string>;
}) {
	return (
		<LanguageContext.Provider value={languages.current}>
			<Page store={store} choose={languages.choose} hash={hash.value} />
		</LanguageContext.Provider>
	);
}

function Page({
	store,
	choose,
	hash,
}: {
	readonly store: Store;
	readonly choose: Languages['choose'];
	readonly hash: string;
}) {
	const { say, language } = useWords();
	const [, view = 'joins', first, second] = hash.split('/');
	const isExperimenting = [...store.runs.value.values()].some(({ state }) => state !== 'ended');
	const current = view === 'compare' || view === '' ? 'joins' : view;
	return (
		<>
			<header class="top">
				<h1>
					{say('title')} <span class="quiet">{say('tagline')}</span>
				</h1>
				<nav aria-label={say('views')}>
					{views.map((one) => (
						<a key={one} href={`#/${one}`} aria-current={one === current ? 'page' : undefined}>
							{say(one)}
							{one === 'experiments' && isExperimenting && (
								<span class="pulse" role="img" aria-label={say('running')} />
							)}
						</a>
					))}
				</nav>
				<Actions store={store} />
				<label>
					<span class="hidden">{say('language')}</span>
					<select
						value={language}
						onChange={({ currentTarget }) => void choose(currentTarget.value === 'zh' ? 'zh' : 'en')}
					>
						<option value="en">English</option>
						<option value="zh">中文</option>
					</select>
				</label>
			</header>
			<main>
				{!store.isConnected.value && <p class="note">{say('disconnected')}</p>}
				{current === 'cluster' ? (
					<ClusterView store={store} />
				) : current === 'storm' ? (
					<StormView store={store} />
				) : current === 'experiments' ? (
					<ExperimentsView store={store} chosen={first} />
				) : (
					<JoinsView store={store} chosen={first} other={second} />
				)}
			</main>
			<Announcer store={store} />
		</>
	);
}

const actionWords = { join: 'joinANode', 'join-with-wrong-pin': 'joinWithWrongPin' } as const satisfies Partial<
	Record<Action['name'], Word>
>;

function Actions({ store }: { readonly store: Store }) {
	const { say } = useWords();
	const refusal = useSignal<Refusal | undefined>(undefined);
	const isBusy = useSignal(false);
	const session = store.session.value;
	if (session === undefined) return null;
	if (session.actions.length === 0) return <p class="quiet">{say('readOnly')}</p>;
	const act = async (name: string) => {
		isBusy.value = true;
		const answer = await store.act(name, {});
		isBusy.value = false;
		refusal.value = 'code' in answer ? answer : undefined;
		if (!('code' in answer)) location.hash = '#/joins';
	};
	return (
		<div class="actions">
			{Object.entries(actionWords).map(
				([name, word]) =>
					session.actions.some((action) => action === name) && (
						<button key={name} type="button" disabled={isBusy.value} onClick={() => void act(name)}>
							{say(word)}
						</button>
					),
			)}
			{refusal.value !== undefined && <FailureBand failure={refusal.value} />}
		</div>
	);
}

/** Announces ended joins and experiments to screen readers; not every step, and in a storm not every join. */
function Announcer({ store }: { readonly store: Store }) {
	const { say, messages } = useWords();
	const text = useSignal('');
	const announced = useRef(new Set<string>());
	const joins = store.joins.value;
	const runs = store.runs.value;
	useEffect(() => {
		const ended = [...runs.values()].find(
			(run) => run.state === 'ended' && run.startedMs + run.durationMs > Date.now() - 10_000,
		);
		if (ended !== undefined) text.value = `${messages.withLabel(ended.experiment)}${say(resultWord(ended))}`;
	}, [runs]);
	useEffect(() => {
		const ended = joins.filter(({ id, state }) => state !== 'joining' && !announced.current.has(id));
		for (const { id } of ended) announced.current.add(id);
		const [last] = ended;
		if (last !== undefined && last.startedMs + last.durationMs > Date.now() - 10_000)
			text.value = `${messages.withLabel(last.node)}${say(last.state)} ${last.failure?.code ?? ''}`;
	}, [joins]);
	return (
		<div class="hidden" role="status" aria-live="polite">
			{text.value}
		</div>
	);
}

const hash = signal(location.hash);
addEventListener('hashchange', () => {
	hash.value = location.hash;
});
render(<App store={createStore()} languages={await createLanguages()} hash={hash} />, document.body);
