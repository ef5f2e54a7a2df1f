/** Which party needs which certificate: identity, issuer, file, expiry and rights; a row opens its certificate. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Certificates, KnownCertificate } from '../api.ts';
import { type Group, groups, identityOf, matches, type PartyRow, partyRows, text } from './certificate-parties.ts';
import { type CertificateWord, certificateTexts } from './certificate-words.ts';
import { certificateTextsInChinese } from './certificate-words-zh.ts';
import { Sections } from './detail.tsx';
import { FailureBand } from './failure.tsx';
import { calendarDate } from './format.ts';
import { LOW_SHARE, leftOf, TileRing } from './map/glyphs.tsx';
import { isUnderAttack } from './map/scene.ts';
import { Panel } from './panel.tsx';
import { hashOf } from './route.ts';
import type { Store } from './store.ts';
import { useAnswer } from './use-answer.ts';
import type { ViewProps } from './view-props.ts';
import { useWords } from './words.ts';

const groupWords = {
	cluster: 'groupCluster',
	mesh: 'groupMesh',
	other: 'groupOther',
	none: 'groupNone',
	attacker: 'groupAttacker',
} as const satisfies Record<Group, CertificateWord>;
const caFiles: Readonly<Partial<Record<Group, string>>> = {
	cluster: 'ca-service/ca.crt',
	mesh: 'mesh-ca/mesh-ca.crt',
};
const REFRESH_MS = 5_000;
const MAX_ROWS = 200;
const columns = ['who', 'identity', 'how', 'issuer', 'file', 'validUntil', 'may'] as const;

type Texts = Readonly<Record<CertificateWord, string>>;

/** The texts of this view are in its own file: a reader of the map does not wait for them. */
const useTexts = (): Texts => (useWords().language === 'zh' ? certificateTextsInChinese : certificateTexts);

