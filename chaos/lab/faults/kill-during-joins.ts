/**
 * A service dies while nodes are at every step of their joins, one at each: what becomes of them. A node is stopped as soon as it says that it has done
 * a step; then the service is killed, and the nodes go on.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { Driver, Result } from '../drivers/driver.ts';

/** What a node prints when it has done a step, by a short name. */
const steps = {
	preflight: '[preflight] nobody trusts',
	'cluster-info': '[discovery/fetch-cluster-info]',
	pinned: '[discovery/pin-ca]',
	confirmed: '[discovery/confirm]',
	'token-accepted': '[tls-bootstrap/check-node-name]',
	requested: 'needs approval and signature',
	certified: '[tls-bootstrap/verify-certificate]',
} as const;

export interface KillQuestion {
	readonly service: string;
	readonly token: string;
	/** How long it is away. */
	readonly downSeconds: number;
}

const SETTLE_SECONDS = 90;
const nodeAt = (service: string, step: string): string => `at-${step}-${service}`;

/** A line for each step: `confirmed: resumed`, `confirmed: ended with CODE, joined when started again`, `confirmed: half joined: …`. */
export async function killDuringJoins(driver: Driver, { service, token, downSeconds }: KillQuestion): Promise<string> {
	const names = Object.keys(steps).map((step) => ({ step, node: nodeAt(service, step) }));
	const runInLab = (...args: string[]): Promise<Result> => driver.runInLab(args);
	await Promise.all(
		Object.entries(steps).map(([step, text]) =>
			runInLab(
				'join',
				nodeAt(service, step),
				'--token',
				token,
				'--pause-after',
				text,
				'--discovery',
				'60s',
				'--bootstrap',
				'60s',
			),
		),
	);
	await driver.kill(service);
	await Promise.all(names.map(({ node }) => runInLab('continue', node)));
	await delay(downSeconds * 1_000);
	const killed = (await driver.services()).find(({ name }) => name === service)?.state;
	await driver.start(service);
	const lines = await Promise.all(names.map(async ({ step, node }) => `${step}: ${await outcome(node)}`));
	return [`${service} was ${killed} for ${downSeconds} s`, ...lines].join('\n');

	async function outcome(node: string): Promise<string> {
		const seen = await runInLab(
			'node',
			node,
			'--until',
			`^${node}: (joined|refused|ended)`,
			'--within',
			String(SETTLE_SECONDS),
		);
		if (seen.stdout.startsWith(`${node}: joined`)) return 'resumed';
		const code = /refused ([A-Z_]+)/.exec(seen.stdout)?.[1] ?? 'nothing said';
		await runInLab('restart', node);
		const again = await runInLab(
			'node',
			node,
			'--until',
			`^${node}: (joined|refused|ended)`,
			'--within',
			String(SETTLE_SECONDS),
		);
		return again.stdout.startsWith(`${node}: joined`)
			? `ended with ${code}, joined when started again`
			: `half joined: ended with ${code}, and again when it was started again`;
	}
}
