/** The experiments: the fault and the predicted verdicts of each, and its last run, step by step while it runs. */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import type {
	Experiment,
	ExperimentActivity,
	ExperimentGroup,
	ExperimentRun,
	Experiments,
	Join,
	PastRun,
	Refusal,
} from '../api.ts';
import type { Word } from './catalogue.ts';
import { FailureBand, LabOutput } from './failure.tsx';
import { calendarDate, clockTime, wholeSeconds } from './format.ts';
import { Mark, Shield } from './icons.tsx';
import { Marked } from './marked.tsx';
import { Command, ReadOnlyReason } from './read-only.tsx';
import { resultWord } from './result-word.ts';
import { hashOf } from './route.ts';
import { type Answer, refusalIn, type Store } from './store.ts';
import { useAnswer } from './use-answer.ts';
import { useLabWords } from './use-lab-words.ts';
import { useNow } from './use-now.ts';
import type { ViewProps } from './view-props.ts';
import { useWords } from './words.ts';

const kinds = ['security', 'availability'] as const;
const kindWords = { security: 'securityVerdict', availability: 'availabilityVerdict' } as const satisfies Record<
	string,
	Word
>;
const parts = {
	configuration: 'partConfiguration',
	before: 'partBefore',
	method: 'partMethod',
	after: 'partAfter',
	rollbacks: 'partRollbacks',
} as const satisfies Record<ExperimentActivity['part'], Word>;
const TICK_MS = 100;
const MAX_JOINS = 50;
const MAX_EVIDENCE = 3;
const AGE_TICK_MS = 10_000;
/** In the order of the list. */
const groups: readonly ExperimentGroup[] = [
	...(['start', 'token', 'pin', 'outage'] as const),
	...(['clock', 'rights', 'rotation', 'other'] as const),
];

export function ExperimentsView({ store, navigation }: ViewProps) {
	const [chosen, chosenRun] = navigation.route.value.path;
	const { say, experiment: translated } = useWords();
	const experiments = store.experiments.value;
	if (store.session.value === undefined) return null;
	if (experiments === undefined || experiments.list.length === 0) return <p class="note">{say('noExperiments')}</p>;
	const runs = store.runs.value;
	const running = [...runs.values()].find(({ state }) => state !== 'ended');
	const shown =
		experiments.list.find(({ name }) => name === (chosen ?? running?.experiment)) ??
		(chosen === undefined ? experiments.list[0] : undefined);
	const titles = new Map(experiments.list.map(({ name, title }) => [name, translated(name)?.title ?? title]));
	return (
		<div class="joins experiments">
			<nav class="list" aria-label={say('experiments')}>
				<p class="quiet">{say('aboutExperiments')}</p>
				{groups.map((group) => (
					<Group key={group} store={store} group={group} list={experiments.list} shown={shown} />
				))}
			</nav>
			<div class="shown">
				{shown === undefined ? (
					<p class="note">
						{say('unknownExperiment')} <code>{chosen}</code> <a href="#/experiments">{say('experiments')}</a>
					</p>
				) : (
					<OneExperiment
						key={shown.name}
						store={store}
						navigation={navigation}
						offer={experiments.offer}
						experiment={shown}
						last={runs.get(shown.name)}
						chosenRun={chosenRun}
						running={running}
						titles={titles}
					/>
				)}
			</div>
		</div>
	);
}

interface GroupProps {
	readonly store: Store;
	readonly group: ExperimentGroup;
	readonly list: readonly Experiment[];
	readonly shown: Experiment | undefined;
}

/** The fastest first; those that have not run yet, last. */
function Group({ store, group, list, shown }: GroupProps) {
	const lab = useLabWords();
	const msOf = ({ name }: Experiment) => store.histories.value.get(name)?.expectedMs ?? Number.POSITIVE_INFINITY;
	const own = useMemo(
		() => list.filter((one) => one.group === group).toSorted((a, b) => msOf(a) - msOf(b)),
		[list, group],
	);
	if (own.length === 0) return null;
	return (
		<>
			<h2>{lab.groups[group]}</h2>
			<ul>
				{own.map((experiment) => (
					<li key={experiment.name}>
						<ExperimentLink store={store} experiment={experiment} isShown={experiment === shown} />
					</li>
				))}
			</ul>
		</>
	);
}

interface LinkProps {
	readonly store: Store;
	readonly experiment: Experiment;
	readonly isShown: boolean;
}

