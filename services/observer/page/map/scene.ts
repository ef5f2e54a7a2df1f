/** The parties of the map and the lines between them, from the state of the store. */
import type {
	Certificates,
	Cluster,
	Join,
	Lifetime,
	Line,
	Message,
	Negotiated,
	RefusedConnection,
	Tls,
} from '../../api.ts';
import type { Fault } from '../faults.ts';
import type { End, Protection } from '../forms.ts';
import type { JoinState } from '../state-at.ts';
import { ATTACKER, type Level, levelOf, storeOf } from './layout.ts';

export type NodeState = 'Ready' | 'NotReady' | 'joining' | 'refused';
export type Role = 'node' | 'person' | 'door' | 'key' | 'loop' | 'rosette' | 'eye' | 'store' | 'mask';
export type Life = Lifetime;

export interface Party {
	/** Also the segment of the address: `#/map/node-4`. */
	readonly id: string;
	readonly role: Role;
	readonly node?: NodeState;
	/** K: the cluster CA issued a certificate of it. M: the mesh CA. */
	readonly cas: readonly ('K' | 'M')[];
	readonly life?: Life;
	readonly service?: Cluster['services'][number];
	/** The join of a node that is joining or was refused. */
	readonly join?: Join;
	/** Calls to it in the last minute, and how many of all were refused. */
	readonly perMinute: number;
	readonly refused: number;
	/** Connections that it refused in the last two minutes. */
	readonly refusedConnections?: number;
	/** Of the experiment in progress. */
	readonly fault?: Fault;
	/** Of a store: `lmdb` or `redis`. */
	readonly store?: string;
}

export interface MapLine {
	/** `FROM~TO`, also the segment of the address. */
	readonly id: string;
	readonly from: string;
	readonly to: string;
	readonly protection: Protection;
	/** Protection of a broken line before it broke. */
	readonly tls?: Tls;
	readonly count: number;
	readonly calls: number;
	readonly perMinute: number;
	readonly isLit: boolean;
	/** The end that ended the join of a broken line. */
	readonly refusedBy?: End;
	readonly negotiated?: Negotiated;
	/** The last message on a line between two services. */
	readonly last?: Pick<Message, 'id' | 'join'>;
	/** An end of it is stopped or paused, or not reachable. */
	readonly down?: 'down' | 'cut';
}

export interface Scene {
	readonly level: Level;
	readonly parties: ReadonlyMap<string, Party>;
	/** The newest thousand, in the order in which they started. */
	readonly nodes: readonly Party[];
	readonly allNodes: number;
	readonly cards: readonly string[];
	/** Nodes in the tiles or in the field. */
	readonly tiles: readonly Party[];
	readonly lines: readonly MapLine[];
	/** The node that talks to the attacker. */
	readonly victim?: string;
}

export interface SceneInput {
	readonly joins: readonly Join[];
	readonly cluster: Cluster | undefined;
	readonly lines: readonly Line[];
	readonly refusedConnections?: readonly RefusedConnection[];
	/** Before a party presented its certificate, its ring is that of the file. */
	readonly certificates?: Certificates | undefined;
	readonly nowMs: number;
	/** The join of the dock, at the time that is shown. */
	readonly lit?: { readonly join: Join; readonly state: JoinState } | undefined;
	readonly selected: string | undefined;
	readonly levelBefore: Level | undefined;
	readonly hasTelemetry: boolean;
	/** Of the experiment in progress, by party. */
	readonly faults?: ReadonlyMap<string, Fault>;
	/** A narrow map has cards only for the nodes that join, and tiles for the others. */
	readonly isTall: boolean;
}

const services: readonly Pick<Party, 'id' | 'role' | 'cas'>[] = [
	{ id: 'apiserver-sim', role: 'door', cas: ['K', 'M'] },
	{ id: 'token-store', role: 'key', cas: ['M'] },
	{ id: 'controller-manager-sim', role: 'loop', cas: ['K', 'M'] },
	{ id: 'ca-service', role: 'rosette', cas: ['M'] },
];
const planned: readonly (readonly [from: string, to: string])[] = [
	['apiserver-sim', 'token-store'],
	['controller-manager-sim', 'apiserver-sim'],
	['controller-manager-sim', 'ca-service'],
];
const NODES = 'kubelet-sim';
/** A join that ended is shown until the cluster lists its node. */
const GRACE_MS = 15_000;
/** A refused node keeps its card, and a refused connection its mark. */
const REFUSED_MS = 120_000;
const MAX_NODES = 1_000;
const MAX_CARDS = 4;

