/** The panel of a party or of a line. */
import type { ComponentChildren } from 'preact';
import type { Message, RefusedConnection, Step } from '../../api.ts';
import { ConnectionPart } from '../connection.tsx';
import { connectionIn, otherConnection, Sections, useDetail } from '../detail.tsx';
import { FailureBand, Problem } from '../failure.tsx';
import { calendarDate, clockTime } from '../format.ts';
import { formOf, protectionExplanations, protectionWords, sealsOf } from '../forms.ts';
import { Panel } from '../panel.tsx';
import { hashOf } from '../route.ts';
import { LineSample, Lock } from '../seals.tsx';
import type { Store } from '../store.ts';
import { useAnswer } from '../use-answer.ts';
import { useWords } from '../words.ts';
import { secondLine } from './party.tsx';
import { type MapLine, nameOf, type Party, type Scene } from './scene.ts';
import { requestText } from './trust-words.ts';

export interface MapPanelProps {
	readonly store: Store;
	readonly scene: Scene;
	/** The ID of a party or of a line. */
	readonly id: string;
	/** Everything that the observer knows has arrived. */
	readonly isComplete: boolean;
	readonly nowMs: number;
	readonly recent: readonly Message[];
	readonly steps: readonly Step[];
	readonly onOpen: (id: string) => void;
	readonly onClose: () => void;
}

export function MapPanel(props: MapPanelProps) {
	const { scene, id } = props;
	const party = scene.parties.get(id) ?? scene.nodes.find((node) => node.id === id);
	if (party !== undefined) return <PartyPanel {...props} party={party} />;
	const line = scene.lines.find((one) => one.id === id);
	if (line !== undefined) return <LinePanel {...props} line={line} />;
	return props.isComplete ? <UnknownPanel id={id} onClose={props.onClose} /> : null;
}

function UnknownPanel({ id, onClose }: Pick<MapPanelProps, 'id' | 'onClose'>) {
	const { say } = useWords();
	return (
		<Panel id={id} title={say('nothingHere')} subtitle={id} onClose={onClose}>
			<p>{say('nothingHereWhy')}</p>
			<p>
				<a href={hashOf('map')}>{say('wholeMap')}</a>
			</p>
		</Panel>
	);
}

const MAX_MESSAGES = 10;

function PartyPanel({
	store,
	scene,
	party,
	nowMs,
	recent,
	steps,
	onOpen,
	onClose,
}: MapPanelProps & { readonly party: Party }) {
	const words = useWords();
	const { say, messages } = words;
	const own = recent.filter(({ from, to }) => from === party.id || to === party.id).slice(0, MAX_MESSAGES);
	const lines = scene.lines.filter(({ from, to }) => from === party.id || to === party.id);
	const { join, service } = party;
	const failed = steps.find((step) => step.join === join?.id && step.kind === 'check' && step.failure !== undefined);
	return (
		<Panel id={party.id} title={nameOf(party.id, scene)} subtitle={secondLine(party, nowMs, words)} onClose={onClose}>
			{service?.problem !== undefined && <Problem text={service.problem} />}
			{join?.state === 'refused' && (
				<>
					{join.tokenBytes !== undefined && <p class="token-bytes">{words.messages.tokenBytes(join.tokenBytes)}</p>}
					{join.failure !== undefined && <FailureBand failure={join.failure} />}
				</>
			)}
			{join !== undefined && (
				<p>
					<a href={hashOf('joins', join.id)}>{say('openJoin')}</a>
				</p>
			)}
			<CertificatePart party={party} />
			<Part name={say('connections')} isEmpty={lines.length === 0}>
				<ul class="panel-lines">
					{lines.map((line) => (
						<li key={line.id}>
							<button type="button" class="plain" onClick={() => onOpen(line.id)}>
								<Lock form={formOf[line.protection]} />{' '}
								{messages.between(nameOf(line.from, scene), nameOf(line.to, scene))}{' '}
								<span class="quiet">{say(protectionWords[line.protection])}</span>
							</button>
						</li>
					))}
				</ul>
			</Part>
			<Refused list={store.traffic.value.refusedConnections.filter((one) => one.party === party.id)} />
			<Messages messages={own} />
			{failed !== undefined && <Evidence store={store} step={failed} />}
		</Panel>
	);
}

function CertificatePart({ party: { role, life, cas } }: { readonly party: Party }) {
	const { say, messages } = useWords();
	if (role === 'store' || role === 'mask') return null;
	return (
		<Part name={say('certificate')} isEmpty={cas.length === 0 && life === undefined}>
			<ul>
				{cas.map((ca) => (
					<li key={ca}>{messages.issuedBy(say(ca === 'K' ? 'clusterCa' : 'meshCa'))}</li>
				))}
				{life !== undefined && (
					<li>{messages.validFromTo(calendarDate(life.notBeforeMs), calendarDate(life.notAfterMs))}</li>
				)}
			</ul>
		</Part>
	);
}