function ExperimentLink({ store, experiment: { name, title, expected }, isShown }: LinkProps) {
	const { say, messages, duration, experiment: translated } = useWords();
	const lab = useLabWords();
	const nowMs = useNow(AGE_TICK_MS);
	const run = store.runs.value.get(name);
	const { expectedMs } = store.histories.value.get(name) ?? {};
	const about = expectedMs === undefined ? [] : [messages.about(duration(wholeSeconds(expectedMs)))];
	const result = run === undefined ? [] : [say(resultWord(run))];
	const times =
		run?.state === 'ended'
			? [messages.ago(duration(wholeSeconds(Math.max(1_000, nowMs - run.startedMs - run.durationMs))))]
			: [];
	const source = run?.from === 'terminal' ? [lab.fromTerminal] : [];
	return (
		<a href={`#/experiments/${name}`} aria-current={isShown ? 'true' : undefined}>
			<RunMark run={run} />
			<span class="node">{translated(name)?.title ?? title}</span>
			{kinds.some((kind) => expected[kind] === 'violated') && (
				<span class="red-shield" title={say('redByDesign')}>
					<Shield verdict="violated" />
					<span class="hidden">{messages.predicted(say('violated'))}</span>
				</span>
			)}
			<span class="quiet second">{[...about, ...result, ...times, ...source].join(' · ')}</span>
		</a>
	);
}

function RunMark({ run }: { readonly run: ExperimentRun | undefined }) {
	if (run !== undefined && run.state !== 'ended') return <span class="live" aria-hidden="true" />;
	if (run === undefined || run.outcome === 'interrupted') return <span class="dot hollow" aria-hidden="true" />;
	return <Mark failed={run.passed !== true} />;
}

interface OneProps {
	readonly store: Store;
	readonly navigation: ViewProps['navigation'];
	readonly offer: Experiments['offer'];
	readonly experiment: Experiment;
	readonly last: ExperimentRun | undefined;
	/** Of the address: when the run started. */
	readonly chosenRun: string | undefined;
	/** The run that is in progress. */
	readonly running: ExperimentRun | undefined;
	readonly titles: ReadonlyMap<string, string>;
}

function OneExperiment({ store, navigation, offer, experiment, last, chosenRun, running, titles }: OneProps) {
	const { say, messages, duration, experiment: translated } = useWords();
	const { name, id, tier, expected } = experiment;
	const history = store.histories.value.get(name);
	const expectedMs = history?.expectedMs;
	const { title, description, lesson } = translated(name) ?? experiment;
	const refusal = useSignal<Refusal | undefined>(undefined);
	const isOurs = running !== undefined && running.experiment === name;
	// A run of a terminal is stopped there, by Ctrl-C.
	const canStop = isOurs && running.from === 'page';
	const isLast = chosenRun === undefined || chosenRun === String(last?.startedMs);
	const earlier = useAnswer(() => (isLast ? undefined : store.run(name, chosenRun)), [name, chosenRun, String(isLast)]);
	const run = isLast ? last : earlier !== undefined && 'experiment' in earlier ? earlier : undefined;
	// Its address can be shared while it runs.
	useEffect(() => {
		if (isOurs && chosenRun === undefined) navigation.set({ path: [name, String(running.startedMs)] });
	}, [isOurs, chosenRun]);
	const act = async (action: 'run-experiment' | 'stop-experiment') => {
		if (action === 'run-experiment') navigation.go('experiments', name);
		const answer = await store.act(action, { experiment: name });
		refusal.value = refusalIn(answer);
	};
	return (
		<article class="experiment card">
			<header>
				<div>
					<p class="quiet">
						{id} · {messages.tier(tier)} · <code>{name}</code>
						{expectedMs !== undefined && ` · ${messages.about(duration(wholeSeconds(expectedMs)))}`}
					</p>
					<h2>{title}</h2>
				</div>
				{offer === 'run' && (
					<button
						type="button"
						class={canStop ? 'run stop' : 'run'}
						disabled={canStop ? running.state === 'stopping' : running !== undefined}
						onClick={() => void act(canStop ? 'stop-experiment' : 'run-experiment')}
					>
						{say(canStop ? (running.state === 'stopping' ? 'stopping' : 'stop') : 'run')}
					</button>
				)}
			</header>
			{running !== undefined && running.startedMs !== run?.startedMs && (
				<p class="quiet">
					{messages.runsNow}
					<a href={addressOfRun(running)}>{titles.get(running.experiment) ?? running.experiment}</a>
				</p>
			)}
			{refusal.value !== undefined && <FailureBand failure={refusal.value} />}
			<p>
				<Marked text={description} />
			</p>
			<p class="lesson">
				<strong>{say('lesson')}</strong>
				<Marked text={lesson} />
			</p>
			{offer !== 'run' && <NoButton store={store} name={name} />}
			{!isLast && <EarlierRun name={name} answer={earlier} />}
			<dl class="verdicts">
				{kinds.map((kind) => (
					<Verdict
						key={kind}
						store={store}
						kind={kind}
						predicted={expected[kind]}
						found={run?.verdicts?.[kind]}
						run={run}
					/>
				))}
			</dl>
			{kinds.some((kind) => expected[kind] === 'violated') && <p class="by-design">{say('redByDesign')}</p>}
			{run !== undefined && <Run store={store} run={run} steps={experiment.steps} expectedMs={expectedMs} />}
			<History
				name={name}
				runs={(history?.runs ?? []).filter(({ startedMs }) => startedMs !== run?.startedMs)}
				expected={expected}
			/>
			{offer === 'run' && (
				<details class="terminal">
					<summary>{say('inATerminal')}</summary>
					<Command line={inTerminal(name)} />
				</details>
			)}
		</article>
	);
}

