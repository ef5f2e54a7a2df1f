/** A party as a card: its sign in the ring of its certificate, its name, one line about it, and its CAs. */
import type { Word } from '../catalogue.ts';
import { faultWords } from '../faults.ts';
import { useWords, type Words } from '../words.ts';
import { Glyph, LOW_SHARE, leftOf, Ring } from './glyphs.tsx';
import { ATTACKER, type Box, storeOf } from './layout.ts';
import type { Party } from './scene.ts';
import { keptCredential } from './trust-words.ts';

/** The contents of a store, by its owner. */
export const storeWords: readonly (readonly [id: string, word: Word])[] = [
	[storeOf('apiserver-sim'), 'storeRegistry'],
	[storeOf('token-store'), 'storeTokens'],
	[storeOf('ca-service'), 'storeLedger'],
];

/** Characters that a card holds in the usual size. */
const LONG_NAME = 15;

interface PartyCardProps {
	readonly party: Party;
	readonly box: Box;
	readonly nowMs: number;
	readonly isSelected: boolean;
	readonly isLit: boolean;
	/** The map is one stop of the Tab key. */
	readonly isTabStop: boolean;
	readonly onOpen: () => void;
	readonly onFocus: () => void;
}

export function PartyCard({ party, box, nowMs, isSelected, isLit, isTabStop, onOpen, onFocus }: PartyCardProps) {
	const words = useWords();
	const { id, role, node, cas, service, life, fault, refusedConnections = 0 } = party;
	const style = { left: `${box.x}px`, top: `${box.y}px`, width: `${box.width}px`, height: `${box.height}px` };
	const state = stateClass(party);
	const common = {
		type: 'button',
		'data-party': id,
		style,
		tabIndex: isTabStop ? 0 : -1,
		'aria-pressed': isSelected,
		onClick: onOpen,
		onFocus,
	} as const;
	if (role === 'store') {
		const store = new Map(storeWords).get(id);
		return (
			<button {...common} class="party store">
				<svg viewBox="0 0 32 34" width="32" height="34" aria-hidden="true" focusable="false">
					<path d="M2 6c0-5 28-5 28 0v22c0 5-28 5-28 0z" />
					<path d="M2 6c0 5 28 5 28 0" />
				</svg>
				<span>
					{store !== undefined && <strong>{words.say(store)}</strong>} {party.store === 'redis' ? 'Redis' : 'LMDB'}
				</span>
			</button>
		);
	}
	if (id === ATTACKER)
		return (
			<button {...common} class="party attacker">
				<svg class="hexagon" viewBox="0 0 156 164" aria-hidden="true" focusable="false">
					<path d="M78 2l74 40v80l-74 40-74-40V42z" />
				</svg>
				<Glyph of="mask" size={30} />
				<strong>{id}</strong>
				<span>{words.say('attackerCard')}</span>
			</button>
		);
	const second = secondLine(party, nowMs, words);
	return (
		<button {...common} class={`party ${state}${isLit ? ' lit' : ''}${isSelected ? ' selected' : ''}${sizeClass(box)}`}>
			<Ring of={role} life={life} isBare={role === 'node' && life === undefined} nowMs={nowMs} />
			<span class="words">
				<strong class={id.length > LONG_NAME ? 'long' : ''}>{id}</strong>
				{second !== '' && <span class={life && leftOf(life, nowMs) < LOW_SHARE ? 'quiet low' : 'quiet'}>{second}</span>}
			</span>
			{node === 'joining' && party.join !== undefined && box.height >= 54 && <Progress party={party} />}
			{service?.why === 'silent' && <span class="bars" aria-hidden="true" />}
			{service?.clockOffsetMs !== undefined && fault === undefined && (
				<span class="skew">
					{words.messages.clockOffset(words.duration(Math.abs(service.clockOffsetMs)), service.clockOffsetMs > 0)}
				</span>
			)}
			{fault !== undefined && <span class="skew">{words.say(faultWords[fault])}</span>}
			{fault === undefined && refusedConnections > 0 && (
				<span class="skew">{words.messages.connectionsRefused(refusedConnections)}</span>
			)}
			{cas.length > 0 && (
				<span class="cas" aria-hidden="true">
					{cas.map((ca) => (
						<span key={ca}>{ca}</span>
					))}
				</span>
			)}
		</button>
	);
}

function Progress({ party: { join } }: { readonly party: Party }) {
	const { phaseTexts } = useWords();
	const at = phaseTexts.order.indexOf(join?.phase ?? '') + 1;
	return (
		<span class="progress" aria-hidden="true">
			<span style={{ width: `${(at / phaseTexts.order.length) * 100}%` }} />
		</span>
	);
}

const stateClass = ({ node, service }: Party): string =>
	node === 'joining'
		? 'joining'
		: node === 'refused'
			? 'refused'
			: node === 'NotReady'
				? 'not-ready'
				: service?.health === 'away'
					? (service.why ?? 'unreachable')
					: service?.health === 'failing'
						? 'failing'
						: '';

/** The state of a party in words; otherwise its load, or its task. */
export function secondLine(
	{ id, role, node, life, service, join, perMinute, refused }: Party,
	nowMs: number,
	words: Words,
): string {
	const { say, messages, duration } = words;
	if (service?.health === 'away') return say(awayWords[service.why ?? 'unreachable']);
	if (service?.health === 'failing') return say('failing');
	if (role === 'node') {
		if (node === 'refused')
			return join && keptCredential(join) ? say('keptCredential') : (join?.failure?.code ?? say('refused'));
		if (node === 'joining') return life === undefined ? say('noCertificateYet') : say('joining');
		if (node === 'NotReady') return 'NotReady';
		if (life === undefined) return say('joined');
		const left = messages.lifeLeft(duration(Math.max(0, life.notAfterMs - nowMs)));
		return leftOf(life, nowMs) < LOW_SHARE ? messages.renewsSoon(left) : left;
	}
	const calls = perMinute > 0 ? [messages.callsPerMinute(perMinute, refused)] : [];
	// The name of the admin is the more useful line.
	if (role !== 'person' && life !== undefined && (refused === 0 || leftOf(life, nowMs) < LOW_SHARE))
		return [messages.lifeLeft(duration(Math.max(0, life.notAfterMs - nowMs))), ...calls].join(' · ');
	if (perMinute > 0) return messages.callsPerMinute(perMinute, refused);
	const task = taskWords[id as keyof typeof taskWords];
	return task === undefined ? '' : say(task);
}

const awayWords = { stopped: 'stopped', silent: 'silent', unreachable: 'unreachable' } as const;
/** A card that is tight has no room for a tag above the name, and a low one none for a second line. */
const sizeClass = ({ height }: Box): string => `${height < 54 ? ' tight' : ''}${height < 44 ? ' low' : ''}`;

const taskWords = {
	'apiserver-sim': 'laneApi',
	'token-store': 'taskKey',
	'controller-manager-sim': 'taskLoop',
	'ca-service': 'taskRosette',
	'kubectl-sim': 'taskPerson',
	observer: 'taskEye',
} as const;
