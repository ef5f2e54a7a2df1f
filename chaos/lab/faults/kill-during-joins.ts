/**
 * Kills a service while nodes are at each step of their joins, and reports the outcome of each node. A node is paused
 * when it prints that it has finished a step; after the kill, all nodes continue.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Driver } from '../drivers/driver.ts';

/** A part of the line that a node prints at the start of preflight, and at the end of every other step. */
const steps = {
	preflight: '[preflight] Running pre-flight checks',
	'cluster-info': '[discovery/fetch-cluster-info]',
	pinned: '[discovery/pin-ca]',
	confirmed: '[discovery/confirm]',
	'token-accepted': '[tls-bootstrap/read-config]',
	requested: 'needs approval and signature',
	certified: '[tls-bootstrap/verify-certificate]',
} as const;

export interface KillQuestion {
	readonly service: string;
	readonly token: string;
	readonly downSeconds: number;
}

const SETTLE_SECONDS = 300;
const nodeAt = (service: string, step: string): string => `at-${step}-${service}`;

/**
 * @returns a line for each step: `confirmed: resumed`, `confirmed: ended with CODE, joined when started again`, or
 * `confirmed: half joined: …`
 */
export async function killDuringJoins(driver: Driver, { service, token, downSeconds }: KillQuestion): Promise<string> {
	const nodes = Object.entries(steps).map(([step, text]) => ({ step, text, node: nodeAt(service, step) }));
	await Promise.all(
		nodes.map(({ node, text }) =>
			driver.lab.runCommand([
				...['join', node, '--token', token, '--pause-after', text],
				...['--discovery', '60s', '--bootstrap', '60s', '--within', String(SETTLE_SECONDS)],
			]),
		),
	);
	await driver.kill(service);
	await Promise.all(nodes.map(({ node }) => driver.lab.runCommand(['continue', node])));
	await delay(downSeconds * 1_000);
	const killed = (await driver.services()).find(({ name }) => name === service)?.state;
	await driver.start(service);
	const outcomes = nodes.map(async ({ step, node }) => `${step}: ${await outcomeOf(driver, node)}`);
	return [`${service} was ${killed} for ${downSeconds} s`, ...(await Promise.all(outcomes))].join('\n');
}

async function outcomeOf(driver: Driver, node: string): Promise<string> {
	const first = await settle(driver, node);
	if (first.startsWith(`${node}: joined`)) return 'resumed';
	const code = /refused ([A-Z_]+)/.exec(first)?.[1] ?? 'no error code';
	await driver.lab.runCommand(['restart', node]);
	const second = await settle(driver, node);
	return second.startsWith(`${node}: joined`)
		? `ended with ${code}, joined when started again`
		: `half joined: ended with ${code}, and again when it was started again`;
}

/** Wait until the node has joined or ended. @returns the output of `node` */
async function settle(driver: Driver, node: string): Promise<string> {
	const until = `^${node}: (joined|refused|ended)`;
	const command = ['node', node, '--until', until, '--within', String(SETTLE_SECONDS)];
	return (await driver.lab.runCommand(command)).stdout;
}