const addressOfRun = ({ experiment, startedMs }: Pick<ExperimentRun, 'experiment' | 'startedMs'>): string =>
	hashOf('experiments', experiment, String(startedMs));

function EarlierRun({ name, answer }: { readonly name: string; readonly answer: Answer<ExperimentRun> }) {
	const lab = useLabWords();
	if (answer === undefined) return null;
	return (
		<p class="note">
			{refusalIn(answer) === undefined ? lab.earlierRun : lab.runGone}{' '}
			<a href={hashOf('experiments', name)}>{lab.lastRun}</a>
		</p>
	);
}

const inTerminal = (name: string): string => `npm run chaos -- ${name}`;
const RUNNER = 'KUBEJOIN_ALLOW_ACTIONS=true docker compose --profile experiments up -d';

/** Why there is no Run button, how to get one, and the command that needs none. */
function NoButton({ store, name }: { readonly store: Store; readonly name: string }) {
	const { say } = useWords();
	const readOnly = store.session.value?.readOnly;
	return (
		<div class="no-button">
			{readOnly === undefined || readOnly.because === 'compose' ? (
				<>
					<p>{say('noRunner')}</p>
					<Command line={RUNNER} />
				</>
			) : (
				<ReadOnlyReason readOnly={readOnly} />
			)}
			<p>{say('inATerminal')}</p>
			<Command line={inTerminal(name)} />
		</div>
	);
}

interface VerdictProps {
	readonly store: Store;
	readonly kind: (typeof kinds)[number];
	readonly run: ExperimentRun | undefined;
	readonly predicted: 'held' | 'violated' | 'unknown';
	readonly found: 'held' | 'violated' | 'unknown' | undefined;
}

function Verdict({ store, kind, run, predicted, found }: VerdictProps) {
	const { say, messages } = useWords();
	if (verdictWord(found, predicted) === 'notAtStake')
		return (
			<div class="tile open">
				<dt>{say(kindWords[kind])}</dt>
				<dd>
					<span class="found">
						<Shield verdict="unknown" /> {say('notAtStake')}
					</span>
				</dd>
			</div>
		);
	return (
		<div class={`tile ${found ?? 'open'}`}>
			<dt>{say(kindWords[kind])}</dt>
			<dd>
				<span class="found">
					<Shield verdict={found ?? 'unknown'} /> {say(found ?? 'notYet')}
				</span>
				{found !== undefined && found === predicted ? (
					<span class="predicted">
						<Mark failed={false} /> {say('asPredicted')}
					</span>
				) : (
					<span class="predicted">
						{found !== undefined && <Mark failed={true} />} {messages.predicted(say(predicted))}
					</span>
				)}
			</dd>
			{run !== undefined && found !== undefined && <EvidenceOf store={store} kind={kind} found={found} run={run} />}
		</div>
	);
}

interface EvidenceProps {
	readonly store: Store;
	readonly kind: (typeof kinds)[number];
	readonly found: 'held' | 'violated' | 'unknown';
	readonly run: ExperimentRun;
}

