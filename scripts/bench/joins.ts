/** Joins: rate, latency and processor time of each process, beside floor B. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { environment } from '../../lib/config.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { type Floor, measureFloor } from './floor.ts';
import type { Batch } from './join-worker.ts';
import { acceptedConnections, countSystemCalls, cpuMs, hasStrace, type SystemCalls } from './processes.ts';
import { repeat } from './repeat.ts';
import { quantile, type Summary, summarize } from './statistics.ts';
import {
	askWorker,
	PORT_STEP,
	type Subject,
	type SubjectOptions,
	startSubject,
	startWorker,
	stopChild,
} from './subject.ts';

export interface JoinPlan {
	readonly warmUp: number;
	readonly rounds: number;
	/** Joins of a round, for each number of joins at once. */
	readonly joins: Readonly<Record<number, number>>;
	/** Nodes of one process of the real program. */
	readonly nodes: number;
}
export const fullJoins: JoinPlan = {
	warmUp: 300,
	rounds: 5,
	joins: { 1: 24, 4: 48, 16: 96, 64: 128 },
	nodes: 200,
};
export const quickJoins: JoinPlan = { warmUp: 48, rounds: 1, joins: { 1: 8, 16: 48 }, nodes: 24 };

export interface JoinSetting {
	readonly store: 'lmdb' | 'redis';
	readonly hasObserver: boolean;
}

/** The costs of a join, by process. */
export type CpuByProcess = Readonly<Record<string, Summary>>;

export interface JoinFigures {
	/** `4 at once`, or `kubelet-sim join --nodes 200`. */
	readonly load: string;
	readonly perSecond: Summary;
	readonly shareOfFloor: Summary;
	readonly cpuMs: CpuByProcess;
	readonly allCpuMs: Summary;
	readonly timesFloor: Summary;
	readonly p50Ms?: Summary;
	readonly p99Ms?: Summary;
}
export interface JoinCounts {
	readonly connections: number;
	readonly calls: number;
	/** Creations of a Node, of the calls. */
	readonly registrations: number;
	/** Absent if strace is not installed. */
	readonly systemCalls?: Readonly<Record<string, SystemCalls>>;
}
export interface JoinResult extends JoinSetting {
	readonly build: string;
	readonly floorBefore: Floor;
	readonly floorAfter: Floor;
	readonly figures: readonly JoinFigures[];
	readonly counts: JoinCounts;
}

interface Sample {
	readonly joins: number;
	readonly elapsedMs: number;
	readonly cpuMs: Readonly<Record<string, number>>;
	readonly joinMs: readonly number[];
}

/** Measures builds in turn: A B A B. */
export async function measureJoins(
	builds: readonly Pick<SubjectOptions, 'name' | 'build'>[],
	setting: JoinSetting,
	plan: JoinPlan,
	{ port, say }: { readonly port: number; readonly say: (line: string) => void },
): Promise<JoinResult[]> {
	const floorBefore = await measureFloor({ warmUp: plan.warmUp, joins: 100, rounds: 3 });
	const runs: JoinRun[] = [];
	try {
		for (const [index, build] of builds.entries()) {
			const subject = await startSubject({ ...build, ...setting, port: port + index * PORT_STEP });
			runs.push(new JoinRun(subject, plan));
		}
		for (const run of runs) await run.warmUp();
		for (let round = 0; round < plan.rounds; round++) {
			say(`joins, ${setting.store}${setting.hasObserver ? ', observer' : ''}: round ${round + 1} of ${plan.rounds}`);
			for (const run of runs) await run.round();
		}
		const counts: JoinCounts[] = [];
		for (const run of runs) counts.push(await run.count());
		const floorAfter = await measureFloor({ warmUp: 0, joins: 100, rounds: 3 });
		const floorMs = (floorBefore.cpuMs.median + floorAfter.cpuMs.median) / 2;
		return runs.map((run, index) => ({
			...setting,
			build: run.subject.name,
			floorBefore,
			floorAfter,
			figures: run.figures(floorMs),
			counts: counts[index] as JoinCounts,
		}));
	} finally {
		for (const run of runs) await run.close();
	}
}

const NODE = 'kubelet-sim';
/** Processor time of an idle mesh in a second. */
const IDLE_MS = 50;
const SETTLE_SECONDS = 60;

class JoinRun {
	readonly subject: Subject;
	readonly #plan: JoinPlan;
	readonly #worker;
	readonly #samples = new Map<string, Sample[]>();
	#next = 0;

	constructor(subject: Subject, plan: JoinPlan) {
		this.subject = subject;
		this.#plan = plan;
		this.#worker = startWorker(subject.build, 'join-worker.js');
	}

