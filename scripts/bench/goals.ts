/** The goals of kubejoin beside the measurements, so that one command shows which goals are reached. */
import type { CaResult } from './ca.ts';
import type { JoinResult } from './joins.ts';
import { MAX_NODES, type NodesResult } from './nodes.ts';
import type { Results } from './results.ts';

export interface Goal {
	readonly what: string;
	readonly measured: number;
	readonly goal: number;
	readonly unit: string;
	readonly isReached: boolean;
}

const atMost = (goal: number, unit: string, what: string, measured: number): Goal => ({
	...{ what, measured, goal, unit },
	isReached: measured <= goal,
});
const atLeast = (goal: number, unit: string, what: string, measured: number): Goal => ({
	...{ what, measured, goal, unit },
	isReached: measured >= goal,
});

/** Of the build that is measured first. There is nothing about sections that were not measured. */
export function* goalsOf({ joins, nodes, start, getNodes, page, ca, compose }: Results): Generator<Goal> {
	const [join, stay, get, watched, containers] = [joins[0], nodes[0], getNodes[0], page[0], compose[0]];
	if (join !== undefined) yield* ofJoins(join);
	if (stay?.nodes === MAX_NODES) yield* ofManyNodes(stay);
	for (const result of ca) if (result.build === ca[0]?.build) yield* ofCertificates(result);
	for (const [count, seconds] of [
		[1, 3],
		[3, 3.5],
	]) {
		const one = start.find((result) => result.nodes === count);
		if (one !== undefined) yield atMost(seconds ?? 0, 's', `npm start, ${count} Ready`, one.readySeconds.median);
	}
	if (get !== undefined) yield atMost(150, 'ms', 'kubectl-sim get nodes', get.wallMs.median);
	if (watched !== undefined)
		yield atMost(100, 'ms', 'longest task of the page', Math.max(...watched.figures.map((one) => one.longestTaskMs)));
	if (containers === undefined) return;
	yield atMost(10, 's', `compose, ${containers.nodes} Ready`, containers.readySeconds.median);
	yield atMost(450, 'MiB', 'memory of all containers', containers.memoryMb);
	yield atMost(0.5, '% of a core', 'health checks', 100 * containers.checksShare);
}

function* ofJoins({ figures, counts }: JoinResult): Generator<Goal> {
	for (const { load, timesFloor, shareOfFloor, p50Ms, p99Ms } of figures) {
		if (load === '64 at once') {
			yield atMost(3.5, 'x floor B', 'CPU of a join, 64 at once', timesFloor.median);
			yield atLeast(0.28, 'of the floor', 'rate of joins, 64 at once', shareOfFloor.median);
		} else if (load === 'alone') {
			yield atMost(40, 'ms', 'a join alone, p50', p50Ms?.median ?? Number.NaN);
			yield atMost(80, 'ms', 'a join alone, p99', p99Ms?.median ?? Number.NaN);
		} else if (load.startsWith('kubelet-sim')) yield atMost(4, 'x floor B', load, timesFloor.median);
	}
	// Some connections and events belong to joins before and after the counted ones.
	yield atMost(3, '', 'TLS connections of a join', Math.round(counts.connections));
	yield atMost(9, '', 'calls of a join', Math.round(counts.calls));
	yield atMost(1, '', 'registrations of a join', Math.round(counts.registrations));
}

function* ofManyNodes(result: NodesResult): Generator<Goal> {
	const { nodes, processes, proportionalMb, busyShare, latestMs, latestAfterRestartMs, fewestReady } = result;
	yield atMost(0.4, 'ms of CPU', 'heartbeat, API server', processes['apiserver-sim']?.cpuMsPerHeartbeat ?? Number.NaN);
	yield atMost(4_096, 'MiB', `${nodes} nodes, memory`, proportionalMb);
	yield atMost(90, '% busy', `${nodes} nodes, processors`, 100 * busyShare);
	yield atMost(2_000, 'ms late', `${nodes} nodes, latest heartbeat`, Math.max(latestMs, latestAfterRestartMs));
	yield atLeast(nodes, 'nodes', `${nodes} nodes, always Ready`, fewestReady);
}

function* ofCertificates({ algorithm, inProcessUs, served, go, cfssl }: CaResult): Generator<Goal> {
	const [inProcess, service] = algorithm === 'ECDSA-P256' ? [0.8, 0.5] : [2.5, 1.8];
	if (go !== undefined)
		yield atLeast(
			inProcess,
			`x ${go.version}`,
			`certificate, ${algorithm}`,
			go.inProcessUs.median / inProcessUs.median,
		);
	if (cfssl === undefined) return;
	const ofCfssl = served.perCpuSecond.median / cfssl.perCpuSecond.median;
	yield atLeast(service, 'x cfssl', `ca-service, ${algorithm}`, ofCfssl);
}
