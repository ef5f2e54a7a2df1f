/**
 * The mesh in containers, with the image present: time to its start and to Ready nodes, and its costs while it is
 * idle. Needs a Docker engine and ports 6443 and 8080.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { type ApiClient, apiClient } from '../../lib/kube/client.ts';
import { isReady } from '../../lib/kube/node-conditions.ts';
import { requireFreePort } from '../../lib/ports.ts';
import {
	type Container,
	docker,
	openAdminChannel,
	openProject,
	type Project,
	run,
	serviceOf,
} from '../../test/compose.ts';
import { allCpuMs, machineCpuMs, ownCpuMs, runningProcesses, startedProcesses } from './processes.ts';
import { type Summary, summarize } from './statistics.ts';

export interface ComposePlan {
	readonly rounds: number;
	/** Time in which the mesh is idle and its processor time counts. */
	readonly idleMs: number;
}
export const fullCompose: ComposePlan = { rounds: 5, idleMs: 60_000 };
export const quickCompose: ComposePlan = { rounds: 1, idleMs: 10_000 };

export interface ComposeResult {
	readonly nodes: number;
	/** To the end of `up -d`. */
	readonly upSeconds: Summary;
	readonly readySeconds: Summary;
	/** Of all containers, as `docker stats` counts it. */
	readonly memoryMb: number;
	/** In parts of one core, of all programs of the machine while the mesh is idle. */
	readonly idleShare: number;
	/** Of these, the health checks. */
	readonly checksShare: number;
	/** Of these, Docker itself, with the start of each health check. */
	readonly engineShare: number;
}

const PROJECT = 'kubejoin-bench';
const NODES = 3;
const PORTS = [6443, 8080];
const LOOK_MS = 50;
/** The first health check of a container ends within this time after its service is ready. */
const SETTLE_MS = 10_000;
const READY_MS = 120_000;

/** @returns undefined without a Docker engine */
export async function measureCompose(
	plan: ComposePlan,
	say: (line: string) => void,
): Promise<ComposeResult | undefined> {
	const hasEngine = await run('docker', 'info').then(
		() => true,
		() => false,
	);
	if (!hasEngine) {
		say('compose: there is no Docker engine');
		return undefined;
	}
	const project = await openProject(PROJECT);
	await project.down();
	for (const port of PORTS) await requireFreePort('the mesh in containers', port);
	say(`compose: ${project.program} build`);
	await project.compose('build');
	const starts: { readonly upSeconds: number; readonly readySeconds: number }[] = [];
	try {
		// The first start fills the cache of the file system.
		for (let round = 0; round <= plan.rounds; round++) {
			say(`compose: round ${round} of ${plan.rounds}`);
			await project.down();
			const start = await startOnce(project);
			if (round > 0) starts.push(start);
		}
		say(`compose: idle for ${plan.idleMs / 1000} s`);
		await delay(SETTLE_MS);
		return {
			nodes: NODES,
			upSeconds: summarize(starts.map(({ upSeconds }) => upSeconds)),
			readySeconds: summarize(starts.map(({ readySeconds }) => readySeconds)),
			memoryMb: await memoryMb(await running(project)),
			...(await idleShares(project, plan.idleMs)),
		};
	} finally {
		await project.down();
	}
}

const running = async (project: Project): Promise<Container[]> =>
	(await project.containers()).filter(({ State }) => State.Running);

async function startOnce(project: Project) {
	const startedMs = performance.now();
	const elapsedSeconds = () => (performance.now() - startedMs) / 1000;
	await project.compose('up', '-d', '--scale', `kubelet-sim=${NODES}`);
	const upSeconds = elapsedSeconds();
	const observer = (await running(project)).find((one) => serviceOf(one) === 'observer');
	const channel = await openAdminChannel(observer);
	try {
		const api = apiClient(channel);
		while ((await readyNodes(api)) < NODES) {
			if (elapsedSeconds() * 1000 > READY_MS) throw new Error(`not all of ${NODES} nodes are Ready`);
			await delay(LOOK_MS);
		}
		return { upSeconds, readySeconds: elapsedSeconds() };
	} finally {
		channel.close();
	}
}

const readyNodes = async (api: ApiClient): Promise<number> => (await api.nodes.list()).items.filter(isReady).length;

async function memoryMb(containers: readonly Container[]): Promise<number> {
	const ids = containers.map(({ Id }) => Id);
	const used = await docker('stats', '--no-stream', '--format', '{{.MemUsage}}', ...ids);
	return readMemoryMb(used);
}

const UNITS: Readonly<Record<string, number>> = { B: 2 ** -20, KiB: 2 ** -10, MiB: 1, GiB: 2 ** 10 };

/** Adds up lines of `docker stats`: `45.3MiB / 256MiB`. */
export function readMemoryMb(lines: string): number {
	let sum = 0;
	for (const line of lines.trim().split('\n')) {
		const [, value, unit = ''] = /^([\d.]+)([KMG]?i?B) \//.exec(line) ?? [];
		const factor = UNITS[unit];
		if (value === undefined || factor === undefined) throw new Error(`docker stats printed ${JSON.stringify(line)}`);
		sum += Number(value) * factor;
	}
	return sum;
}

type Shares = Pick<ComposeResult, 'idleShare' | 'checksShare' | 'engineShare'>;

async function idleShares(project: Project, idleMs: number): Promise<Shares> {
	const programs = new Set((await running(project)).map(({ State }) => State.Pid));
	const look = () => ({ atMs: performance.now(), machineMs: machineCpuMs(), ...engineCpuMs(programs) });
	const before = look();
	await delay(idleMs);
	const after = look();
	const share = (name: Exclude<keyof typeof after, 'atMs'>) =>
		(after[name] - before[name]) / (after.atMs - before.atMs);
	return { idleShare: share('machineMs'), checksShare: share('checksMs'), engineShare: share('engineMs') };
}

/** Docker's programs in /proc, where a name has 15 characters. In an idle mesh, health checks are all that they do. */
const ENGINE = new Set(['dockerd', 'containerd', 'containerd-shim']);

/** Processor time of Docker, and of the processes that it runs beside the programs of the containers. */
function engineCpuMs(programs: ReadonlySet<number>): { readonly checksMs: number; readonly engineMs: number } {
	const engine = runningProcesses().filter(({ name }) => ENGINE.has(name));
	const engines = new Set(engine.map(({ pid }) => pid));
	const started = new Set(engine.flatMap(({ pid }) => startedProcesses(pid)).map(({ pid }) => pid));
	const checks = [...started].filter((pid) => !engines.has(pid) && !programs.has(pid));
	let [checksMs, engineMs] = [0, 0];
	for (const pid of checks) checksMs += allCpuMs(pid);
	for (const { pid } of engine) {
		const ownMs = ownCpuMs(pid);
		engineMs += ownMs;
		// A check that has ended is one of these.
		checksMs += allCpuMs(pid) - ownMs;
	}
	return { checksMs, engineMs };
}