export function sceneOf(input: SceneInput): Scene {
	const { cluster, lines, selected, hasTelemetry } = input;
	const { nodes, all: allNodes } = nodesOf(input);
	const plain = levelOf(nodes.length, input.levelBefore);
	const level = input.isTall && plain === 'single' ? 'grouped' : plain;
	const litNode = input.lit?.join.node;
	const isCard = ({ id, node }: Party) =>
		id === selected || id === litNode || (level === 'grouped' && (node === 'joining' || node === 'refused'));
	const cards =
		level === 'single'
			? nodes
			: level === 'field'
				? []
				: sortedByNeed(nodes.filter(isCard), litNode).slice(0, MAX_CARDS);
	const cardIds = new Set(cards.map(({ id }) => id));
	const tiles = nodes.filter(({ id }) => !cardIds.has(id));
	const parties = new Map<string, Party>();
	for (const party of cards) parties.set(party.id, party);
	for (const party of services) {
		const service = cluster?.services.find(({ name }) => name === party.id);
		const life = lifeOf(party.id, lines) ?? lifeOfFile(party.id, input.certificates);
		parties.set(party.id, {
			...party,
			...(service === undefined ? {} : { service }),
			...(life === undefined ? {} : { life }),
			...callsTo(party.id, lines),
			refusedConnections: refusedBy(party.id, input),
		});
	}
	if (level !== 'field') {
		const life = lifeOfFile('kubectl-sim', input.certificates);
		parties.set('kubectl-sim', {
			...{ id: 'kubectl-sim', role: 'person', cas: ['K'], perMinute: 0, refused: 0 },
			...(life === undefined ? {} : { life }),
		});
	}
	for (const { from, to, perMinute, refused } of lines)
		if (to === 'lmdb' || to === 'redis')
			parties.set(storeOf(from), { id: storeOf(from), role: 'store', cas: [], store: to, perMinute, refused });
	if (hasTelemetry) parties.set('observer', { id: 'observer', role: 'eye', cas: ['K'], perMinute: 0, refused: 0 });
	const shown = lines.filter(({ to }) => hasTelemetry || to !== 'observer');
	// The field has no card that a line could come from.
	const victim = level === 'field' ? undefined : victimOf(input, nodes);
	if (victim !== undefined) parties.set(ATTACKER, { id: ATTACKER, role: 'mask', cas: [], ...callsTo(ATTACKER, lines) });
	for (const [id, fault] of input.faults ?? []) {
		const party = parties.get(id);
		if (party !== undefined) parties.set(id, { ...party, fault });
	}
	return {
		...{ level, parties, nodes, allNodes, tiles, cards: [...cardIds] },
		lines: [...nodeLines(cards, tiles, input), ...serviceLines(shown), ...(hasTelemetry ? [telemetryLine] : [])].map(
			(line) => withOutage(line, parties),
		),
		...(victim === undefined ? {} : { victim }),
	};
}

function withOutage(line: MapLine, parties: ReadonlyMap<string, Party>): MapLine {
	const away = [line.from, line.to].flatMap((id) => {
		const service = parties.get(id)?.service;
		return service?.health === 'away' ? [service.why ?? 'unreachable'] : [];
	});
	if (away.length === 0) return line;
	return { ...line, down: away.includes('unreachable') ? 'cut' : 'down' };
}

/** The lit node first, then those that join, then the refused. */
const sortedByNeed = (nodes: readonly Party[], lit: string | undefined): readonly Party[] =>
	nodes.toSorted((a, b) => rank(a, lit) - rank(b, lit));
const rank = ({ id, node }: Party, lit: string | undefined): number =>
	id === lit ? 0 : node === 'joining' ? 1 : node === 'refused' ? 2 : 3;

/** Of the certificate that the service presented last: as a server, or else as a client. */
function lifeOf(id: string, lines: readonly Line[]): Life | undefined {
	const served = lines.findLast(({ to, negotiated }) => to === id && negotiated?.server !== undefined);
	const called = lines.findLast(({ from, negotiated }) => from === id && negotiated?.client !== undefined);
	return served?.negotiated?.server ?? called?.negotiated?.client;
}

const filesOf: Readonly<Record<string, string>> = {
	'apiserver-sim': 'apiserver-sim/server.crt',
	'token-store': 'token-store/server.crt',
	'controller-manager-sim': 'controller-manager-sim/controller-manager.conf',
	'ca-service': 'ca-service/server.crt',
	'kubectl-sim': 'admin/admin.conf',
};

function lifeOfFile(id: string, certificates: Certificates | undefined): Life | undefined {
	const found = certificates?.list.find(({ file }) => file !== undefined && file === filesOf[id]);
	return found !== undefined && 'serial' in found ? found : undefined;
}

