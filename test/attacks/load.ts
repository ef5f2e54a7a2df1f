/**
 * Measures honest joins beside attackers: `node --import tsx test/attacks/load.ts [JOINS]`, after a build. Prints the times of a quiet mesh, those
 * under load, and what the servers refused; ends with 1 when a join failed or p99 is more than five times that of the quiet mesh.
 */
import { fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectPath } from '../../lib/paths.ts';
import { deriveTracesKey } from '../../lib/traces-key.ts';
import { healthPort } from '../../scripts/mesh/services.ts';
import { startTestMesh, type TestMesh } from '../mesh/mesh.ts';

const MAX_RATIO = 5;
const WARM_UP_MS = 15_000;
const joins = Number(process.argv[2] ?? 15);

const at = (times: readonly number[], share: number): number =>
	times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** From the first line of a node to the one that it has joined: without the start of its process. */
const begunMs = new Map<string, number>();
const joinedMs = new Map<string, number>();
function watchLine(name: string, line: string): void {
	if (!begunMs.has(name)) begunMs.set(name, performance.now());
	if (line.startsWith('This node has joined')) joinedMs.set(name, performance.now());
}

async function measure(mesh: TestMesh, config: string, name: string, count = joins): Promise<number[]> {
	const times: number[] = [];
	for (let index = 0; index < count; index++) {
		const node = `${name}-${index}`;
		const child = await mesh.startNode(node, index, config);
		times.push(Math.round((joinedMs.get(node) ?? Number.NaN) - (begunMs.get(node) ?? Number.NaN)));
		await child.stop();
	}
	print(`${name}: ${times.length} joined, p50 ${at(times, 0.5)} ms, p99 ${at(times, 0.99)} ms`);
	return times;
}

async function serverState(mesh: TestMesh, service: 'apiserver-sim' | 'token-store' | 'observer'): Promise<string> {
	const response = await fetch(`http://127.0.0.1:${healthPort(mesh.port, service)}/metrics`);
	const shown =
		/^(kubejoin_limit_refusals_total|nodejs_eventloop_lag_p99_seconds|process_resident_memory_bytes|process_open_fds)/;
	return `${service}\n${(await response.text())
		.split('\n')
		.filter((line) => shown.test(line))
		.map((line) => `  ${line}`)
		.join('\n')}`;
}

const mesh = await startTestMesh({ observer: { pagePort: 19_991, story: 'off', columns: 80 } }, watchLine);
const attackers: ReturnType<typeof fork>[] = [];
let isHeld = false;
try {
	// One token for all: a node asks again after seconds for a new one, until it is in cluster-info.
	const config = mesh.joinConfig({ token: await mesh.createToken(), discovery: '60s' });
	await measure(mesh, config, 'warm', 2);
	const quiet = await measure(mesh, config, 'quiet');
	const caFile = mesh.ca;
	const tracesKey = deriveTracesKey(
		readFileSync(join(mesh.state, 'pki/observer/traces-key'), 'utf8').trim(),
		'kubelet-sim',
	);
	for (const [kind, port] of [
		['idle', mesh.port],
		['dribble', mesh.port],
		['resets', mesh.port],
		['unfinished', mesh.port],
		['tokens', mesh.port],
		['traces', mesh.port + 3],
	] as const) {
		const attacker = fork(projectPath('test/attacks/load-attackers.ts'), [kind, String(port), caFile, tracesKey], {
			execArgv: ['--import', 'tsx'],
		});
		let last = {};
		attacker.on('message', (message) => {
			last = message as object;
		});
		attacker.once('exit', () => print(`attacker ${JSON.stringify(last)}`));
		attackers.push(attacker);
	}
	await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
	const loaded = await measure(mesh, config, 'loaded');
	for (const service of ['apiserver-sim', 'token-store', 'observer'] as const) print(await serverState(mesh, service));
	const ratio = at(loaded, 0.99) / at(quiet, 0.99);
	isHeld = ratio <= MAX_RATIO;
	print(`p99 is ${ratio.toFixed(1)} times that of the quiet mesh`);
} finally {
	for (const attacker of attackers) attacker.kill();
	await mesh.stopAndRemove();
}
process.exitCode = isHeld ? 0 : 1;
