/**
 * The cluster in kubectl's words: a tab for each kind, filtered and in pages, with the buttons that decide requests.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Cluster, Refusal } from '../api.ts';
import type { Word } from './catalogue.ts';
import { tokenCommands } from './commands.ts';
import { CopyButton } from './copy.tsx';
import { FailureBand, Problem, Sentence } from './failure.tsx';
import { countdown, grouped } from './format.ts';
import { lastPage, Pages } from './pages.tsx';
import { Command } from './read-only.tsx';
import { hashOf } from './route.ts';
import { refusalIn, type Store } from './store.ts';
import { useLabWords } from './use-lab-words.ts';
import { useNow } from './use-now.ts';
import type { ViewProps } from './view-props.ts';
import { useWords } from './words.ts';

const PAGE = 50;
const TICK_MS = 1_000;
const tabs = ['nodes', 'csrs', 'tokens', 'leases', 'events', 'services'] as const;
type Tab = (typeof tabs)[number];
const tabWords = {
	nodes: 'nodes',
	csrs: 'requests',
	tokens: 'tokens',
	leases: 'leases',
	events: 'events',
	services: 'services',
} as const satisfies Record<Tab, Word>;
const counts: Readonly<Record<Tab, (cluster: Cluster) => number>> = {
	nodes: ({ nodes }) => nodes.length,
	csrs: ({ requests }) => requests.length,
	tokens: ({ tokens }) => tokens.length,
	leases: ({ leases }) => leases.length,
	events: ({ events }) => events.length,
	services: ({ services }) => services.length,
};

export function ClusterView({ store, navigation }: ViewProps) {
	const { say } = useWords();
	const nowMs = useNow(TICK_MS);
	const cluster = store.cluster.value;
	if (cluster === undefined) return null;
	const [chosen] = navigation.route.value.path;
	const tab = tabs.find((name) => name === chosen) ?? 'nodes';
	return (
		<div class="cluster">
			<nav class="cluster-tabs" aria-label={say('cluster')}>
				{tabs.map((name) => (
					<a key={name} href={hashOf('cluster', name)} aria-current={name === tab ? 'true' : undefined}>
						{say(tabWords[name])} <span class="quiet">{counts[name](cluster)}</span>
					</a>
				))}
			</nav>
			{cluster.problem !== undefined && (
				<p class="note">
					<Sentence text={cluster.problem} />
				</p>
			)}
			<Kind key={tab} tab={tab} store={store} cluster={cluster} now={nowMs} />
		</div>
	);
}

interface KindProps {
	readonly tab: Tab;
	readonly store: Store;
	readonly cluster: Cluster;
	readonly now: number;
}

function Kind({ tab, store, cluster, now }: KindProps) {
	switch (tab) {
		case 'nodes':
			return <Nodes nodes={cluster.nodes} now={now} />;
		case 'csrs':
			return <Requests store={store} requests={cluster.requests} now={now} />;
		case 'tokens':
			return <Tokens store={store} tokens={cluster.tokens} now={now} />;
		case 'leases':
			return <Leases leases={cluster.leases} now={now} />;
		case 'events':
			return <Events events={cluster.events} now={now} />;
		case 'services':
			return <Services services={cluster.services} />;
	}
}

function Nodes({ nodes, now }: { readonly nodes: Cluster['nodes']; readonly now: number }) {
	const { say } = useWords();
	const { ago } = useTimes(now);
	return (
		<Table
			caption={say('nodes')}
			rows={nodes}
			empty={useLabWords().noNodes}
			textOf={({ name, status, reason }) => `${name} ${status} ${reason ?? ''}`}
			columns={[
				{ title: say('name'), cell: ({ name }) => name },
				{
					title: say('status'),
					cell: ({ status, reason }) => (
						<>
							<State word={status} /> <span class="quiet">{reason}</span>
						</>
					),
				},
				{ title: say('heartbeat'), isUnbroken: true, cell: ({ heartbeatMs }) => ago(heartbeatMs) },
				{
					title: say('certificate'),
					cell: ({ certificate }) =>
						certificate === undefined ? say('none') : <Lifetime certificate={certificate} now={now} />,
				},
			]}
		/>
	);
}

/** kubectl's word, with its translation. */
function State({ word }: { readonly word: string }) {
	const translated = useWords().state(word);
	return (
		<>
			<span class={`state ${word.replace(',', '-')}`}>{word}</span>
			{translated !== undefined && <span class="quiet unbroken"> {translated}</span>}
		</>
	);
}

/** In whole seconds: parts of a second would change with each repetition. */
function useTimes(nowMs: number) {
	const { say, messages, duration } = useWords();
	const since = (ms: number): string => duration(Math.max(1, Math.round((nowMs - ms) / 1_000)) * 1_000);
	return {
		age: (createdMs: number): string => (createdMs === 0 ? '' : since(createdMs)),
		ago: (ms: number): string => (ms === 0 ? say('noHeartbeat') : messages.ago(since(ms))),
	};
}