const refusedBy = (id: string, { refusedConnections = [], nowMs }: SceneInput): number =>
	refusedConnections.filter(({ party, atMs }) => party === id && nowMs - atMs < REFUSED_MS).length;

function callsTo(id: string, lines: readonly Line[]): Pick<Party, 'perMinute' | 'refused'> {
	const own = lines.filter(({ to }) => to === id);
	const sum = (key: 'perMinute' | 'refused') => own.reduce((total, line) => total + line[key], 0);
	return { perMinute: sum('perMinute'), refused: sum('refused') };
}

/** Nodes of the cluster, and those whose join is in progress or was refused a moment ago. */
function nodesOf({ joins, cluster, nowMs, lit }: SceneInput): {
	readonly nodes: readonly Party[];
	readonly all: number;
} {
	const found = new Map<string, Party>();
	const isKnown = cluster !== undefined && cluster.atMs > 0 && cluster.problem === undefined;
	const listed = new Map((cluster?.nodes ?? []).map((node) => [node.name, node]));
	const newest = new Map<string, Join>();
	// Joins are sorted, newest first: the first of a node is its last.
	for (const join of joins) if (!newest.has(join.node)) newest.set(join.node, join);
	const shown = lit === undefined ? undefined : { ...lit.join, state: lit.state.state, phase: phaseOf(lit) };
	if (shown !== undefined && newest.get(shown.node)?.id === shown.id) newest.set(shown.node, shown);
	// In the order of their start: a node keeps its slot.
	for (const join of [...newest.values()].reverse()) {
		const isRecent = (ms: number) => nowMs - (join.startedMs + join.durationMs) < ms || join.id === lit?.join.id;
		const isShown =
			join.state === 'joining' ||
			(join.state === 'refused' && isRecent(REFUSED_MS)) ||
			listed.has(join.node) ||
			(join.state === 'joined' && (!isKnown || isRecent(GRACE_MS)));
		if (!isShown || join.node === '') continue;
		const party = nodeParty(join.node, listed.get(join.node), join, join === shown);
		// The cluster has its certificate of today; the replay shows a time before it.
		const isBefore = join === shown && join.state === 'joining' && lit?.state.clusterTrusts !== 'node';
		found.set(join.node, isBefore ? withoutCertificate(party) : party);
	}
	let all = found.size;
	// The joins of the others are no longer known, so they are older.
	for (const [name, node] of listed)
		if (!found.has(name) && all++ < MAX_NODES) found.set(name, nodeParty(name, node, undefined, false));
	return { nodes: [...found.values()].slice(-MAX_NODES), all };
}

/** The phase at the time that is shown. */
const phaseOf = ({ join, state: { phases } }: NonNullable<SceneInput['lit']>): string =>
	phases.find(({ state }) => state === 'active' || state === 'refused')?.phase ?? join.phase;

const withoutCertificate = ({ life: _, ...party }: Party): Party => ({ ...party, cas: [] });

function nodeParty(
	id: string,
	listed: Cluster['nodes'][number] | undefined,
	join: Join | undefined,
	isLit: boolean,
): Party {
	const isPending = join?.state === 'joining' || join?.state === 'refused';
	// A join under the name of a Ready node changes nothing for that node.
	const isOther = join?.state === 'refused' && !isLit && listed?.status === 'Ready';
	const node =
		isPending && !isOther && join !== undefined
			? (join.state as NodeState)
			: listed === undefined || listed.status === 'Ready'
				? 'Ready'
				: 'NotReady';
	const life = listed?.certificate;
	return {
		...{ id, role: 'node', node, cas: life === undefined ? [] : ['K'], perMinute: 0, refused: 0 },
		...(life === undefined ? {} : { life }),
		...(join === undefined ? {} : { join }),
	};
}

function victimOf({ lit, lines, nowMs }: SceneInput, nodes: readonly Party[]): string | undefined {
	if (lit?.state.line?.peer === ATTACKER || lit?.join.peer === ATTACKER) return lit.join.node;
	const isActive = lines.some(({ to, perMinute }) => to === ATTACKER && perMinute > 0);
	const last = nodes.findLast(({ join }) => join?.peer === ATTACKER && nowMs - join.startedMs < REFUSED_MS);
	return last?.id ?? (isActive ? nodes.at(-1)?.id : undefined);
}

/** These phases are checks of the node itself. */
export const isRefusedByNode = ({ phase }: Pick<Join, 'phase'>): boolean =>
	phase === '' || /^(?:preflight$|discovery\/|tls-bootstrap\/(?:create-key|verify-certificate)$)/.test(phase);

