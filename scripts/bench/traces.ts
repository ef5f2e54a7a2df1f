/**
 * Measures joins per second on one machine without traces, with 1 % and with all: node dist/scripts/bench/traces.js
 * [JOINS] All nodes run in this process, each service in its own; the collector discards the traces.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock, waitBy } from '../../lib/clock.ts';
import { nodePaths } from '../../lib/node-paths.ts';
import { createDial } from '../../services/kubelet-sim/clients.ts';
import { clusterSettings } from '../../services/kubelet-sim/cluster-settings.ts';
import { joinWorkflow } from '../../services/kubelet-sim/join/join.ts';
import { readJoinRequest } from '../../services/kubelet-sim/join/join-request.ts';
import { readCluster } from '../../services/kubelet-sim/join/read-cluster.ts';
import { startLocalMesh } from '../mesh/local-mesh.ts';

const COLLECTOR_PORT = 26_318;
const MESH_PORT = 26_443;
const CONCURRENCY = 8;
const ROUNDS = 3;
const joins = Number(process.argv[2] ?? 100);

const modes: Readonly<Record<string, Readonly<Record<string, string>>>> = {
	off: {},
	'sampled 1 %': {
		OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${COLLECTOR_PORT}`,
		OTEL_TRACES_SAMPLER: 'parentbased_traceidratio',
		OTEL_TRACES_SAMPLER_ARG: '0.01',
	},
	all: { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${COLLECTOR_PORT}` },
};

async function joinsPerSecond(telemetry: Readonly<Record<string, string>>): Promise<number> {
	const state = mkdtempSync(join(tmpdir(), 'kubejoin-bench-'));
	const mesh = await startLocalMesh(
		{ state, port: MESH_PORT, store: 'lmdb', telemetry },
		{ onLine: () => undefined, onCrash: () => undefined, onGiveUp: () => undefined },
	);
	try {
		const config = await mesh.makeJoinConfig();
		const signal = new AbortController().signal;
		const joinOne = async (name: string) => {
			const waiting = { clock: systemClock, waitUntil: waitBy(systemClock), signal, retryMs: 100 };
			const tools = {
				dial: createDial(),
				paths: nodePaths(join(state, 'nodes', name)),
				readCluster,
				readSettings: clusterSettings,
				say: () => undefined,
				...waiting,
			};
			await joinWorkflow(tools).run(
				await readJoinRequest(undefined, { config, nodeName: name }),
				() => undefined,
				systemClock,
			);
		};
		await joinOne('warm-up');
		let next = 0;
		const startedMs = performance.now();
		await Promise.all(
			Array.from({ length: CONCURRENCY }, async () => {
				while (next < joins) await joinOne(`node-${next++}`);
			}),
		);
		return (joins * 1000) / (performance.now() - startedMs);
	} finally {
		await mesh.stop();
		rmSync(state, { recursive: true, force: true });
	}
}

const collector = createServer((request, response) => request.resume().on('end', () => response.end('{}'))).listen(
	COLLECTOR_PORT,
	'127.0.0.1',
);
const results = new Map<string, number[]>(Object.keys(modes).map((mode) => [mode, []]));
for (let round = 0; round < ROUNDS; round++) {
	for (const [mode, telemetry] of Object.entries(modes)) results.get(mode)?.push(await joinsPerSecond(telemetry));
}
collector.close();
const median = (values: readonly number[]): number =>
	values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const off = median(results.get('off') ?? []);
for (const [mode, values] of results) {
	const rate = median(values).toFixed(1).padStart(6);
	const all = values.map((value) => value.toFixed(1)).join(', ');
	process.stdout.write(
		`traces ${mode.padEnd(12)} ${rate} joins/s  ${(median(values) / off).toFixed(2)} of off  (${all})\n`,
	);
}
