/**
 * Nodes that stay: one process is many nodes for some minutes, and a service is restarted in the middle. Measures
 * memory and processor time of each process, the latest heartbeat, and whether every node stays Ready.
 */
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { startInformer } from '../../lib/kube/informer.ts';
import { readyCondition } from '../../lib/kube/node-conditions.ts';
import { type Lease, wellKnown } from '../../lib/kube/types.ts';
import { createLog } from '../../lib/log.ts';
import type { Child } from '../../lib/process-supervisor.ts';
import type { ServiceName } from '../mesh/services.ts';
import { JoinRate } from './join-rate.ts';
import { LatestBeats } from './latest-beats.ts';
import { launchBrowser, type PageReading, pageUrl, WatchedPage } from './page.ts';
import { cpuMs, machineCpuMs, proportionalBytes, residentBytes } from './processes.ts';
import { type Subject, startSubject } from './subject.ts';

export interface NodesPlan {
	readonly nodes: number;
	readonly minutes: number;
	/** The service that is restarted in the middle. */
	readonly restart: ServiceName;
	/** An observer, and its storm view in Chromium. */
	readonly page: boolean;
}
export const MAX_NODES = 10_000;
export const fullNodes: NodesPlan = { nodes: 1_000, minutes: 10, restart: 'apiserver-sim', page: false };
export const quickNodes: NodesPlan = { ...fullNodes, nodes: 50, minutes: 1 };

export interface ProcessFigures {
	/** The highest of all looks. */
	readonly residentMb: number;
	readonly cpuShare: number;
	readonly cpuMsPerHeartbeat: number;
	/** The 99th percentile of the delays of its event loop; absent for the process of the nodes. */
	readonly loopDelayMs?: number;
}
export interface NodesResult extends NodesPlan {
	readonly build: string;
	readonly joinsPerSecond: number;
	/** Of the first and of the last tenth of the nodes. */
	readonly firstJoinsPerSecond: number;
	readonly lastJoinsPerSecond: number;
	/** The highest memory of all processes together while the nodes joined. */
	readonly joiningMb: number;
	readonly heartbeatsPerSecond: number;
	readonly processes: Readonly<Record<string, ProcessFigures>>;
	/** How much later than planned the latest heartbeat came. */
	readonly latestMs: number;
	/** The same for the heartbeats over the restart. */
	readonly latestAfterRestartMs: number;
	/** The lowest number of Ready nodes that a list showed. */
	readonly fewestReady: number;
	/** Nodes whose condition Ready changed in the minutes. */
	readonly changedNodes: number;
	/** The highest memory of all processes together. */
	readonly residentMb: number;
	/** The same, where pages that several processes use count once. */
	readonly proportionalMb: number;
	/** Of the processors, by all programs of the machine, until the restart. */
	readonly busyShare: number;
	readonly pageReadings?: { readonly whileJoining: PageReading; readonly untilRestart: PageReading };
}

const NODE = 'kubelet-sim';
const LOOK_MS = 8_000;
const JOIN_LOOK_MS = 2_000;
const PROGRESS_MS = 30_000;
/** The run ends with an error if no node joins for this time. */
const STALLED_MS = 120_000;
/** Heartbeats of this time after the restart began count as those over the restart. */
const RESTART_MS = 60_000;

export async function measureNodes(
	build: { readonly name: string; readonly build: string },
	plan: NodesPlan,
	{ port, say }: { readonly port: number; readonly say: (line: string) => void },
): Promise<NodesResult> {
	const settings = { 'apiserver-sim': { MAX_CONNECTIONS: String(2_000 + 2 * plan.nodes) } };
	const subject = await startSubject({ ...build, port, store: 'lmdb', hasObserver: plan.page, settings });
	const ended = new AbortController();
	let browser: Browser | undefined;
	try {
		browser = plan.page ? await launchBrowser() : undefined;
		const page =
			browser && (await WatchedPage.open(browser, `${pageUrl(port)}/#/storm`, { width: 1_280, height: 800 }));
		return await new NodesRun(subject, plan, say, page).run(ended.signal);
	} finally {
		ended.abort();
		await browser?.close();
		await subject.close();
	}
}

class NodesRun {
	readonly #subject: Subject;
	readonly #plan: NodesPlan;
	readonly #say: (line: string) => void;
	readonly #beats = new LatestBeats();
	readonly #residentMb = new Map<string, number>();
	#mostResidentMb = 0;
	#mostProportionalMb = 0;
	#fewestReady = Number.POSITIVE_INFINITY;
	#changedNodes = 0;
	#program: Child | undefined;
	#begunMs = 0;
	readonly #page: WatchedPage | undefined;