interface RequestsProps {
	readonly store: Store;
	readonly requests: Cluster['requests'];
	readonly now: number;
}

/** `node-csr-` and the first digits of the hash; the whole name is in the title, and can be copied. */
const shortName = (name: string): string => (name.length > 20 ? `${name.slice(0, 13)}…` : name);

function Requests({ store, requests, now }: RequestsProps) {
	const { say } = useWords();
	const { age } = useTimes(now);
	const refusal = useSignal<Refusal | undefined>(undefined);
	const canDecide = store.session.value?.actions.includes('approve') === true;
	const decide = async (name: 'approve' | 'deny', request: string) => {
		const answer = await store.act(name, { request });
		refusal.value = refusalIn(answer);
	};
	return (
		<>
			{refusal.value !== undefined && <FailureBand failure={refusal.value} />}
			<Table
				caption={say('requests')}
				rows={requests}
				empty={useLabWords().noCsrs}
				textOf={({ name, node, requester, signer, condition }) =>
					`${node ?? ''} ${name} ${requester} ${signer} ${condition}`
				}
				columns={[
					{ title: say('node'), cell: ({ node }) => node ?? '–' },
					{
						title: say('name'),
						isUnbroken: true,
						cell: ({ name }) => (
							<span title={name}>
								{shortName(name)} <CopyButton text={name} />
							</span>
						),
					},
					{ title: say('age'), isUnbroken: true, cell: ({ createdMs }) => age(createdMs) },
					{ title: say('signer'), cell: ({ signer }) => signer },
					{ title: say('requester'), cell: ({ requester }) => requester },
					{ title: say('condition'), cell: ({ condition }) => <State word={condition} /> },
					{
						title: say('decide'),
						cell: ({ name, condition }) =>
							condition === 'Pending' &&
							canDecide &&
							(['approve', 'deny'] as const).map((action) => (
								<button
									key={action}
									type="button"
									aria-label={`${say(action)} ${name}`}
									onClick={() => void decide(action, name)}
								>
									{say(action)}
								</button>
							)),
					},
				]}
			/>
		</>
	);
}

interface TokensProps {
	readonly store: Store;
	readonly tokens: Cluster['tokens'];
	readonly now: number;
}

function Tokens({ store, tokens, now }: TokensProps) {
	const { say, messages } = useWords();
	const lab = useLabWords();
	const isDocker = store.session.value?.readOnly?.because === 'compose';
	const expiry = (expiresMs: number): string => {
		if (expiresMs === 0) return say('neverExpires');
		return expiresMs > now ? messages.left(countdown(expiresMs - now)) : say('expired');
	};
	return (
		<Table
			caption={say('tokens')}
			rows={tokens}
			empty={
				<>
					<p>{lab.noTokens}</p>
					{isDocker ? <Command line={tokenCommands.docker} /> : <Command line={tokenCommands.npm} />}
				</>
			}
			textOf={({ id, description, usages }) => `${id} ${description} ${usages.join(' ')}`}
			columns={[
				{ title: 'ID', cell: ({ id }) => id },
				{ title: say('expires'), isUnbroken: true, cell: ({ expiresMs }) => expiry(expiresMs) },
				{ title: say('usages'), cell: ({ usages }) => usages.join(', ') },
				{ title: say('description'), isEnglish: true, cell: ({ description }) => description },
			]}
		/>
	);
}

function Leases({ leases, now }: { readonly leases: Cluster['leases']; readonly now: number }) {
	const { say } = useWords();
	const { age, ago } = useTimes(now);
	return (
		<Table
			caption={say('leases')}
			rows={leases}
			empty={useLabWords().noLeases}
			textOf={({ name, holder }) => `${name} ${holder}`}
			columns={[
				{ title: say('name'), cell: ({ name }) => name },
				{ title: say('holder'), cell: ({ holder }) => holder },
				{ title: say('renewed'), isUnbroken: true, cell: ({ renewedMs }) => ago(renewedMs) },
				{ title: say('age'), isUnbroken: true, cell: ({ createdMs }) => age(createdMs) },
			]}
		/>
	);
}

function Events({ events, now }: { readonly events: Cluster['events']; readonly now: number }) {
	const { say } = useWords();
	const { ago } = useTimes(now);
	return (
		<Table
			caption={say('events')}
			rows={events}
			empty={useLabWords().noEvents}
			textOf={({ object, type, reason, message }) => `${object} ${type} ${reason} ${message}`}
			columns={[
				{ title: say('object'), cell: ({ object }) => object },
				{ title: say('lastSeen'), isUnbroken: true, cell: ({ lastSeenMs }) => ago(lastSeenMs) },
				{ title: say('type'), cell: ({ type }) => <span class={`state ${type}`}>{type}</span> },
				{ title: say('reason'), isEnglish: true, cell: ({ reason }) => reason },
				{
					title: say('message'),
					isEnglish: true,
					cell: ({ message, count }) => (
						<>
							{message}
							{count > 1 && <span class="quiet"> ×{grouped(count)}</span>}
						</>
					),
				},
			]}
		/>
	);
}