/** The outputs that decided the verdict, each with its step, and with the joins and requests that it names. */
function EvidenceOf({ store, kind, found, run }: EvidenceProps) {
	const { experimentStep, say } = useWords();
	const lab = useLabWords();
	const own = (run.evidence ?? []).filter((one) => one.kind === kind && one.verdict === found);
	if (own.length === 0) return null;
	const joins = joinsDuring(store.joins.value, run);
	return (
		<dd class="evidence">
			<span class="quiet">{lab.evidence}</span>
			<ul>
				{own.slice(-MAX_EVIDENCE).map(({ probe, text }, index) => (
					<li key={index}>
						<button type="button" class="link" onClick={() => showStep(probe)}>
							{experimentStep(probe) ?? probe.replaceAll('-', ' ')}
						</button>
						{text !== '' && (
							<span class="sentence-of-probe">
								{' '}
								<LabOutput text={text} />
							</span>
						)}
						{joins
							.filter(({ node }) => text.includes(node))
							.slice(0, MAX_EVIDENCE)
							.map(({ id, node, state, failure }) => (
								<a key={id} class="of-evidence" href={hashOf('joins', id)}>
									{node} {failure?.code ?? say(state)}
								</a>
							))}
						{/certificate|node-csr-/.test(text) && (
							<a class="of-evidence" href={hashOf('cluster', 'csrs')}>
								{lab.requests}
							</a>
						)}
					</li>
				))}
			</ul>
		</dd>
	);
}

/** The last activity of that name: a probe of the steady state also runs before the method. */
function showStep(name: string): void {
	const step = [...document.querySelectorAll<HTMLElement>('[data-activity]')].findLast(
		({ dataset }) => dataset.activity === name,
	);
	step?.scrollIntoView({ block: 'center' });
	step?.focus();
}

type FoundVerdict = VerdictProps['predicted'];
const verdictWord = (found: FoundVerdict = 'unknown', expected: FoundVerdict): FoundVerdict | 'notAtStake' =>
	found === 'unknown' && expected === 'unknown' ? 'notAtStake' : found;

interface HistoryProps {
	readonly name: string;
	readonly runs: readonly PastRun[];
	readonly expected: Experiment['expected'];
}

