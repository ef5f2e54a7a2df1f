/** The list of joins, the newest first, and one of them, or two side by side. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Join, Step } from '../api.ts';
import { joinCommands } from './commands.ts';
import { compareJoins } from './compare.ts';
import { Detail } from './detail.tsx';
import { Diagram } from './diagram.tsx';
import { FailureBand } from './failure.tsx';
import { clockTime } from './format.ts';
import { Mark } from './icons.tsx';
import { requestText } from './map/trust-words.ts';
import { lastPage, Pages } from './pages.tsx';
import { NothingYet } from './read-only.tsx';
import { trustWordOf } from './row-text.ts';
import type { Store } from './store.ts';
import { useSteps } from './use-steps.ts';
import type { ViewProps } from './view-props.ts';
import { useWords } from './words.ts';

const PAGE = 100;

export function JoinsView({ store, navigation, keys }: ViewProps) {
	const [ids = '', openStep] = navigation.route.value.path;
	const [chosen, other] = ids.split('~').filter((id) => id !== '');
	const { say, messages } = useWords();
	const joins = store.joins.value;
	// The newest join is shown until the reader chooses one; a join in progress stays.
	const shownId = useSignal<string | undefined>(undefined);
	const newest = joins[0];
	useEffect(() => {
		if (chosen !== undefined) shownId.value = chosen;
		else if (newest !== undefined && joins.find(({ id }) => id === shownId.value)?.state !== 'joining')
			shownId.value = newest.id;
	}, [chosen, newest?.id]);
	const join =
		chosen === undefined
			? (joins.find(({ id }) => id === shownId.value) ?? newest)
			: joins.find(({ id }) => id === chosen);
	const second = other === undefined ? undefined : joins.find(({ id }) => id === other);
	return (
		<div class={chosen === undefined ? 'joins' : 'joins chosen'}>
			<JoinList joins={joins} shown={join?.id} />
			<div class="shown">
				{join === undefined ? (
					chosen === undefined || newest === undefined ? (
						<NothingYet store={store} word="noJoins" commands={joinCommands} />
					) : (
						<p class="note">
							{say('unknownJoin')} <a href="#/joins">{say('allJoins')}</a>
						</p>
					)
				) : (
					<>
						<a class="button joins-button" href={openStep === undefined ? '#/joins' : `#/joins/${join.id}`}>
							☰ {messages.joinCount(joins.length)}
						</a>
						{second === undefined ? (
							<OneJoin key={join.id} {...{ store, navigation, keys, join }} openId={openStep} />
						) : (
							<TwoJoins key={`${join.id}-${second.id}`} store={store} left={join} right={second} />
						)}
						<CompareWith joins={joins} join={join} other={other} navigation={navigation} />
					</>
				)}
			</div>
		</div>
	);
}

const pageOf = (joins: readonly Join[], id: string | undefined): number =>
	Math.floor(
		Math.max(
			0,
			joins.findIndex((join) => join.id === id),
		) / PAGE,
	);

function JoinList({ joins, shown }: { readonly joins: readonly Join[]; readonly shown: string | undefined }) {
	const { say, duration, language } = useWords();
	const filter = useSignal('');
	const page = useSignal(pageOf(joins, shown));
	const wanted = filter.value.trim().toLowerCase();
	const matching =
		wanted === ''
			? joins
			: joins.filter(({ node, state, failure }) =>
					`${node} ${state} ${say(state)} ${failure?.code ?? ''}`.toLowerCase().includes(wanted),
				);
	const at = Math.min(page.value, lastPage(PAGE, matching.length));
	return (
		<nav class="list" aria-label={say('joins')}>
			<label>
				<span class="hidden">{say('filter')}</span>
				<input
					type="search"
					placeholder={say('filter')}
					value={filter.value}
					onInput={({ currentTarget }) => {
						filter.value = currentTarget.value;
						page.value = 0;
					}}
				/>
			</label>
			<ul>
				{matching
					.slice(at * PAGE, (at + 1) * PAGE)
					.map(({ id, node, state, startedMs, durationMs, failure, nextPhase }) => (
						<li key={id}>
							<a href={`#/joins/${id}`} aria-current={id === shown ? 'true' : undefined}>
								{state === 'joining' ? <span class="live" aria-hidden="true" /> : <Mark failed={state === 'refused'} />}
								<span class="node">{node}</span>
								<span class="quiet">{duration(durationMs)}</span>
								<span class="quiet second">
									{clockTime(startedMs, language)} · {failure?.code ?? (state === 'joining' ? nextPhase : say(state))}
								</span>
							</a>
						</li>
					))}
			</ul>
			<Pages at={at} size={PAGE} all={matching.length} onPage={(next) => (page.value = next)} />
		</nav>
	);
}

function CompareWith({
	joins,
	join,
	other,
	navigation,
}: Pick<ViewProps, 'navigation'> & {
	readonly joins: readonly Join[];
	readonly join: Join;
	readonly other: string | undefined;
}) {
	const { say, language } = useWords();
	const others = joins.filter(({ id, isForgotten }) => id !== join.id && !isForgotten).slice(0, PAGE);
	if (others.length === 0) return null;
	const choose = (id: string) => navigation.go('joins', id === '' ? join.id : `${join.id}~${id}`);
	return (
		<label class="compare-with">
			{say('compareWith')}{' '}
			<select value={other ?? ''} onChange={({ currentTarget }) => choose(currentTarget.value)}>
				<option value="">{say('noOther')}</option>
				{others.map(({ id, node, state, startedMs }) => (
					<option key={id} value={id}>
						{[node, say(state), clockTime(startedMs, language)].join(' · ')}
					</option>
				))}
			</select>
		</label>
	);
}

function OneJoin({
	store,
	navigation,
	keys,
	join,
	openId,
}: ViewProps & { readonly join: Join; readonly openId: string | undefined }) {
	const steps = useSteps(store, join.id);
	const { say } = useWords();
	const open = openId === undefined ? undefined : steps.find(({ id }) => id === openId);
	// Steps of a join in progress can arrive later.
	const isUnknown = openId !== undefined && open === undefined && steps.length > 0 && join.state !== 'joining';
	return (
		<>
			{isUnknown && (
				<p class="note">
					{say('unknownStep')} <a href={`#/joins/${join.id}`}>{say('openJoin')}</a>
				</p>
			)}
			<Diagram
				keys={keys}
				join={join}
				steps={steps}
				openStep={open?.id}
				onOpen={(step) => navigation.go('joins', join.id, step.id)}
			/>
			{open !== undefined && (
				<Detail store={store} step={open} steps={steps} onClose={() => navigation.go('joins', join.id)} />
			)}
		</>
	);
}

function TwoJoins({ store, left, right }: { readonly store: Store; readonly left: Join; readonly right: Join }) {
	const words = useWords();
	const { say, messages } = words;
	const leftSteps = useSteps(store, left.id);
	const rightSteps = useSteps(store, right.id);
	// A join has steps: without any, they are on their way, and a difference would be invented.
	if (leftSteps.length === 0 || rightSteps.length === 0) return <section class="compare" aria-busy="true" />;
	const { rows, firstDifference } = compareJoins({ join: left, steps: leftSteps }, { join: right, steps: rightSteps });
	const different = rows[firstDifference];
	const named = ({ node }: Join, step: Step | undefined) => ({
		node,
		step:
			step &&
			(step.failure === undefined
				? requestText(step, words)
				: messages.failedStep(requestText(step, words), step.failure.code)),
	});
	return (
		<section class="compare" aria-live="polite">
			<p class="verdict">
				{different === undefined
					? say('same')
					: messages.difference(named(left, different.left), named(right, different.right))}
			</p>
			<table>
				<thead>
					<tr>
						{[left, right].map((join) => (
							<th key={join.id} scope="col">
								{join.node} <span class={`state ${join.state}`}>{say(join.state)}</span>
							</th>
						))}
					</tr>
				</thead>
				<tbody>
					{rows.map((row, index) => (
						<tr
							key={row.left?.id ?? row.right?.id}
							class={
								index === firstDifference
									? 'different'
									: index > firstDifference && firstDifference !== -1
										? 'after'
										: ''
							}
						>
							<Cell step={row.left} />
							<Cell step={row.right} />
						</tr>
					))}
				</tbody>
			</table>
			{[left, right].map((join) => join.failure !== undefined && <FailureBand key={join.id} failure={join.failure} />)}
		</section>
	);
}

function Cell({ step }: { readonly step: Step | undefined }) {
	const words = useWords();
	const { duration, say } = words;
	if (step === undefined) return <td class="quiet">–</td>;
	const trust = trustWordOf(step);
	return (
		<td>
			{step.kind === 'check' ? <Mark failed={step.failure !== undefined} /> : <span class="dot" />}{' '}
			{requestText(step, words)}{' '}
			<span class="quiet">
				{trust !== undefined && say(trust)} {duration(step.durationMs)}
			</span>
		</td>
	);
}
