/**
 * `npm start`: time and processor time from the command to the list of Ready nodes; and `kubectl-sim get nodes` beside
 * the real kubectl.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { environment } from '../../lib/config.ts';
import { endedChildrenCpuMs, cpuMs as ownCpuMs, startedProcesses } from './processes.ts';
import { type Summary, summarize } from './statistics.ts';
import { PORT_STEP, type Subject, startSubject } from './subject.ts';

export interface StartPlan {
	readonly rounds: number;
}
export const fullStart: StartPlan = { rounds: 5 };
export const quickStart: StartPlan = { rounds: 1 };

export interface StartResult {
	readonly build: string;
	readonly nodes: number;
	readonly upSeconds: Summary;
	/** To the list in which each node is Ready. */
	readonly readySeconds: Summary;
	/** Of all processes, to the list. */
	readonly cpuSeconds: Summary;
	/** CPU of each program that runs when the list is printed; `others` have ended. */
	readonly processes: Readonly<Record<string, Summary>>;
}
export interface GetNodesResult {
	/** Build, or the real kubectl with its path. */
	readonly name: string;
	readonly wallMs: Summary;
	readonly cpuMs: Summary;
}

interface Build {
	readonly name: string;
	readonly build: string;
}
interface Place {
	readonly port: number;
	readonly say: (line: string) => void;
}
interface Sample {
	readonly upSeconds: number;
	readonly readySeconds: number;
	readonly cpuSeconds: Readonly<Record<string, number>>;
}

const PAGE_OFFSET = 4;
const NODE_COUNTS = [1, 3];
const RUNS_OF_A_ROUND = 5;

export async function measureStart(builds: readonly Build[], plan: StartPlan, place: Place): Promise<StartResult[]> {
	const results: StartResult[] = [];
	for (const nodes of NODE_COUNTS) {
		const samples = builds.map((): Sample[] => []);
		// The first start fills V8's compile cache and the cache of the file system.
		for (let round = 0; round <= plan.rounds; round++) {
			place.say(`npm start, ${nodes} nodes: round ${round} of ${plan.rounds}`);
			for (const [index, build] of builds.entries()) {
				const sample = await startOnce(build, nodes, place.port);
				if (round > 0) samples[index]?.push(sample);
			}
		}
		results.push(...builds.map(({ name }, index) => resultOf(name, nodes, samples[index] ?? [])));
	}
	return results;
}

async function startOnce({ build }: Build, nodes: number, port: number): Promise<Sample> {
	const state = mkdtempSync(join(tmpdir(), 'kubejoin-bench-'));
	const ports = ['--port', String(port), '--page-port', String(port + PAGE_OFFSET)];
	const args = ['run', '--silent', 'start', '--', '--once', '--nodes', String(nodes), '--state', state, ...ports];
	const { PATH = '', HOME = '' } = environment();
	const startedMs = performance.now();
	const npm = spawn('npm', args, { cwd: resolve(build), env: { PATH, HOME }, stdio: ['ignore', 'pipe', 'inherit'] });
	const closed = once(npm, 'close');
	let upSeconds = Number.NaN;
	let sample: Sample | undefined;
	for await (const line of createInterface({ input: npm.stdout })) {
		const seconds = (performance.now() - startedMs) / 1000;
		if (line.startsWith('Up in ')) upSeconds = seconds;
		if (line === '$ kubectl-sim get nodes')
			sample = { upSeconds, readySeconds: seconds, cpuSeconds: cpuSecondsOfTree(npm) };
	}
	await closed;
	rmSync(state, { recursive: true, force: true });
	if (sample === undefined)
		throw new Error(`npm start ended with exit code ${npm.exitCode} before its nodes were Ready`);
	return sample;
}

function cpuSecondsOfTree({ pid = 0 }: ChildProcess): Record<string, number> {
	const seconds: Record<string, number> = {};
	const add = (name: string, ms: number) => {
		seconds[name] = (seconds[name] ?? 0) + ms / 1000;
	};
	for (const { pid: one, program } of [{ pid, program: 'npm' }, ...startedProcesses(pid)]) {
		add(program, ownCpuMs(one));
		add('others', endedChildrenCpuMs(one));
	}
	return seconds;
}

function resultOf(build: string, nodes: number, samples: readonly Sample[]): StartResult {
	const of = (value: (sample: Sample) => number) => summarize(samples.map(value));
	const names = [...new Set(samples.flatMap(({ cpuSeconds }) => Object.keys(cpuSeconds)))];
	return {
		build,
		nodes,
		upSeconds: of((sample) => sample.upSeconds),
		readySeconds: of((sample) => sample.readySeconds),
		cpuSeconds: of(({ cpuSeconds }) => Object.values(cpuSeconds).reduce((sum, seconds) => sum + seconds, 0)),
		processes: Object.fromEntries(names.map((name) => [name, of(({ cpuSeconds }) => cpuSeconds[name] ?? 0)])),
	};
}

/** In turn, against a mesh of each build with three nodes. */
export async function measureGetNodes(builds: readonly Build[], { rounds }: StartPlan, { port }: Place) {
	const subjects: Subject[] = [];
	const { PATH = '', HOME = '' } = environment();
	const kubectl = PATH.split(':').map((directory) => join(directory, 'kubectl'));
	try {
		for (const [index, build] of builds.entries())
			subjects.push(
				await startSubject({ ...build, port: port + index * PORT_STEP, store: 'lmdb', hasObserver: false }),
			);
		const programs = subjects.flatMap(({ name, build, mesh }, index) => {
			const own = [process.execPath, resolve(build, 'dist/bundle/services/kubectl-sim/main.js')];
			const real = index === 0 ? kubectl.filter((path) => existsSync(path)).slice(0, 1) : [];
			return [
				{ name: `kubectl-sim, ${name}`, command: own },
				...real.map((path) => ({ name: path, command: [path] })),
			].map((program) => ({ ...program, env: { PATH, HOME, KUBECONFIG: mesh.kubeconfig } }));
		});
		for (const { mesh } of subjects) await mesh.startNodes(3, await mesh.makeJoinConfig()).started();
		const samples = programs.map((): { wallMs: number; cpuMs: number }[] => []);
		for (let round = 0; round <= rounds * RUNS_OF_A_ROUND; round++)
			for (const [index, { command, env }] of programs.entries()) {
				const sample = await runOnce(command, env);
				if (round > 0) samples[index]?.push(sample);
			}
		return programs.map(
			({ name }, index): GetNodesResult => ({
				name,
				wallMs: summarize(samples[index]?.map(({ wallMs }) => wallMs) ?? []),
				cpuMs: summarize(samples[index]?.map(({ cpuMs }) => cpuMs) ?? []),
			}),
		);
	} finally {
		for (const subject of subjects) await subject.close();
	}
}

async function runOnce([program = '', ...args]: readonly string[], env: Readonly<Record<string, string>>) {
	const [startedMs, before] = [performance.now(), endedChildrenCpuMs(process.pid)];
	const child = spawn(program, [...args, 'get', 'nodes'], { env, stdio: ['ignore', 'ignore', 'inherit'] });
	const [code] = await once(child, 'exit');
	if (code !== 0) throw new Error(`${program} get nodes ended with exit code ${code}`);
	return { wallMs: performance.now() - startedMs, cpuMs: endedChildrenCpuMs(process.pid) - before };
}