export function CertificatesView({ store, navigation }: ViewProps) {
	const say = useTexts();
	const typed = useSignal('');
	const isExpiringOnly = useSignal(false);
	const isPresentOnly = useSignal(false);
	const found = useCertificates(store);
	const nowMs = Date.now();
	const [chosen] = navigation.route.value.path;
	const hasAttacker = isUnderAttack(store.traffic.value.lines);
	const rows = partyRows({ certificates: found, cluster: store.cluster.value, hasAttacker });
	const filter = { typed: typed.value, isExpiringOnly: isExpiringOnly.value, isPresentOnly: isPresentOnly.value };
	const shown = rows.filter((row) => matches(row, filter, spokenRow(row, say), isLow(row, nowMs)));
	const selected = rows.find(({ certificate }) => serialOf(certificate) === chosen);
	return (
		<div class="certificates">
			<div class="body">
				<header>
					<div>
						<h2>{say.heading}</h2>
						<p class="quiet">{say.about}</p>
					</div>
					<input
						type="search"
						aria-label={say.filter}
						placeholder={say.filter}
						onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
					/>
					<Toggle name={say.expiringOnly} state={isExpiringOnly} />
					<Toggle name={say.presentOnly} state={isPresentOnly} />
				</header>
				{found?.problem !== undefined && (
					<p class="note">
						{say.listUnreadable} <code>{found.problem}</code>
					</p>
				)}
				{found !== undefined && !found.list.some(({ file }) => file !== undefined) && found.problem === undefined && (
					<p class="note">{say.noFiles}</p>
				)}
				{shown.length === 0 && <p class="note">{say.noMatch}</p>}
				{/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
				<section class="scroll" tabIndex={0} aria-label={say.heading}>
					<table>
						<thead>
							<tr>
								{columns.map((column) => (
									<th key={column} scope="col">
										{say[column]}
										{column === 'file' && <span class="quiet">{say.fileOfKubeadm}</span>}
									</th>
								))}
							</tr>
						</thead>
						{groups.map((group) => (
							<GroupRows
								key={group}
								group={group}
								rows={shown.filter((row) => row.group === group).slice(0, MAX_ROWS)}
								ca={found?.list.find(({ file }) => file !== undefined && file === caFiles[group])}
								chosen={chosen}
								nowMs={nowMs}
							/>
						))}
					</table>
				</section>
			</div>
			{chosen !== undefined && (
				<CertificatePanel
					store={store}
					serial={chosen}
					title={selected === undefined ? chosen : text(identityOf(selected)).replace('\n', ', ')}
					onClose={() => navigation.go('certificates')}
				/>
			)}
		</div>
	);
}

function Toggle({ name, state }: { readonly name: string; readonly state: { value: boolean } }) {
	return (
		<button type="button" aria-pressed={state.value} onClick={() => (state.value = !state.value)}>
			{name}
		</button>
	);
}

interface GroupProps {
	readonly group: Group;
	readonly rows: readonly PartyRow[];
	readonly ca: KnownCertificate | undefined;
	readonly chosen: string | undefined;
	readonly nowMs: number;
}

function GroupRows({ group, rows, ca, chosen, nowMs }: GroupProps) {
	const say = useTexts();
	const { messages } = useWords();
	if (rows.length === 0) return null;
	return (
		<tbody>
			<tr class="group">
				<th colSpan={columns.length} scope="rowgroup">
					{say[groupWords[group]]}{' '}
					{ca !== undefined && 'serial' in ca && (
						<>
							<span class="tag" aria-hidden="true">
								{group === 'mesh' ? 'M' : 'K'}
							</span>{' '}
							<a class="quiet" href={hashOf('certificates', ca.serial)}>
								{`CN=${ca.commonName} · ${ca.key} · ${messages.validUntil(calendarDate(ca.notAfterMs))}`}
							</a>
						</>
					)}
				</th>
			</tr>
			{rows.map((row) => (
				<Row
					key={row.id}
					row={row}
					isChosen={chosen !== undefined && serialOf(row.certificate) === chosen}
					nowMs={nowMs}
				/>
			))}
		</tbody>
	);
}

function Row({ row, isChosen, nowMs }: { readonly row: PartyRow; readonly isChosen: boolean; readonly nowMs: number }) {
	const say = useTexts();
	const { messages } = useWords();
	const { who, role, how, issuer, file, kubeadm, may, isPresent, certificate } = row;
	const serial = serialOf(certificate);
	const names = certificate !== undefined && 'names' in certificate ? certificate.names : 0;
	const name = spoken(who, say);
	return (
		<tr
			class={`${isPresent ? '' : 'absent'}${isChosen ? ' chosen' : ''}${row.group === 'attacker' ? ' attacker' : ''}`}
		>
			<th scope="row">
				{serial === undefined ? (
					<strong>{name}</strong>
				) : (
					<a href={hashOf('certificates', serial)} aria-current={isChosen ? 'true' : undefined}>
						<strong>{name}</strong>
					</a>
				)}
				<span class="quiet">{spoken(role, say)}</span>
			</th>
			<td class="mono">
				{spoken(identityOf(row), say)}
				{names > 1 && <span class="quiet">{messages.sanCount(names)}</span>}
			</td>
			<td>{say[how]}</td>
			<td>{spoken(issuer, say)}</td>
			<td>
				{file === undefined ? (
					<em>{say.absent}</em>
				) : (
					<span class="mono" lang={isValue(file) ? 'en' : undefined}>
						{spoken(file, say)}
					</span>
				)}
				<span class="quiet">{spoken(kubeadm, say)}</span>
			</td>
			<td class="until">
				<Until row={row} nowMs={nowMs} />
			</td>
			<td>{say[may]}</td>
		</tr>
	);
}

function Until({ row, nowMs }: { readonly row: PartyRow; readonly nowMs: number }) {
	const say = useTexts();
	const { say: word, messages, duration } = useWords();
	const { certificate, life, expiry, isPresent, group } = row;
	if (!isPresent) return <span class="quiet">–</span>;
	if (certificate !== undefined && 'problem' in certificate) return <span class="sentence">{say.unreadable}</span>;
	const left = (untilMs: number) => (untilMs > nowMs ? messages.expiresIn(duration(untilMs - nowMs)) : word('expired'));
	if (life !== undefined) {
		const isSoon = life.notAfterMs - nowMs < SOON_MS;
		return (
			<span title={left(life.notAfterMs)}>
				<TileRing life={life} nowMs={nowMs} /> {isSoon ? left(life.notAfterMs) : calendarDate(life.notAfterMs)}
			</span>
		);
	}
	const known =
		expiry === 'hour'
			? say.defaultHour
			: expiry === 'never'
				? say.never
				: expiry === undefined
					? group === 'attacker'
						? duration(ATTACKER_LIFE_MS)
						: say.notSeen
					: left(expiry);
	return (
		<span>
			<TileRing life={undefined} nowMs={nowMs} /> {known}
		</span>
	);
}

const SOON_MS = 2 * 86_400_000;
const ATTACKER_LIFE_MS = 86_400_000;

const spoken = (value: PartyRow['who'] | undefined, say: Texts): string =>
	value === undefined ? '' : typeof value === 'string' ? say[value] : value.value;
const isValue = (value: PartyRow['file']): boolean => typeof value === 'object';
const spokenRow = (row: PartyRow, say: Texts): string =>
	[row.who, row.role, identityOf(row), row.file, row.kubeadm].map((value) => spoken(value, say)).join(' ');
const serialOf = (certificate: KnownCertificate | undefined): string | undefined =>
	certificate !== undefined && 'serial' in certificate ? certificate.serial : undefined;
const isLow = ({ life }: PartyRow, nowMs: number): boolean => life !== undefined && leftOf(life, nowMs) < LOW_SHARE;

/** The certificates, read again while the view is open; undefined until they are known. */
function useCertificates(store: Store): Certificates | undefined {
	const found = useSignal<Certificates | undefined>(undefined);
	useEffect(() => {
		let isOpen = true;
		const read = async () => {
			const answer = await store.certificates();
			if (isOpen && answer !== undefined && 'list' in answer) found.value = answer;
		};
		void read();
		const timer = setInterval(() => void read(), REFRESH_MS);
		return () => {
			isOpen = false;
			clearInterval(timer);
		};
		// The observer knows certificates of nodes as soon as it follows the cluster.
	}, [store.cluster.value?.nodes.length]);
	return found.value;
}

interface PanelProps {
	readonly store: Store;
	readonly serial: string;
	readonly title: string;
	readonly onClose: () => void;
}

function CertificatePanel({ store, serial, title, onClose }: PanelProps) {
	const say = useTexts();
	const found = useAnswer(() => store.certificate(serial), [serial]);
	return (
		<Panel id={serial} title={title} titleLang="en" onClose={onClose}>
			{found !== undefined &&
				('sections' in found ? <Sections sections={found.sections} /> : <FailureBand failure={found} />)}
			{found !== undefined && 'sections' in found && (
				<section class="by-hand">
					<h3>{say.file}</h3>
					<code>openssl x509 -in FILE -noout -text</code>
				</section>
			)}
		</Panel>
	);
}