function Refused({ list }: { readonly list: readonly RefusedConnection[] }) {
	const { say, language } = useWords();
	return (
		<Part name={say('refusedConnections')} isEmpty={list.length === 0}>
			<ul class="panel-refused">
				{list.toReversed().map(({ id, atMs, peer, reason }) => (
					<li key={id}>
						{clockTime(atMs, language)} <code>{peer}</code> <span lang="en">{reason}</span>
					</li>
				))}
			</ul>
		</Part>
	);
}

/** What the node found at the check that failed: both pins, the signature, the documents. */
function Evidence({ store, step }: { readonly store: Store; readonly step: Step }) {
	const found = useAnswer(() => store.detail(step.join, step.id), [step.join, step.id]);
	if (found === undefined || !('sections' in found)) return null;
	return <Sections sections={found.sections.filter(({ kind }) => kind !== 'failure')} step={found.step} />;
}

function LinePanel({ store, line, scene, recent, steps, onClose }: MapPanelProps & { readonly line: MapLine }) {
	const { say, messages } = useWords();
	const form = formOf[line.protection];
	const own = recent
		.filter(({ from, to }) => (line.from === 'nodes' || from === line.from) && to === line.to)
		.slice(0, MAX_MESSAGES);
	const from = line.from === 'nodes' ? messages.nodeCount(line.count) : line.from;
	const to = nameOf(line.to, scene);
	return (
		<Panel
			id={line.id}
			title={
				<>
					<Lock form={form} size={20} /> {say(protectionWords[line.protection])}
				</>
			}
			subtitle={messages.between(from, to)}
			onClose={onClose}
			tabs={{
				connection: <Connection store={store} line={line} steps={steps} from={from} to={to} />,
				request: own.length === 0 ? undefined : <Messages messages={own} />,
			}}
		/>
	);
}

interface ConnectionProps extends Pick<MapPanelProps, 'store' | 'steps'> {
	readonly line: MapLine;
	readonly from: string;
	readonly to: string;
}

/** Both certificates and the checks of each end, of the last message; without one, the protection only. */
function Connection({ store, line, steps, from, to }: ConnectionProps) {
	const { say, messages } = useWords();
	const ofJoin = steps.findLast(
		(step) => step.kind === 'message' && step.from === line.from && step.to === line.to && step.tls === line.tls,
	);
	const seen = connectionIn(useDetail(store, ofJoin ?? line.last));
	const other = connectionIn(useDetail(store, ofJoin && otherConnection(ofJoin, steps)));
	if (seen !== undefined) return <ConnectionPart shown={seen} other={other} />;
	const form = formOf[line.protection === 'broken' ? (line.tls ?? 'broken') : line.protection];
	const [client, server] = sealsOf(form);
	const proved = (isFilled: boolean | undefined) => say(isFilled === true ? 'proved' : 'notProved');
	return (
		<>
			<div class="ends">
				<div class={client === true ? 'end' : 'end bare'}>
					<span class="quiet">{say('client')}</span>
					<strong>{from}</strong>
					<span>{proved(client)}</span>
				</div>
				<div class={server === true ? 'end' : 'end bare'}>
					<span class="quiet">{say('server')}</span>
					<strong>{to}</strong>
					<span>{proved(server)}</span>
				</div>
			</div>
			<p class="sample-line">
				<LineSample form={form} />
			</p>
			{line.negotiated !== undefined && <p class="negotiated">{line.negotiated.parameters.join(' · ')}</p>}
			<p>{say(protectionExplanations[line.protection])}</p>
			{line.calls > 0 && <p class="quiet">{messages.calls(line.calls, line.perMinute)}</p>}
		</>
	);
}

function Messages({ messages: list }: { readonly messages: readonly Message[] }) {
	const words = useWords();
	const { say, duration } = words;
	return (
		<Part name={say('lastMessages')} isEmpty={list.length === 0}>
			<ol class="panel-messages">
				{list.map((message) => (
					<li key={`${message.join} ${message.id}`}>
						<a href={hashOf('joins', message.join, message.id)}>
							<Lock form={formOf[message.tls ?? 'planned']} />
							<span>
								{message.from} → {message.to}
								<span class="quiet"> {requestText({ ...message, kind: 'message' }, words)}</span>
							</span>
							<span class="quiet">{message.failed ?? duration(message.durationMs)}</span>
						</a>
					</li>
				))}
			</ol>
		</Part>
	);
}

interface PartProps {
	readonly name: string;
	readonly isEmpty: boolean;
	readonly children: ComponentChildren;
}

const Part = ({ name, isEmpty, children }: PartProps) =>
	isEmpty ? null : (
		<section>
			<h3>{name}</h3>
			{children}
		</section>
	);