function Services({ services }: { readonly services: Cluster['services'] }) {
	const { say } = useWords();
	return (
		<Table
			caption={say('services')}
			rows={services}
			empty={useLabWords().noServices}
			textOf={({ name, health }) => `${name} ${health}`}
			columns={[
				{ title: say('name'), cell: ({ name }) => name },
				{
					title: say('health'),
					cell: ({ health, problem }) => (
						<>
							<span class={`state ${health}`}>{say(health)}</span> {problem !== undefined && <Problem text={problem} />}
						</>
					),
				},
			]}
		/>
	);
}

interface Column<Row> {
	readonly title: string;
	readonly cell: (row: Row) => ComponentChildren;
	readonly isUnbroken?: true;
	readonly isEnglish?: true;
}

interface TableProps<Row> {
	readonly caption: string;
	/** The first one names the row. */
	readonly columns: readonly Column<Row>[];
	readonly rows: readonly Row[];
	/** The words that the filter searches. */
	readonly textOf: (row: Row) => string;
	readonly empty: ComponentChildren;
}

function Table<Row extends { readonly name: string } | { readonly id: string }>({
	caption,
	columns,
	rows,
	textOf,
	empty,
}: TableProps<Row>) {
	const { say } = useWords();
	const lab = useLabWords();
	const [first, ...others] = columns;
	const typed = useSignal('');
	const page = useSignal(0);
	const wanted = typed.value.trim().toLowerCase();
	const matching = wanted === '' ? rows : rows.filter((one) => textOf(one).toLowerCase().includes(wanted));
	const at = Math.min(page.value, lastPage(PAGE, matching.length));
	const shown = matching.slice(at * PAGE, (at + 1) * PAGE);
	return (
		<section class="card">
			<header class="table-head">
				<h2>{caption}</h2>
				<input
					type="search"
					aria-label={say('filterRows')}
					placeholder={say('filterRows')}
					onInput={({ currentTarget }) => {
						typed.value = currentTarget.value;
						page.value = 0;
					}}
				/>
			</header>
			{matching.length === 0 ? (
				<div class="quiet">{rows.length === 0 ? empty : lab.noMatch}</div>
			) : (
				// biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
				<section class="scroll" tabIndex={0} aria-label={caption}>
					<table>
						<thead>
							<tr>
								{columns.map(({ title }) => (
									<th key={title} scope="col">
										{title}
									</th>
								))}
							</tr>
						</thead>
						<tbody>
							{shown.map((row) => (
								<tr key={'id' in row ? row.id : row.name}>
									<th scope="row">{first?.cell(row)}</th>
									{others.map(({ title, isUnbroken, isEnglish, cell }) => (
										// The title is beside the cell where the window is too narrow for columns.
										<td key={title} data-title={title} class={isUnbroken && 'unbroken'} lang={isEnglish && 'en'}>
											{cell(row)}
										</td>
									))}
								</tr>
							))}
						</tbody>
					</table>
				</section>
			)}
			<Pages at={at} size={PAGE} all={matching.length} onPage={(next) => (page.value = next)} />
		</section>
	);
}

type Certificate = NonNullable<Cluster['nodes'][number]['certificate']>;

/** From issue to expiry: the part in which the kubelet renews, and the present. */
function Lifetime({
	certificate: { notBeforeMs, rotateFromMs, rotateToMs, notAfterMs },
	now,
}: {
	readonly certificate: Certificate;
	readonly now: number;
}) {
	const { say, messages, duration } = useWords();
	const at = (ms: number) => Math.min(1, Math.max(0, (ms - notBeforeMs) / (notAfterMs - notBeforeMs))) * 200;
	const left = notAfterMs - now;
	const text = left > 0 ? messages.expiresIn(duration(left)) : say('expired');
	return (
		<span class="lifetime">
			<svg viewBox="0 0 200 12" width="200" height="12" role="img" aria-label={text}>
				<rect class="life" x="0" y="2" width="200" height="8" rx="2" />
				<rect class="rotate" x={at(rotateFromMs)} y="2" width={at(rotateToMs) - at(rotateFromMs)} height="8" />
				<rect class={left > 0 ? 'now' : 'now over'} x={at(now) - 1} y="0" width="3" height="12" />
			</svg>
			<span class="quiet">{text}</span>
		</span>
	);
}
