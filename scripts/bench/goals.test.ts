import assert from 'node:assert/strict';
import { goalsOf } from './goals.ts';
import type { JoinFigures, JoinResult } from './joins.ts';
import type { NodesResult } from './nodes.ts';
import { goalsText } from './report.ts';
import { noResults } from './results.ts';
import { summarize } from './statistics.ts';

describe('the goals of the benchmark', () => {
	const one = (value: number) => summarize([value]);
	const figures = (load: string, timesFloor: number): JoinFigures => ({
		...{ load, perSecond: one(40), shareOfFloor: one(0.28), cpuMs: {}, allCpuMs: one(40), timesFloor: one(timesFloor) },
		...{ p50Ms: one(40), p99Ms: one(80.1) },
	});
	const joins: JoinResult = {
		...{ store: 'lmdb', hasObserver: false, build: 'this build' },
		...{ floorBefore: { cpuMs: one(10) }, floorAfter: { cpuMs: one(10) } },
		figures: [figures('alone', 7), figures('64 at once', 3.5), figures('kubelet-sim join --nodes 200', 4.01)],
		counts: { connections: 3.1, calls: 14.6, registrations: 1 },
	};
	const nodes: NodesResult = {
		...{ build: 'this build', nodes: 10_000, minutes: 10, restart: 'ca-service', page: false },
		...{ joinsPerSecond: 25, firstJoinsPerSecond: 30, lastJoinsPerSecond: 20, joiningMb: 3_000 },
		...{ heartbeatsPerSecond: 1_000, latestMs: 1_900, latestAfterRestartMs: 2_001, fewestReady: 10_000 },
		...{ changedNodes: 0, residentMb: 4_200, proportionalMb: 4_000, busyShare: 0.6 },
		processes: { 'apiserver-sim': { residentMb: 1, cpuShare: 1, cpuMsPerHeartbeat: 0.39 } },
	};
	const reached = (results: Partial<ReturnType<typeof noResults>>) =>
		Object.fromEntries([...goalsOf({ ...noResults(), ...results })].map(({ what, isReached }) => [what, isReached]));

	it('are those of the joins that were measured, at their limits', () => {
		assert.deepEqual(reached({ joins: [joins] }), {
			'a join alone, p50': true,
			'a join alone, p99': false,
			'CPU of a join, 64 at once': true,
			'rate of joins, 64 at once': true,
			'kubelet-sim join --nodes 200': false,
			'TLS connections of a join': true,
			'calls of a join': false,
			'registrations of a join': true,
		});
	});

	it('are those of 10,000 nodes for 10,000 nodes only, with the heartbeats over the restart', () => {
		assert.deepEqual(reached({ nodes: [nodes] }), {
			'heartbeat, API server': true,
			'10000 nodes, memory': true,
			'10000 nodes, processors': true,
			'10000 nodes, latest heartbeat': false,
			'10000 nodes, always Ready': true,
		});
		assert.deepEqual(reached({ nodes: [{ ...nodes, nodes: 9_999 }] }), {});
	});

	it('compare certificates with the programs that were measured beside them', () => {
		const served = { perCpuSecond: one(1_000), perSecond: one(1_000) };
		const result = { build: 'this build', inProcessUs: one(400), served };
		const go = { version: 'go1.26.8', inProcessUs: one(320) };
		const cfssl = { perCpuSecond: one(2_001), perSecond: one(2_000) };
		const ca = [
			{ ...result, algorithm: 'RSA-2048' as const, go },
			{ ...result, algorithm: 'ECDSA-P256' as const, go, cfssl },
			{ ...result, algorithm: 'ECDSA-P256' as const, build: 'before', go },
		];
		assert.deepEqual(reached({ ca }), {
			'certificate, RSA-2048': false,
			'certificate, ECDSA-P256': true,
			'ca-service, ECDSA-P256': false,
		});
	});

	it('are those of one node and of three, of the list of nodes and of the page', () => {
		const started = (count: number, seconds: number) => ({
			...{ build: 'this build', nodes: count, upSeconds: one(1), readySeconds: one(seconds), cpuSeconds: one(3) },
			processes: {},
		});
		const task = (longestTaskMs: number) => ({ longestTaskMs, view: 'map', viewport: '1280 x 800' });
		const page = { build: 'this build', joins: 1_000, rounds: 5, load: 0, firstPaintMs: [], scriptBytes: 1 };
		assert.deepEqual(
			reached({
				start: [started(1, 3), started(3, 3.6), started(1, 9)],
				getNodes: [{ name: 'this build', wallMs: one(151), cpuMs: one(100) }],
				page: [{ ...page, figures: [task(0), task(101)] as never }],
			}),
			{
				'npm start, 1 Ready': true,
				'npm start, 3 Ready': false,
				'kubectl-sim get nodes': false,
				'longest task of the page': false,
			},
		);
	});

	it('are those of the containers', () => {
		const figures = { nodes: 3, upSeconds: one(6), readySeconds: one(10), memoryMb: 451, idleShare: 0.07 };
		assert.deepEqual(reached({ compose: [{ ...figures, checksShare: 0.005, engineShare: 0.006 }] }), {
			'compose, 3 Ready': true,
			'memory of all containers': false,
			'health checks': true,
		});
	});

	it('are a line each', () => {
		const text = goalsText([...goalsOf({ ...noResults(), joins: [joins] })]);
		assert.match(text, /^\nGoals\n {2}a join alone, p50 +40 ms, goal 40: reached\n/);
		assert.match(text, /\n {2}kubelet-sim join --nodes 200 +4.01 x floor B, goal 4: not reached\n/);
		assert.ok(text.split('\n').every((line) => line.length <= 80));
	});
});