function History({ name, runs, expected }: HistoryProps) {
	const { say, duration, language } = useWords();
	const lab = useLabWords();
	if (runs.length === 0) return null;
	return (
		<Section name={lab.history}>
			{/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
			<section class="scroll" tabIndex={0} aria-label={lab.history}>
				<table>
					<thead>
						<tr>
							{[lab.when, lab.result, ...kinds.map((kind) => say(kindWords[kind])), lab.took, lab.startedIn].map(
								(column) => (
									<th key={column} scope="col">
										{column}
									</th>
								),
							)}
						</tr>
					</thead>
					<tbody>
						{runs.map(({ startedMs, durationMs, from, outcome, verdicts, passed }) => (
							<tr key={startedMs}>
								<th scope="row" class="unbroken">
									<a href={addressOfRun({ experiment: name, startedMs })}>
										{calendarDate(startedMs)} {clockTime(startedMs, language)}
									</a>
								</th>
								<td>{say(outcome === 'interrupted' ? 'interrupted' : passed ? 'asPredicted' : 'notAsPredicted')}</td>
								{kinds.map((kind) => (
									<td key={kind}>{say(verdictWord(verdicts?.[kind], expected[kind]))}</td>
								))}
								<td class="unbroken">{duration(durationMs)}</td>
								<td>{lab[from]}</td>
							</tr>
						))}
					</tbody>
				</table>
			</section>
		</Section>
	);
}

interface RunProps {
	readonly store: Store;
	readonly run: ExperimentRun;
	readonly steps: number;
	readonly expectedMs: number | undefined;
}

function Run({ store, run, steps, expectedMs }: RunProps) {
	const { say, messages, duration, language } = useWords();
	const lab = useLabWords();
	const nowMs = useNow(TICK_MS, run.state !== 'ended');
	const elapsedMs = run.state === 'ended' ? run.durationMs : Math.max(run.durationMs, nowMs - run.startedMs);
	const word = resultWord(run);
	return (
		<>
			<h3 class="result">
				{run.state !== 'ended' && <span class="live" aria-hidden="true" />}
				<span class={`state ${word}`}>{say(word)}</span>
				<span class="quiet">
					<a href={addressOfRun(run)}>{clockTime(run.startedMs, language)}</a> ·{' '}
					<span class="time">{duration(elapsedMs)}</span>
				</span>
				{run.from === 'terminal' && <span class="quiet">{lab.fromTerminal}</span>}
				{run.state === 'running' && (
					<span class="quiet">
						{[
							messages.stepOf(run.activities.length, steps),
							...(expectedMs === undefined
								? []
								: [expectedMs > elapsedMs ? lab.left(duration(wholeSeconds(expectedMs - elapsedMs))) : lab.longer]),
						].join(' · ')}
					</span>
				)}
				{run.state === 'stopping' && <span class="quiet">{say('rollingBack')}</span>}
			</h3>
			{run.outcome !== 'interrupted' && run.problems.length > 0 && (
				<div class="failure">
					<p>
						<strong>{say('whyNot')}</strong>
					</p>
					{run.problems.map((problem) => (
						<p key={problem} class="problem">
							<LabOutput text={problem} />
						</p>
					))}
				</div>
			)}
			<Section name={say('activities')}>
				{(Object.keys(parts) as ExperimentActivity['part'][]).map((part) => (
					<Part key={part} part={part} run={run} nowMs={nowMs} />
				))}
			</Section>
			<Section name={say('joinsOfRun')}>
				<JoinsOfRun joins={store.joins.value} run={run} />
			</Section>
			{run.report !== undefined && (
				<p class="quiet report">
					{messages.report}
					<code>{run.report}</code>
				</p>
			)}
		</>
	);
}

const Section = ({ name, children }: { readonly name: string; readonly children: ComponentChildren }) => (
	<section>
		<h3>{name}</h3>
		{children}
	</section>
);

function Part({
	part,
	run,
	nowMs,
}: {
	readonly part: ExperimentActivity['part'];
	readonly run: ExperimentRun;
	readonly nowMs: number;
}) {
	const { say, messages, duration, experimentStep } = useWords();
	const lab = useLabWords();
	const activities = run.activities.filter((activity) => activity.part === part);
	if (activities.length === 0) return null;
	return (
		<>
			<h4>{say(parts[part])}</h4>
			<ol class="activities">
				{activities.map(({ index, type, name, state, startedMs, durationMs, waitsFor, problem }) => (
					<li key={index} class={state} data-activity={name} tabIndex={-1}>
						{state === 'running' ? <span class="live" aria-hidden="true" /> : <Mark failed={state === 'badly'} />}
						<span>
							<StepName name={name} text={experimentStep(name)} /> <span class="quiet kind unbroken">{say(type)}</span>
							<span class="hidden">
								{say(state === 'running' ? 'running' : state === 'well' ? 'passed' : 'failed')}
							</span>
							{waitsFor !== undefined && state === 'running' && (
								<span class="quiet waits">
									{messages.withLabel(lab.waitsFor)}
									<code>{waitsFor}</code>
								</span>
							)}
							{problem !== undefined && (
								<span class="why">
									<LabOutput text={withoutName(problem, `${type} ${name}: `)} />
								</span>
							)}
						</span>
						<span class="quiet time">
							{duration(state === 'running' ? Math.max(0, nowMs - startedMs) : durationMs)}
						</span>
					</li>
				))}
			</ol>
		</>
	);
}

/** In Chinese, the name follows the text: reports and documents have the name only. */
function StepName({ name, text }: { readonly name: string; readonly text: string | undefined }) {
	if (text === undefined) return <>{name.replaceAll('-', ' ')}</>;
	return (
		<>
			{text} <code class="quiet">{name}</code>
		</>
	);
}

/** The name of the activity is shown before its problem. */
const withoutName = (problem: string, name: string): string =>
	problem.startsWith(name) ? problem.slice(name.length) : problem;

function joinsDuring(joins: readonly Join[], { state, startedMs, durationMs }: ExperimentRun): readonly Join[] {
	const endMs = state === 'ended' ? startedMs + durationMs : Number.POSITIVE_INFINITY;
	return joins.filter((join) => join.startedMs >= startedMs && join.startedMs <= endMs);
}

function JoinsOfRun({ joins, run }: { readonly joins: readonly Join[]; readonly run: ExperimentRun }) {
	const { say, duration } = useWords();
	const own = joinsDuring(joins, run);
	if (own.length === 0) return <p class="quiet">{say('noJoinsOfRun')}</p>;
	return (
		<ul class="joins-of-run">
			{own.slice(0, MAX_JOINS).map(({ id, node, state, failure, durationMs }) => (
				<li key={id}>
					<a href={`#/joins/${id}`}>
						{state === 'joining' ? <span class="live" aria-hidden="true" /> : <Mark failed={state === 'refused'} />}
						<strong>{node}</strong> <span class="quiet">{failure?.code ?? say(state)}</span>{' '}
						<span class="quiet">{duration(durationMs)}</span>
					</a>
				</li>
			))}
			{own.length > MAX_JOINS && <li class="quiet">+ {own.length - MAX_JOINS}</li>}
		</ul>
	);
}
