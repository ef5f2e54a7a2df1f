/**
 * The cluster in kubectl's words: a tab for each kind, filtered and in pages, with the buttons that decide requests.
 */
import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Cluster, Refusal } from '../api.ts';
import type { Word } from './catalogue.ts';
import { tokenCommands } from './commands.ts';
import { CopyButton } from './copy.tsx';
import { FailureBand, Sentence } from './failure.tsx';
import { countdown } from './format.ts';
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
	const { say, messages, duration } = useWords();
	return (
		<Table
			caption={say('nodes')}
			columns={[say('name'), say('status'), say('heartbeat'), say('certificate')]}
			rows={nodes}
			empty={useLabWords().noNodes}
			textOf={({ name, status, reason }) => `${name} ${status} ${reason ?? ''}`}
			row={({ name, status, reason, heartbeatMs, certificate }) => (
				<tr key={name}>
					<th scope="row">{name}</th>
					<td>
						<State word={status} /> <span class="quiet">{reason}</span>
					</td>
					<td class="unbroken">
						{heartbeatMs === 0 ? say('noHeartbeat') : messages.ago(duration(wholeSeconds(now - heartbeatMs)))}
					</td>
					<td>{certificate === undefined ? say('none') : <Lifetime certificate={certificate} now={now} />}</td>
				</tr>
			)}
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

/** The page shows no parts of a second that change every second. */
const wholeSeconds = (ms: number): number => Math.max(1, Math.round(ms / 1_000)) * 1_000;

interface RequestsProps {
	readonly store: Store;
	readonly requests: Cluster['requests'];
	readonly now: number;
}

/** `node-csr-` and the first digits of the hash; the whole name is in the title, and can be copied. */
const shortName = (name: string): string => (name.length > 20 ? `${name.slice(0, 13)}…` : name);

function Requests({ store, requests, now }: RequestsProps) {
	const { say, duration } = useWords();
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
				columns={[
					say('node'),
					say('name'),
					say('age'),
					say('signer'),
					say('requester'),
					say('condition'),
					say('decide'),
				]}
				rows={requests}
				empty={useLabWords().noCsrs}
				textOf={({ name, node, requester, signer, condition }) =>
					`${node ?? ''} ${name} ${requester} ${signer} ${condition}`
				}
				row={({ name, node, requester, signer, createdMs, condition }) => (
					<tr key={name}>
						<th scope="row">{node ?? '–'}</th>
						<td class="unbroken" title={name}>
							{shortName(name)} <CopyButton text={name} />
						</td>
						<td class="unbroken">{createdMs === 0 ? '' : duration(wholeSeconds(now - createdMs))}</td>
						<td>{signer}</td>
						<td>{requester}</td>
						<td>
							<State word={condition} />
						</td>
						<td>
							{condition === 'Pending' &&
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
								))}
						</td>
					</tr>
				)}
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
			columns={['ID', say('expires'), say('usages'), say('description')]}
			rows={tokens}
			empty={
				<>
					<p>{lab.noTokens}</p>
					{isDocker ? <Command line={tokenCommands.docker} /> : <Command line={tokenCommands.npm} />}
				</>
			}
			textOf={({ id, description, usages }) => `${id} ${description} ${usages.join(' ')}`}
			row={({ id, expiresMs, usages, description }) => (
				<tr key={id}>
					<th scope="row">{id}</th>
					<td class="unbroken">{expiry(expiresMs)}</td>
					<td>{usages.join(', ')}</td>
					<td lang="en">{description}</td>
				</tr>
			)}
		/>
	);
}

function Leases({ leases, now }: { readonly leases: Cluster['leases']; readonly now: number }) {
	const { say, messages, duration } = useWords();
	return (
		<Table
			caption={say('leases')}
			columns={[say('name'), say('holder'), say('renewed'), say('age')]}
			rows={leases}
			empty={useLabWords().noLeases}
			textOf={({ name, holder }) => `${name} ${holder}`}
			row={({ name, holder, createdMs, renewedMs }) => (
				<tr key={name}>
					<th scope="row">{name}</th>
					<td>{holder}</td>
					<td class="unbroken">
						{renewedMs === 0 ? say('noHeartbeat') : messages.ago(duration(wholeSeconds(now - renewedMs)))}
					</td>
					<td class="unbroken">{createdMs === 0 ? '' : duration(wholeSeconds(now - createdMs))}</td>
				</tr>
			)}
		/>
	);
}

function Events({ events, now }: { readonly events: Cluster['events']; readonly now: number }) {
	const { say, messages, duration } = useWords();
	return (
		<Table
			caption={say('events')}
			columns={[say('object'), say('lastSeen'), say('type'), say('reason'), say('message')]}
			rows={events}
			empty={useLabWords().noEvents}
			textOf={({ object, type, reason, message }) => `${object} ${type} ${reason} ${message}`}
			row={({ id, object, lastSeenMs, type, reason, message, count }) => (
				<tr key={id}>
					<th scope="row">{object}</th>
					<td class="unbroken">{messages.ago(duration(wholeSeconds(now - lastSeenMs)))}</td>
					<td>
						<span class={`state ${type}`}>{type}</span>
					</td>
					<td lang="en">{reason}</td>
					<td lang="en">
						{message}
						{count > 1 && <span class="quiet"> ×{count}</span>}
					</td>
				</tr>
			)}
		/>
	);
}

function Services({ services }: { readonly services: Cluster['services'] }) {
	const { say } = useWords();
	return (
		<Table
			caption={say('services')}
			columns={[say('name'), say('health')]}
			rows={services}
			empty={useLabWords().noServices}
			textOf={({ name, health }) => `${name} ${health}`}
			row={({ name, health, problem }) => (
				<tr key={name}>
					<th scope="row">{name}</th>
					<td>
						<span class={`state ${health}`}>{say(health)}</span> {problem !== undefined && <pre>{problem}</pre>}
					</td>
				</tr>
			)}
		/>
	);
}

interface TableProps<Row> {
	readonly caption: string;
	readonly columns: readonly string[];
	readonly rows: readonly Row[];
	/** The words that the filter searches. */
	readonly textOf: (row: Row) => string;
	readonly row: (row: Row) => ComponentChildren;
	readonly empty: ComponentChildren;
}

function Table<Row>({ caption, columns, rows, textOf, row, empty }: TableProps<Row>) {
	const { say } = useWords();
	const lab = useLabWords();
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
								{columns.map((column) => (
									<th key={column} scope="col">
										{column}
									</th>
								))}
							</tr>
						</thead>
						<tbody>{shown.map(row)}</tbody>
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