function nodeLines(cards: readonly Party[], tiles: readonly Party[], { lit, lines }: SceneInput): readonly MapLine[] {
	const own: MapLine[] = [];
	const idle = new Map<Protection, number>();
	const add = (protection: Protection) => void idle.set(protection, (idle.get(protection) ?? 0) + 1);
	for (const party of cards) {
		const { id, join } = party;
		const isLit = lit?.join.node === id;
		const tls = isLit ? lit.state.line?.tls : tlsOf(party);
		if (isLit && lit.state.line === undefined) continue;
		const to = (isLit ? lit.state.line?.peer : join?.peer) ?? 'apiserver-sim';
		const isBroken = party.node === 'refused';
		// A join that opened no connection has its card only.
		if (tls === undefined && !(isBroken && isLit)) continue;
		own.push({
			...{ id: `${id}~${to}`, from: id, to, count: 1, calls: 0, perMinute: 0, isLit },
			protection: isBroken ? 'broken' : (tls ?? 'planned'),
			...(isBroken && join !== undefined ? { refusedBy: isRefusedByNode(join) ? 'client' : 'server' } : {}),
			...(tls === undefined ? {} : { tls }),
		});
	}
	for (const party of tiles) {
		const tls = tlsOf(party);
		if (tls !== undefined && party.node !== 'refused') add(tls);
	}
	const trunks = [...idle].map(
		([protection, count]): MapLine => ({
			...{ id: `nodes~apiserver-sim~${protection}`, from: 'nodes', to: 'apiserver-sim', protection, count },
			...{ calls: 0, perMinute: 0, isLit: false },
		}),
	);
	const ofNodes = (line: MapLine): MapLine => {
		const tls = line.tls ?? line.protection;
		const { negotiated } = lines.findLast((one) => one.from === NODES && one.to === line.to && one.tls === tls) ?? {};
		return negotiated === undefined ? line : { ...line, negotiated };
	};
	return [...own, ...trunks.sort((a, b) => (a.protection < b.protection ? -1 : 1))].map(ofNodes);
}

/** A node with a certificate uses it for every call. */
const tlsOf = ({ join, life, node }: Party): Tls | undefined =>
	join?.tls !== undefined && (node === 'joining' || node === 'refused')
		? join.tls
		: life !== undefined
			? 'mutual'
			: join?.tls;

function serviceLines(lines: readonly Line[]): readonly MapLine[] {
	const isOfNodes = ({ from }: Line) => from === NODES;
	const seen = lines
		.filter((line) => !isOfNodes(line) && line.from !== ATTACKER)
		.map((line): MapLine => {
			const isStore = line.to === 'lmdb' || line.to === 'redis';
			const to = isStore ? storeOf(line.from) : line.to;
			return {
				...{ id: `${line.from}~${to}`, from: line.from, to, count: 1, isLit: false },
				...{ calls: line.calls, perMinute: line.perMinute },
				protection: line.tls ?? (isStore ? 'file' : 'planned'),
				...(line.tls === undefined ? {} : { tls: line.tls }),
				...(line.negotiated === undefined ? {} : { negotiated: line.negotiated }),
				...(line.last === undefined ? {} : { last: line.last }),
			};
		});
	const known = new Set(seen.map(({ id }) => id));
	const others = planned.filter(([from, to]) => !known.has(`${from}~${to}`));
	return [
		...seen,
		...others.map(
			([from, to]): MapLine => ({
				...{ id: `${from}~${to}`, from, to, protection: 'planned', count: 1, calls: 0, perMinute: 0, isLit: false },
			}),
		),
		...(isUnderAttack(lines) ? [attackLine] : []),
	];
}

/** True if the attacker had traffic in the last minute. */
export const isUnderAttack = (lines: readonly Line[]): boolean =>
	lines.some(({ from, to, perMinute }) => perMinute > 0 && to !== 'observer' && [from, to].includes(ATTACKER));

const attackLine: MapLine = {
	...{ id: `${ATTACKER}~apiserver-sim`, from: ATTACKER, to: 'apiserver-sim', protection: 'attacker', count: 1 },
	...{ calls: 0, perMinute: 0, isLit: false },
};
const telemetryLine: MapLine = {
	...{ id: 'observer~apiserver-sim', from: 'observer', to: 'apiserver-sim', protection: 'mutual', count: 1 },
	...{ calls: 0, perMinute: 0, isLit: false },
};

/** A store has the name of its program. */
export function nameOf(id: string, { parties }: Scene): string {
	const store = parties.get(id)?.store;
	return store === undefined ? id : store === 'redis' ? 'Redis' : 'LMDB';
}
