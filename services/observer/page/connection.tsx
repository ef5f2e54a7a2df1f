/**
 * A TLS connection: both certificates, the line between them, and the checks of each end, beside those of a connection
 * of the same two programs with another protection.
 */
import type { ComponentChildren } from 'preact';
import type { Connection, ConnectionEnd, EndCertificate, Step } from '../api.ts';
import { calendarDate } from './format.ts';
import { type Form, formOf, protectionExplanations, protectionWords } from './forms.ts';
import { LineSample, Lock } from './seals.tsx';
import { useWords, type Words } from './words.ts';

export interface SeenConnection {
	readonly step: Step;
	readonly connection: Connection;
}

interface ConnectionProps {
	readonly shown: SeenConnection;
	/** Absent if the two programs have no other connection. */
	readonly other?: SeenConnection | undefined;
}

export function ConnectionPart({ shown: { step, connection }, other }: ConnectionProps) {
	const words = useWords();
	const { say, messages } = words;
	const { client, server, isIntercepted } = connection;
	const error = client?.error;
	const form = formOfConnection(step, connection);
	return (
		<>
			<div class="ends">
				<Card side={say('client')} name={step.from} certificate={server?.client ?? client?.client} user={step.user} />
				<Card side={say('server')} name={step.to} certificate={client?.server ?? server?.server} />
				{isIntercepted && <Card side={say('server')} name={step.to} certificate={server?.server} />}
			</div>
			<p class={`sample-line ${form}`}>
				<LineSample form={form} />
				<span lang="en">{summaryOf(connection)}</span>
			</p>
			{isIntercepted && <p class="failure">{say('otherParty')}</p>}
			{error !== undefined && <p class="failure">{messages.handshakeFailed(error)}</p>}
			{(client === undefined || server === undefined) && <p class="quiet">{say('oneReport')}</p>}
			<Checks columns={[{ step, connection }, ...(other === undefined ? [] : [other])]} />
			{step.tls !== undefined && error === undefined && (
				<p class={`means ${form}`}>{say(protectionExplanations[step.tls])}</p>
			)}
		</>
	);
}

const formOfConnection = ({ tls }: Step, { client, isIntercepted }: Connection): Form =>
	isIntercepted || client?.isEstablished === false || tls === undefined ? 'broken' : formOf[tls];

interface CardProps {
	readonly side: string;
	readonly name: string;
	readonly certificate: EndCertificate | undefined;
	readonly user?: string | undefined;
}

function Card({ side, name, certificate, user }: CardProps) {
	const { say, messages } = useWords();
	return (
		<div class={certificate === undefined ? 'end bare' : 'end'}>
			<span class="quiet">
				{side} · {name}
			</span>
			{certificate === undefined ? (
				<>
					<strong>{say('noCertificate')}</strong>
					{user !== undefined && <span class="quiet">{user}</span>}
				</>
			) : (
				<>
					<strong>{certificate.subject}</strong>
					<span class="quiet">{messages.issuerIs(certificate.issuer)}</span>
					<span class="quiet" title={certificate.serial}>
						{messages.serialIs(shortened(certificate.serial))}
					</span>
				</>
			)}
		</div>
	);
}

const SHOWN_DIGITS = 20;
const shortened = (serial: string): string =>
	serial.length <= SHOWN_DIGITS ? serial : `${serial.slice(0, 8)}…${serial.slice(-5)}`;

/** `TLS 1.3 · AES-256-GCM · X25519 · h2` */
function summaryOf({ client, server }: Connection): string {
	const { version = '', cipher = '', alpn = '' } = client ?? server ?? {};
	const algorithm = cipher.replace(/^TLS_|_SHA\d+$/g, '').replaceAll('_', '-');
	const parts = [version && `TLS ${version}`, algorithm, client?.curve?.toUpperCase(), alpn];
	return parts.filter((part) => part).join(' · ');
}

type Row = readonly [name: string, cell: (seen: SeenConnection) => ComponentChildren];

function Checks({ columns }: { readonly columns: readonly SeenConnection[] }) {
	const words = useWords();
	const { say, duration } = words;
	return (
		<table class="checks">
			<thead>
				<tr>
					<td />
					{columns.map(({ step }, index) => (
						<th key={step.id} scope="col">
							{step.tls !== undefined && <Lock form={formOf[step.tls]} />}{' '}
							{say(index === 0 ? 'thisConnection' : 'otherConnection')}
							<span class="quiet">
								{step.tls !== undefined && say(protectionWords[step.tls])} +{duration(step.atMs)}
							</span>
						</th>
					))}
				</tr>
			</thead>
			{groupsOf(words).map(({ name, rows }) => (
				<tbody key={name}>
					<tr>
						<th class="group" colSpan={columns.length + 1} scope="rowgroup">
							{name}
						</th>
					</tr>
					{rows.map(([label, cell]) => (
						<tr key={label}>
							<th scope="row">{label}</th>
							{columns.map((column) => (
								<td key={column.step.id}>{cell(column)}</td>
							))}
						</tr>
					))}
				</tbody>
			))}
		</table>
	);
}

function groupsOf({ say }: Words): readonly { readonly name: string; readonly rows: readonly Row[] }[] {
	const checked = (value: string | undefined): ComponentChildren =>
		value === undefined || value === '' ? (
			<span class="quiet">— {say('notChecked')}</span>
		) : (
			<>
				<span class="passed">✓</span> <span lang="en">{value}</span>
			</>
		);
	const reported = (value: string | undefined): ComponentChildren => value ?? say('notReported');
	const verified = (end: ConnectionEnd | undefined, value: string | undefined): ComponentChildren =>
		checked(end?.verifiedBy === undefined ? undefined : value);
	const of = ({ connection: { client, server } }: SeenConnection): ConnectionEnd | undefined => client ?? server;
	const day = (time: string | undefined): string | undefined => time && calendarDate(Date.parse(time));
	return [
		{
			name: say('clientChecked'),
			rows: [
				[say('chain'), ({ connection: { client } }) => checked(client?.verifiedBy)],
				[say('name'), ({ connection: { client } }) => checked(client?.verifiedName)],
				[say('purpose'), ({ connection: { client } }) => checked(client?.verifiedUsage)],
				[say('validUntil'), ({ connection: { client } }) => verified(client, day(client?.server?.notAfter))],
			],
		},
		{
			name: say('serverChecked'),
			rows: [
				[say('chain'), ({ connection: { server } }) => checked(server?.verifiedBy)],
				[say('name'), ({ connection: { server } }) => verified(server, server?.client?.subject)],
				[say('purpose'), ({ connection: { server } }) => checked(server?.verifiedUsage)],
				[say('validUntil'), ({ connection: { server } }) => verified(server, day(server?.client?.notAfter))],
				[say('identity'), ({ step: { user } }) => user ?? '–'],
			],
		},
		{
			name: say('negotiated'),
			rows: [
				[say('protocol'), (seen) => reported(of(seen)?.version && `TLS ${of(seen)?.version}`)],
				[say('cipher'), (seen) => reported(of(seen)?.cipher)],
				[say('keyExchange'), ({ connection: { client } }) => reported(client?.curve?.toUpperCase())],
				[say('alpn'), (seen) => reported(of(seen)?.alpn)],
				[say('resumed'), (seen) => say(of(seen)?.isResumed === true ? 'yes' : 'no')],
			],
		},
	];
}
