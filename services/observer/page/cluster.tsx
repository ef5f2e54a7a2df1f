/** The cluster as its admin sees it, with what may be decided. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Cluster, Refusal } from '../api.ts';
import { FailureBand } from './diagram.tsx';
import { duration } from './format.ts';
import type { Store } from './store.ts';
import { useWords } from './words.ts';

export function ClusterView({ store }: { readonly store: Store }) {
	const { say } = useWords();
	const nowMs = useSignal(Date.now());
	const refusal = useSignal<Refusal | undefined>(undefined);
	useEffect(() => {
		const timer = setInterval(() => (nowMs.value = Date.now()), 1_000);
		return () => clearInterval(timer);
	}, []);
	const cluster = store.cluster.value;
	if (cluster === undefined) return null;
	const now = nowMs.value;
	const mayDecide = store.session.value?.actions.includes('approve') === true;
	const decide = async (name: 'approve' | 'deny', request: string) => {
		const answer = await store.act(name, { request });
		refusal.value = 'code' in answer ? answer : undefined;
	};
	return (
		<div class="cluster">
			{cluster.problem !== undefined && <p class="note">{cluster.problem}</p>}
			{refusal.value !== undefined && <FailureBand failure={refusal.value} />}
			<Table
				caption={say('nodes')}
				columns={[say('name'), say('status'), say('heartbeat'), say('certificate')]}
				isEmpty={cluster.nodes.length === 0}
			>
				{cluster.nodes.map((node) => (
					<tr key={node.name}>
						<th scope="row">{node.name}</th>
						<td>
							<span class={`state ${node.status}`}>{node.status}</span> <span class="quiet">{node.reason}</span>
						</td>
						<td>{node.heartbeatMs === 0 ? say('never') : <Ago ms={Math.max(0, now - node.heartbeatMs)} />}</td>
						<td>
							{node.certificate === undefined ? say('none') : <Lifetime certificate={node.certificate} now={now} />}
						</td>
					</tr>
				))}
			</Table>
			<Table
				caption={say('requests')}
				columns={[say('name'), say('requester'), say('signer'), say('condition'), say('decide')]}
				isEmpty={cluster.requests.length === 0}
			>
				{cluster.requests.map(({ name, requester, signer, condition }) => (
					<tr key={name}>
						<th scope="row">{name}</th>
						<td>{requester}</td>
						<td>{signer}</td>
						<td>
							<span class={`state ${condition.replace(',', '-')}`}>{condition}</span>
						</td>
						<td>
							{condition === 'Pending' && mayDecide && (
								<>
									<button
										type="button"
										aria-label={`${say('approve')} ${name}`}
										onClick={() => void decide('approve', name)}
									>
										{say('approve')}
									</button>{' '}
									<button type="button" aria-label={`${say('deny')} ${name}`} onClick={() => void decide('deny', name)}>
										{say('deny')}
									</button>
								</>
							)}
						</td>
					</tr>
				))}
			</Table>
			<Table
				caption={say('tokens')}
				columns={['ID', say('expires'), say('usages'), say('description')]}
				isEmpty={cluster.tokens.length === 0}
			>
				{cluster.tokens.map(({ id, expiresMs, usages, description }) => (
					<tr key={id}>
						<th scope="row">{id}</th>
						<td>
							{expiresMs === 0
								? say('never')
								: expiresMs > now
									? `${say('in')} ${countdown(expiresMs - now)}`
									: say('expired')}
						</td>
						<td>{usages.join(', ')}</td>
						<td>{description}</td>
					</tr>
				))}
			</Table>
			<Table caption={say('services')} columns={[say('name'), say('health')]} isEmpty={cluster.services.length === 0}>
				{cluster.services.map(({ name, health, problem }) => (
					<tr key={name}>
						<th scope="row">{name}</th>
						<td>
							<span class={`state ${health}`}>{say(health)}</span> {problem !== undefined && <pre>{problem}</pre>}
						</td>
					</tr>
				))}
			</Table>
		</div>
	);
}

interface TableProps {
	readonly caption: string;
	readonly columns: readonly string[];
	readonly isEmpty: boolean;
	readonly children: preact.ComponentChildren;
}

function Table({ caption, columns, isEmpty, children }: TableProps) {
	const { say } = useWords();
	return (
		<section class="card">
			<h2>{caption}</h2>
			{isEmpty ? (
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
						<tbody>{children}</tbody>
					</table>
				</section>
			)}
		</section>
	);
}

function Ago({ ms }: { readonly ms: number }) {
	const { say, language } = useWords();
	const time = ms < 1_000 ? '0 s' : duration(ms);
	return <>{language === 'zh' ? `${time}${say('ago')}` : `${time} ${say('ago')}`}</>;
}

function countdown(ms: number): string {
	const seconds = Math.floor(ms / 1_000);
	const two = (number: number) => String(number).padStart(2, '0');
	return `${Math.floor(seconds / 3_600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

type Certificate = NonNullable<Cluster['nodes'][number]['certificate']>;

/** From issue to expiry: the part in which the kubelet renews, and now. */
function Lifetime({
	certificate: { notBeforeMs, rotateFromMs, rotateToMs, notAfterMs },
	now,
}: {
	readonly certificate: Certificate;
	readonly now: number;
}) {
	const { say } = useWords();
	const at = (ms: number) => Math.min(1, Math.max(0, (ms - notBeforeMs) / (notAfterMs - notBeforeMs))) * 200;
	const left = notAfterMs - now;
	const text = left > 0 ? `${say('expires')} ${say('in')} ${duration(left)}` : say('expired');
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
