/**
 * Nodes that stay: one process is many nodes for some minutes, and the API server is restarted in the middle. Measures
 * memory and processor time of each process, the latest heartbeat, and whether every node stays Ready.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { wellKnown } from '../../lib/kube/types.ts';
import { LatestBeats } from './latest-beats.ts';
import { cpuMs, residentBytes } from './processes.ts';
import { type Subject, startSubject } from './subject.ts';

export interface NodesPlan {
	readonly nodes: number;
	readonly minutes: number;
}
export const MAX_NODES = 10_000;
export const fullNodes: NodesPlan = { nodes: 1_000, minutes: 10 };
export const quickNodes: NodesPlan = { nodes: 50, minutes: 1 };

export interface ProcessFigures {
	readonly residentMb: number;
	readonly cpuShare: number;
	readonly cpuMsPerHeartbeat: number;
	/** The 99th percentile of the delays of its event loop; absent for the process of the nodes. */
	readonly loopDelayMs?: number;
}
export interface NodesResult extends NodesPlan {
	readonly build: string;
	readonly joinsPerSecond: number;
	readonly heartbeatsPerSecond: number;
	readonly processes: Readonly<Record<string, ProcessFigures>>;
	/** How much later than planned the latest heartbeat came. */
	readonly latestMs: number;
	/** The same for the heartbeats over the restart of the API server. */
	readonly latestAfterRestartMs: number;
	/** The lowest number of Ready nodes that a list showed. */
	readonly fewestReady: number;
}

const NODE = 'kubelet-sim';
/** Shorter than the interval of heartbeats, so that each one is seen. */
const LOOK_MS = 8_000;
/** Heartbeats of this time after the restart began count as those over the restart. */
const RESTART_MS = 60_000;

export async function measureNodes(
	build: { readonly name: string; readonly build: string },
	plan: NodesPlan,
	{ port, say }: { readonly port: number; readonly say: (line: string) => void },
): Promise<NodesResult> {
	const settings = { 'apiserver-sim': { MAX_CONNECTIONS: String(2_000 + 2 * plan.nodes) } };
	const subject = await startSubject({ ...build, port, store: 'lmdb', hasObserver: false, settings });
	try {
		return await new NodesRun(subject, plan, say).run();
	} finally {
		await subject.close();
	}
}

class NodesRun {
	readonly #subject: Subject;
	readonly #plan: NodesPlan;
	readonly #say: (line: string) => void;
	readonly #beats = new LatestBeats();
	#fewestReady = Number.POSITIVE_INFINITY;

	constructor(subject: Subject, plan: NodesPlan, say: (line: string) => void) {
		this.#subject = subject;
		this.#plan = plan;
		this.#say = say;
	}

	async run(): Promise<NodesResult> {
		const { nodes, minutes } = this.#plan;
		const { mesh } = this.#subject;
		const startedMs = performance.now();
		const program = mesh.startNodes(nodes, await mesh.makeJoinConfig());
		await program.started();
		const joinedMs = performance.now() - startedMs;
		this.#say(`nodes: ${nodes} have joined in ${Math.round(joinedMs / 1000)} s; ${minutes} minutes begin`);
		const halfMs = minutes * 30_000;
		const pids = new Map([...this.#subject.pids, [NODE, program.pid() ?? 0]]);
		const before = { atMs: performance.now(), cpu: [...pids.values()].map(cpuMs) };
		await this.#look(halfMs);
		const elapsedMs = performance.now() - before.atMs;
		const heartbeats = this.#beats.count;
		const processes = await this.#figures(pids, before.cpu, { elapsedMs, heartbeats });
		const latestMs = this.#beats.takeLatestMs();
		this.#say('nodes: the API server restarts');
		await mesh.startService('apiserver-sim');
		await this.#look(Math.min(RESTART_MS, halfMs));
		const latestAfterRestartMs = this.#beats.takeLatestMs();
		await this.#look(Math.max(halfMs - RESTART_MS, 0));
		return {
			...this.#plan,
			build: this.#subject.name,
			joinsPerSecond: (nodes * 1000) / joinedMs,
			heartbeatsPerSecond: (heartbeats * 1000) / elapsedMs,
			processes,
			latestMs: Math.max(latestMs, this.#beats.takeLatestMs()),
			latestAfterRestartMs,
			fewestReady: this.#fewestReady,
		};
	}

	/** Reads all Leases again and again for a time, and the Nodes at its end. */
	async #look(ms: number): Promise<void> {
		const endMs = performance.now() + ms;
		for (let nextMs = performance.now(); nextMs < endMs; nextMs += LOOK_MS) {
			await delay(Math.max(nextMs - performance.now(), 0));
			const { items } = await this.#subject.api.leases.list({ namespace: wellKnown.kubeNodeLease });
			for (const { metadata, spec } of items) this.#beats.seen(metadata.name ?? '', spec?.renewTime ?? '');
		}
		const { items } = await this.#subject.api.nodes.list();
		const isReady = (one: (typeof items)[number]) =>
			one.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
		this.#fewestReady = Math.min(this.#fewestReady, items.filter(isReady).length);
	}

	async #figures(
		pids: ReadonlyMap<string, number>,
		before: readonly number[],
		{ elapsedMs, heartbeats }: { readonly elapsedMs: number; readonly heartbeats: number },
	): Promise<Record<string, ProcessFigures>> {
		const figures: Record<string, ProcessFigures> = {};
		for (const [index, [name, pid]] of [...pids].entries()) {
			const usedMs = cpuMs(pid) - (before[index] ?? 0);
			figures[name] = {
				residentMb: residentBytes(pid) / 2 ** 20,
				cpuShare: usedMs / elapsedMs,
				cpuMsPerHeartbeat: usedMs / heartbeats,
				...(await this.#loopDelay(name)),
			};
		}
		return figures;
	}

	async #loopDelay(name: string): Promise<Pick<ProcessFigures, 'loopDelayMs'>> {
		if (name !== 'apiserver-sim' && name !== 'controller-manager-sim') return {};
		const [, seconds] = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(await this.#subject.metrics(name)) ?? [];
		return seconds === undefined ? {} : { loopDelayMs: Number(seconds) * 1000 };
	}
}
