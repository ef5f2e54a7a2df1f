/**
 * `npm run test:load -- [JOINS | cost [KIND...] | connections]`: honest joins beside attackers, then 10,000 abusive
 * connections; or the processor time of each attack; or the connections alone, also on a busy machine. Compares the
 * times of joins with those of the same mesh before the attack, because the times of one machine say nothing about
 * another. Exit code 1: a join failed, p99 grew more than `MAX_RATIO` times, a service kept descriptors, or an attacker
 * did not reach its rate, so that the comparison proves nothing.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { nodeHealthPort } from '../../scripts/mesh/services.ts';
import { startTestMesh, type TestMesh } from '../mesh/mesh.ts';
import { abuseConnections, abusive, openFiles } from './abusive-connections.ts';
import { Attackers } from './attackers.ts';
import { measureCosts } from './load-cost.ts';
import { type LoadKind, loadAttacks, loadKinds } from './load-kinds.ts';
import { type Target, targetOf } from './target.ts';

const MAX_RATIO = 5;
/** The rates are those of timers, which are late on a busy machine. */
const MIN_SHARE = 0.8;
const MAX_RUN_MS = 240_000;
const MAX_PHASE_MS = 70_000;
const MIN_JOINS = 5;
/** A busy machine needs most of it to start the processes of the attackers. */
const MAX_BUILD_UP_MS = 45_000;
const [argument = '20', ...names] = process.argv.slice(2);
const joins = Number(argument);

const quantile = (times: readonly number[], share: number): number =>
	times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))] ?? Number.NaN;
const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** From the first line of a node to the line that it has joined, without the start of its process. */
class JoinTimes {
	readonly #begunMs = new Map<string, number>();
	readonly #joinedMs = new Map<string, number>();

	watchLine = (name: string, line: string): void => {
		if (!this.#begunMs.has(name)) this.#begunMs.set(name, performance.now());
		if (line.startsWith('This node has joined')) this.#joinedMs.set(name, performance.now());
	};

	of(name: string): number {
		return Math.round((this.#joinedMs.get(name) ?? Number.NaN) - (this.#begunMs.get(name) ?? Number.NaN));
	}
}

interface Honest {
	readonly mesh: TestMesh;
	readonly config: string;
	readonly times: JoinTimes;
}

/** One join after another, until there are enough or the time of the phase is over. */
async function measure({ mesh, config, times }: Honest, phase: string, count = joins): Promise<number> {
	const measured: number[] = [];
	const endMs = performance.now() + MAX_PHASE_MS;
	while (measured.length < count && (measured.length < MIN_JOINS || performance.now() < endMs)) {
		const node = `${phase}-${measured.length}`;
		const child = await mesh.startNode(node, 'none', config);
		measured.push(times.of(node));
		await child.stop();
	}
	const p99 = quantile(measured, 0.99);
	print(`${phase.padEnd(9)} ${measured.length} joins, p50 ${quantile(measured, 0.5)} ms, p99 ${p99} ms`);
	return p99;
}

/** @returns the attacks that were weaker than stated, and those that the service did not notice */
async function judgeAttackers(attackers: Attackers, target: Target): Promise<string[]> {
	const problems: string[] = [];
	for (const kind of loadKinds) {
		const { title, amount, of, service, limits } = loadAttacks[kind];
		const reached = await attackers.reached(kind);
		const refusals = await Promise.all(
			limits.map(async (limit) => ({ limit, times: await target.refusals(service, limit) })),
		);
		const counted = refusals.map(({ limit, times }) => `${limit} ${times}`).join(', ');
		print(`  ${title}: ${Math.round(reached)} ${of} (wanted ${amount})${counted === '' ? '' : `; ${counted}`}`);
		if (reached < amount * MIN_SHARE)
			problems.push(
				`${title}: ${Math.round(reached)} ${of} instead of ${amount}; run it on a machine that does nothing else`,
			);
		if (limits.length > 0 && refusals.every(({ times }) => times === 0))
			problems.push(`${title}: ${service} counted no refusal`);
	}
	return problems;
}

async function attackJoins(honest: Honest, target: Target, quiet: number): Promise<string[]> {
	const attackers = new Attackers(target, loadKinds, { isYielding: true });
	try {
		const endMs = performance.now() + MAX_BUILD_UP_MS;
		while (performance.now() < endMs && !attackers.areAtTheirRates(MIN_SHARE)) await delay(500);
		await attackers.begin();
		const attacked = await measure(honest, 'attacked');
		const problems = await judgeAttackers(attackers, target);
		print(attackers.costText());
		const ratio = attacked / quiet;
		print(`p99 under attack is ${ratio.toFixed(1)} times the quiet p99 (at most ${MAX_RATIO})`);
		return ratio <= MAX_RATIO ? problems : [...problems, `p99 grew ${ratio.toFixed(1)} times`];
	} finally {
		attackers.stop();
	}
}

async function run(): Promise<string[]> {
	const times = new JoinTimes();
	const mesh = await startTestMesh({ observer: { story: 'off', columns: 80 } }, times.watchLine);
	try {
		// The nodes share one token: the first join after `token create` also waits for the controller that signs it.
		const config = mesh.joinConfig({ token: await mesh.createToken(), discovery: '60s' });
		const child = await mesh.startNode('node-1', 0, config);
		const target = targetOf(mesh, nodeHealthPort(mesh.port, 0));
		if (argument === 'cost') {
			await measureCosts(target, names.length === 0 ? loadKinds : (names as LoadKind[]), print);
			return [];
		}
		const { status } = await mesh.api.nodes.get('node-1');
		const kubeletPort = status?.daemonEndpoints?.kubeletEndpoint?.Port ?? 0;
		const abused = { target, node: { pid: child.pid() ?? 0, kubeletPort } };
		const abuse = async (before = openFiles(abused)): Promise<string[]> => {
			print(`${abusive.total} abusive connections: ${abusive.kinds.join(', ')}`);
			return await abuseConnections(abused, before, print);
		};
		if (argument === 'connections') {
			const left = await abuse();
			await target.requireUnharmed();
			return left;
		}
		const honest = { mesh, config, times };
		await measure(honest, 'warm-up', 2);
		const quiet = await measure(honest, 'quiet');
		const before = openFiles(abused);
		const problems = await attackJoins(honest, target, quiet);
		problems.push(...(await abuse(before)));
		await target.requireUnharmed();
		return problems;
	} finally {
		await mesh.stopAndRemove();
	}
}

const timer = setTimeout(() => {
	process.stderr.write(`failed: the run did not end within ${MAX_RUN_MS / 1_000} s\n`);
	process.exit(1);
}, MAX_RUN_MS).unref();
const problems = await run();
clearTimeout(timer);
for (const problem of problems) process.stderr.write(`failed: ${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
