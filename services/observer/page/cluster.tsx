/** The cluster as its admin sees it, with the buttons that decide certificate signing requests. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Cluster, Refusal } from '../api.ts';
import { FailureBand, Sentence } from './failure.tsx';
import { countdown } from './format.ts';
import type { Store } from './store.ts';
import type { ViewProps } from './view-props.ts';
import { useWords } from './words.ts';

/** Rows of a table at first; a cluster can have thousands of nodes. */
const PAGE = 100;

export function ClusterView({ store }: ViewProps) {
	const nowMs = useSignal(Date.now());
	useEffect(() => {
		const timer = setInterval(() => (nowMs.value = Date.now()), 1_000);
		return () => clearInterval(timer);
	}, []);
	const cluster = store.cluster.value;
	if (cluster === undefined) return null;
	return (
		<div class="cluster">
			{cluster.problem !== undefined && (
				<p class="note">
					<Sentence text={cluster.problem} />
				</p>
			)}
			<Nodes nodes={cluster.nodes} now={nowMs.value} />
			<Requests store={store} requests={cluster.requests} />
			<Tokens tokens={cluster.tokens} now={nowMs.value} />
			<Services services={cluster.services} />
		</div>
	);
}

function Nodes({ nodes, now }: { readonly nodes: Cluster['nodes']; readonly now: number }) {
	const { say, messages, duration } = useWords();
	return (
		<Table
			caption={say('nodes')}
			columns={[say('name'), say('status'), say('heartbeat'), say('certificate')]}
			rows={nodes}
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

function Requests({ store, requests }: { readonly store: Store; readonly requests: Cluster['requests'] }) {
	const { say } = useWords();
	const refusal = useSignal<Refusal | undefined>(undefined);
	const canDecide = store.session.value?.actions.includes('approve') === true;
	const decide = async (name: 'approve' | 'deny', request: string) => {
		const answer = await store.act(name, { request });
		refusal.value = 'code' in answer ? answer : undefined;
	};
	return (
		<>
			{refusal.value !== undefined && <FailureBand failure={refusal.value} />}
			<Table
				caption={say('requests')}
				columns={[say('name'), say('requester'), say('signer'), say('condition'), say('decide')]}
				rows={requests}
				row={({ name, requester, signer, condition }) => (
					<tr key={name}>
						<th scope="row">{name}</th>
						<td class="unbroken">{requester}</td>
						<td>{signer}</td>
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

function Tokens({ tokens, now }: { readonly tokens: Cluster['tokens']; readonly now: number }) {
	const { say, messages } = useWords();
	const expiry = (expiresMs: number): string => {
		if (expiresMs === 0) return say('neverExpires');
		return expiresMs > now ? messages.left(countdown(expiresMs - now)) : say('expired');
	};
	return (
		<Table
			caption={say('tokens')}
			columns={['ID', say('expires'), say('usages'), say('description')]}
			rows={tokens}
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

function Services({ services }: { readonly services: Cluster['services'] }) {
	const { say } = useWords();
	return (
		<Table
			caption={say('services')}
			columns={[say('name'), say('health')]}
			rows={services}
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
	readonly row: (row: Row) => preact.ComponentChildren;
}

function Table<Row>({ caption, columns, rows, row }: TableProps<Row>) {
	const { say, messages } = useWords();
	const shown = useSignal(PAGE);
	const left = rows.length - shown.value;
	return (
		<section class="card">
			<h2>
				{caption} {rows.length > 0 && <span class="quiet">{rows.length}</span>}
			</h2>
			{rows.length === 0 ? (
				<p class="quiet">{say('none')}</p>
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
						<tbody>{rows.slice(0, shown.value).map(row)}</tbody>
					</table>
				</section>
			)}
			{left > 0 && (
				<button type="button" onClick={() => (shown.value += PAGE)}>
					{messages.moreItems(left)}
				</button>
			)}
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
