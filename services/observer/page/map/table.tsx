/** The map as two tables, in the accessibility tree at all times. */
import { useSignal } from '@preact/signals';
import { protectionWords } from '../forms.ts';
import { useWords } from '../words.ts';
import { secondLine, storeWords } from './party.tsx';
import { type MapLine, nameOf, type Party, type Scene } from './scene.ts';

const PAGE = 50;

interface TableProps {
	readonly scene: Scene;
	readonly nowMs: number;
	readonly isShown: boolean;
	readonly onOpen: (id: string) => void;
}

export function MapTable({ scene, nowMs, isShown, onOpen }: TableProps) {
	const words = useWords();
	const { say, messages } = words;
	const count = useSignal(PAGE);
	const cards = new Set(scene.cards);
	const parties = [...scene.nodes, ...[...scene.parties.values()].filter(({ id }) => !cards.has(id))];
	const left = parties.length - count.value;
	return (
		<section class={isShown ? 'map-table' : 'map-table hidden'} aria-label={say('tableView')}>
			<table>
				<caption>{say('parties')}</caption>
				<thead>
					<tr>
						<th scope="col">{say('name')}</th>
						<th scope="col">{say('certificate')}</th>
						<th scope="col">{say('status')}</th>
					</tr>
				</thead>
				<tbody>
					{parties.slice(0, count.value).map((party) => (
						<PartyRow key={party.id} party={party} nowMs={nowMs} onOpen={onOpen} isShown={isShown} />
					))}
				</tbody>
			</table>
			{left > 0 && (
				<button type="button" tabIndex={isShown ? 0 : -1} onClick={() => (count.value += PAGE)}>
					{messages.moreItems(left)}
				</button>
			)}
			<table>
				<caption>{say('connections')}</caption>
				<thead>
					<tr>
						<th scope="col">{say('from')}</th>
						<th scope="col">{say('to')}</th>
						<th scope="col">{say('protection')}</th>
						<th scope="col">{say('calls')}</th>
					</tr>
				</thead>
				<tbody>
					{scene.lines.map((line) => (
						<LineRow key={line.id} line={line} scene={scene} onOpen={onOpen} isShown={isShown} />
					))}
				</tbody>
			</table>
		</section>
	);
}

interface RowProps {
	readonly onOpen: (id: string) => void;
	readonly isShown: boolean;
}

function PartyRow({ party, nowMs, onOpen, isShown }: RowProps & { readonly party: Party; readonly nowMs: number }) {
	const words = useWords();
	const { say, messages, duration } = words;
	const { id, life, node, refusedConnections = 0 } = party;
	const contents = new Map(storeWords).get(id);
	const certificate =
		life === undefined ? (node === undefined ? '' : say('none')) : messages.lifeLeft(duration(life.notAfterMs - nowMs));
	return (
		<tr>
			<th scope="row">
				<button type="button" class="plain" tabIndex={isShown ? 0 : -1} onClick={() => onOpen(id)}>
					{contents !== undefined && `${say(contents)} · `}
					{party.store === undefined ? id : party.store.toUpperCase()}
				</button>
			</th>
			<td>{certificate}</td>
			<td>
				{node === 'joining' || node === 'refused' ? say(node) : (node ?? secondLine(party, nowMs, words))}
				{refusedConnections > 0 && ` · ${messages.connectionsRefused(refusedConnections)}`}
			</td>
		</tr>
	);
}

function LineRow({ line, scene, onOpen, isShown }: RowProps & Pick<TableProps, 'scene'> & { readonly line: MapLine }) {
	const { say, messages } = useWords();
	const from = line.from === 'nodes' ? messages.nodeCount(line.count) : line.from;
	return (
		<tr>
			<th scope="row">
				<button type="button" class="plain" tabIndex={isShown ? 0 : -1} onClick={() => onOpen(line.id)}>
					{from}
				</button>
			</th>
			<td>{nameOf(line.to, scene)}</td>
			<td>
				{say(protectionWords[line.protection])} <span class="quiet">{line.negotiated?.parameters.join(' · ')}</span>
			</td>
			<td>{line.calls === 0 ? '' : line.calls}</td>
		</tr>
	);
}