	constructor(subject: Subject, plan: NodesPlan, say: (line: string) => void, page: WatchedPage | undefined) {
		this.#subject = subject;
		this.#plan = plan;
		this.#say = say;
		this.#page = page;
	}

	/** @param signal  ends the watch of the Leases */
	async run(signal: AbortSignal): Promise<NodesResult> {
		const { nodes, minutes, restart } = this.#plan;
		const { mesh } = this.#subject;
		const joins = await this.#join();
		await this.#watchBeats(signal);
		const whileJoining = await this.#page?.read();
		this.#say(`nodes: ${minutes} minutes begin`);
		const joiningMb = this.#mostResidentMb;
		[this.#mostResidentMb, this.#mostProportionalMb] = [0, 0];
		this.#residentMb.clear();
		const halfMs = minutes * 30_000;
		this.#begunMs = Date.now();
		const before = { atMs: performance.now(), cpu: this.#pids().map(([, pid]) => cpuMs(pid)), all: machineCpuMs() };
		await this.#look(halfMs);
		const elapsedMs = performance.now() - before.atMs;
		const heartbeats = this.#beats.count;
		const busyShare = (machineCpuMs() - before.all) / elapsedMs / availableParallelism();
		const figures = await this.#figures(before.cpu, { elapsedMs, heartbeats });
		const latestMs = this.#beats.takeLatestMs();
		const untilRestart = await this.#page?.read();
		this.#say(`nodes: ${restart} restarts`);
		await mesh.startService(restart);
		await this.#look(Math.min(RESTART_MS, halfMs));
		const latestAfterRestartMs = this.#beats.takeLatestMs();
		await this.#look(Math.max(halfMs - RESTART_MS, 0));
		return {
			...this.#plan,
			build: this.#subject.name,
			joinsPerSecond: joins.perSecond(0, nodes),
			firstJoinsPerSecond: joins.perSecond(0, nodes / 10),
			lastJoinsPerSecond: joins.perSecond(nodes - nodes / 10, nodes),
			joiningMb,
			heartbeatsPerSecond: (heartbeats * 1000) / elapsedMs,
			processes: Object.fromEntries(
				figures.map(([name, one]) => [name, { ...one, residentMb: this.#residentMb.get(name) ?? 0 }]),
			),
			latestMs: Math.max(latestMs, this.#beats.takeLatestMs()),
			latestAfterRestartMs,
			fewestReady: this.#fewestReady,
			changedNodes: this.#changedNodes,
			residentMb: this.#mostResidentMb,
			proportionalMb: this.#mostProportionalMb,
			busyShare,
			...(whileJoining && untilRestart ? { pageReadings: { whileJoining, untilRestart } } : {}),
		};
	}

	/** @throws  an error when no node joins for a time */
	async #join(): Promise<JoinRate> {
		const { nodes } = this.#plan;
		const { mesh } = this.#subject;
		const config = await mesh.makeJoinConfig();
		const startedMs = performance.now();
		const joins = new JoinRate(startedMs);
		this.#program = mesh.startNodes(nodes, config);
		let isStarted = false;
		const started = this.#program.started().then(() => {
			isStarted = true;
		});
		let reported = { atMs: startedMs, joined: 0 };
		let joinedMs = startedMs;
		while (!isStarted) {
			await Promise.race([started, delay(JOIN_LOOK_MS)]);
			const before = joins.joined;
			joins.seen(isStarted ? nodes : await this.#createdLeases(), performance.now());
			const [joined, atMs] = [joins.joined, performance.now()];
			if (joined > before) joinedMs = atMs;
			if (atMs - joinedMs > STALLED_MS) throw new Error(`${joined} of ${nodes} nodes joined, and then none`);
			if (!isStarted && atMs - reported.atMs < PROGRESS_MS) continue;
			this.#lookAtMemory();
			const perSecond = ((joined - reported.joined) * 1000) / (atMs - reported.atMs);
			this.#say(
				`nodes: ${joined} of ${nodes} have joined after ${seconds(atMs - startedMs)}, ${perSecond.toFixed(1)}/s, ` +
					`${this.#mostResidentMb.toFixed(0)} MB`,
			);
			reported = { atMs, joined };
		}
		return joins;
	}

	/** A node has joined when it has created its Lease. */
	async #createdLeases(): Promise<number> {
		const created = /^apiserver_request_total\{verb="POST",[^}]*resource="leases",[^}]*code="201"\} (\d+)$/m;
		return Number(created.exec(await this.#subject.metrics('apiserver-sim'))?.[1] ?? 0);
	}

	/** Of the present processes: a restart changes one. */
	#pids(): (readonly [name: string, pid: number])[] {
		const services = [...this.#subject.pids.keys()] as ServiceName[];
		const pidOf = (service: ServiceName) => this.#subject.mesh.service(service).pid();
		return [...services.map((name) => [name, pidOf(name) ?? 0] as const), [NODE, this.#program?.pid() ?? 0]];
	}

	#lookAtMemory(): void {
		let [sum, proportional] = [0, 0];
		for (const [name, pid] of this.#pids()) {
			const mb = residentBytes(pid) / 2 ** 20;
			this.#residentMb.set(name, Math.max(mb, this.#residentMb.get(name) ?? 0));
			sum += mb;
			proportional += proportionalBytes(pid) / 2 ** 20;
		}
		this.#mostResidentMb = Math.max(this.#mostResidentMb, sum);
		this.#mostProportionalMb = Math.max(this.#mostProportionalMb, proportional);
	}

	async #watchBeats(signal: AbortSignal): Promise<void> {
		const leases = startInformer<Lease>({
			client: this.#subject.api.leases,
			select: { namespace: wellKnown.kubeNodeLease },
			keep: ({ apiVersion, kind, metadata: { name, namespace, resourceVersion }, spec }) => {
				this.#beats.seen(name ?? '', spec?.renewTime ?? '', performance.now());
				return { apiVersion, kind, metadata: { name, namespace, resourceVersion } };
			},
			onChange: () => undefined,
			signal,
			log: createLog({ service: 'bench', level: 'error', format: 'json', write: this.#say }),
			name: 'leases',
		});
		await leases.synced;
	}

	/** Looks at the memory again and again for a time, and reads the Nodes at its end. */
	async #look(ms: number): Promise<void> {
		const startedMs = performance.now();
		const endMs = startedMs + ms;
		let reported = { atMs: startedMs, count: this.#beats.count };
		for (let nextMs = startedMs; nextMs < endMs; nextMs += LOOK_MS) {
			await delay(Math.max(nextMs - performance.now(), 0));
			this.#lookAtMemory();
			const atMs = performance.now();
			if (atMs - reported.atMs < PROGRESS_MS) continue;
			const { count, latestMs } = this.#beats;
			const perSecond = ((count - reported.count) * 1000) / (atMs - reported.atMs);
			this.#say(
				`nodes: ${seconds(Date.now() - this.#begunMs)}, ${perSecond.toFixed(0)} heartbeats/s, ` +
					`the latest ${latestMs.toFixed(0)} ms late, ${this.#mostResidentMb.toFixed(0)} MB`,
			);
			reported = { atMs, count };
		}
		const { items } = await this.#subject.api.nodes.list();
		const ready = items.flatMap((node) => readyCondition(node) ?? []);
		this.#fewestReady = Math.min(this.#fewestReady, ready.filter(({ status }) => status === 'True').length);
		// The times have no fractions of a second.
		const hasChanged = (time = '') => Date.parse(time) > this.#begunMs;
		this.#changedNodes = ready.filter(({ lastTransitionTime }) => hasChanged(lastTransitionTime)).length;
	}

	async #figures(
		before: readonly number[],
		{ elapsedMs, heartbeats }: { readonly elapsedMs: number; readonly heartbeats: number },
	): Promise<(readonly [name: string, figures: Omit<ProcessFigures, 'residentMb'>])[]> {
		const used = this.#pids().map(([name, pid], index) => [name, cpuMs(pid) - (before[index] ?? 0)] as const);
		return Promise.all(
			used.map(async ([name, usedMs]) => {
				const shares = { cpuShare: usedMs / elapsedMs, cpuMsPerHeartbeat: usedMs / heartbeats };
				return [name, { ...shares, ...(await this.#loopDelay(name)) }] as const;
			}),
		);
	}

	async #loopDelay(name: string): Promise<Pick<ProcessFigures, 'loopDelayMs'>> {
		if (name !== 'apiserver-sim' && name !== 'controller-manager-sim') return {};
		const [, seconds] = /^nodejs_eventloop_lag_p99_seconds (\S+)$/m.exec(await this.#subject.metrics(name)) ?? [];
		return seconds === undefined ? {} : { loopDelayMs: Number(seconds) * 1000 };
	}
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;