	async close(): Promise<void> {
		await stopChild(this.#worker);
		await this.subject.close();
	}

	async warmUp(): Promise<void> {
		await this.#join(this.#plan.warmUp, 8);
		await this.#deleteNodes();
	}

	async round(): Promise<void> {
		for (const [atOnce, joins] of Object.entries(this.#plan.joins)) {
			const load = atOnce === '1' ? 'alone' : `${atOnce} at once`;
			await this.#measure(load, this.#worker.pid ?? 0, joins, () => this.#join(joins, Number(atOnce)));
			await this.#deleteNodes();
		}
		await this.#runProgram(this.#plan.nodes);
		await this.#deleteNodes();
	}

	figures(floorMs: number): JoinFigures[] {
		return [...this.#samples].map(([load, samples]) => figuresOf(load, samples, floorMs));
	}

	/** Counted apart, because counting slows the processes. */
	async count(): Promise<JoinCounts> {
		const joins = 16;
		const before = { connections: acceptedConnections(), ...(await this.#answered()) };
		await this.#join(joins, 4);
		const after = { connections: acceptedConnections(), ...(await this.#answered()) };
		const counts = {
			connections: (after.connections - before.connections) / joins,
			calls: (after.calls - before.calls) / joins,
			registrations: (after.registrations - before.registrations) / joins,
		};
		await this.#deleteNodes();
		if (!hasStrace()) return counts;
		const pids = [...this.subject.pids, [NODE, this.#worker.pid ?? 0] as const];
		const counters = await Promise.all(pids.map(async ([name, pid]) => [name, await countSystemCalls(pid)] as const));
		await this.#join(joins, 4);
		const systemCalls: Record<string, SystemCalls> = {};
		for (const [name, stop] of counters) {
			const { all, fsync } = await stop();
			systemCalls[name] = { all: all / joins, fsync: fsync / joins };
		}
		await this.#deleteNodes();
		return { ...counts, systemCalls };
	}

	/** Requests of nodes and controllers that the API server has answered. */
	async #answered(): Promise<Pick<JoinCounts, 'calls' | 'registrations'>> {
		const text = await this.subject.metrics('apiserver-sim');
		let [calls, registrations] = [0, 0];
		for (const [, labels = '', count] of text.matchAll(/^apiserver_request_total\{(.*)\} (\d+)$/gm)) {
			calls += Number(count);
			if (labels.includes('verb="POST"') && labels.includes('resource="nodes"')) registrations += Number(count);
		}
		return { calls, registrations };
	}

	/** @returns the time of each join in milliseconds */
	async #join(joins: number, atOnce: number): Promise<readonly number[]> {
		const names = Array.from({ length: joins }, () => `bench-${this.#next++}`);
		const config = await this.subject.mesh.makeJoinConfig();
		const batch: Batch = { names, atOnce, config, directory: join(this.subject.state, 'bench') };
		return (await askWorker<{ joinMs: readonly number[] }>(this.#worker, batch)).joinMs;
	}

	/** The program as people run it: it starts, joins its nodes, and sends their heartbeats. */
	async #runProgram(nodes: number): Promise<void> {
		const { subject } = this;
		const config = await subject.mesh.makeJoinConfig();
		const base = `program-${this.#next++}`;
		const root = join(subject.state, base);
		const args = ['join', '--config', config, '--nodes', String(nodes), '--node-name', base, '--root', root];
		const { PATH = '', HOME = '' } = environment();
		const startedMs = performance.now();
		const program = spawn(
			process.execPath,
			[resolve(subject.build, 'dist/bundle/services/kubelet-sim/main.js'), ...args, '--healthz-port', '0'],
			{ env: { PATH, HOME }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
		);
		try {
			const load = `kubelet-sim join --nodes ${nodes}`;
			await this.#measure(load, program.pid ?? 0, nodes, () => once(program, 'message').then(() => []), startedMs);
		} finally {
			await stopChild(program);
		}
	}

	async #measure(
		load: string,
		nodePid: number,
		joins: number,
		work: () => Promise<readonly number[]>,
		startedMs = performance.now(),
	): Promise<void> {
		const pids = [...this.subject.pids, [NODE, nodePid] as const];
		const before = pids.map(([, pid]) => cpuMs(pid));
		const joinMs = await work();
		const elapsedMs = performance.now() - startedMs;
		const used = pids.map(([name, pid], index) => [name, (cpuMs(pid) - (before[index] ?? 0)) / joins] as const);
		const sample = { joins, elapsedMs, cpuMs: Object.fromEntries(used), joinMs };
		this.#samples.set(load, [...(this.#samples.get(load) ?? []), sample]);
	}

	/**
	 * Nodes without heartbeats would become unready and cost processor time in later rounds. The work of the controllers
	 * after a deletion is no part of a join either: the next one begins when the mesh is idle.
	 */
	async #deleteNodes(): Promise<void> {
		const { api, pids } = this.subject;
		const { items } = await api.nodes.list();
		await repeat(items.length, 8, (index) => api.nodes.delete(items[index]?.metadata.name ?? ''));
		const used = () => [...pids.values()].reduce((sum, pid) => sum + cpuMs(pid), 0);
		for (let busy = true, seconds = 0; busy && seconds < SETTLE_SECONDS; seconds++) {
			const before = used();
			await delay(1_000);
			const leases = await api.leases.list({ namespace: wellKnown.kubeNodeLease });
			busy = leases.items.length > 0 || used() - before > IDLE_MS;
		}
	}
}

function figuresOf(load: string, samples: readonly Sample[], floorMs: number): JoinFigures {
	const names = Object.keys(samples[0]?.cpuMs ?? {});
	const of = (value: (sample: Sample) => number) => summarize(samples.map(value));
	const allCpu = (sample: Sample) => Object.values(sample.cpuMs).reduce((sum, ms) => sum + ms, 0);
	const rate = ({ joins, elapsedMs }: Sample) => (joins * 1000) / elapsedMs;
	const hasTimes = samples.every(({ joinMs }) => joinMs.length > 0);
	return {
		load,
		perSecond: of(rate),
		shareOfFloor: of((sample) => (rate(sample) * floorMs) / 1000 / availableParallelism()),
		cpuMs: Object.fromEntries(names.map((name) => [name, of((sample) => sample.cpuMs[name] ?? 0)])),
		allCpuMs: of(allCpu),
		timesFloor: of((sample) => allCpu(sample) / floorMs),
		...(hasTimes
			? { p50Ms: of(({ joinMs }) => quantile(joinMs, 0.5)), p99Ms: of(({ joinMs }) => quantile(joinMs, 0.99)) }
			: {}),
	};
}
