/** Undoes every fault and removes everything that experiments created, at any time and after a crash. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ignoring } from '../../lib/errors.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { poll } from '../../lib/poll.ts';
import { type LabContext, STARTED_AT } from './context.ts';
import type { Driver } from './drivers/driver.ts';
import { HALF_JOINED, SKEW_RESULTS } from './faults/clock-skew.ts';
import { restoreBindings } from './faults/role-bindings.ts';
import { ATTEMPTS } from './faults/stolen-credentials.ts';
import { labNodeNames, removeNode } from './nodes.ts';
import { knownTokens, removeLabTokens, restoreTokens } from './tokens.ts';
import { EXPECTATIONS } from './verdicts/expectations.ts';

const RETRY_MS = 250;
/** A service that was just restored can take this long to answer on a slow machine. */
const TIMEOUT_MS = 120_000;

/** First the services, because nodes are removed from the cluster through them. @returns a line for each repair */
export async function resetMesh(driver: Driver): Promise<string> {
	const services = await driver.restore();
	const nodes = (await driver.labExists()) ? await driver.lab.resetNodes() : [];
	const done = [...services, ...nodes, ...(await driver.removeLab())];
	return done.length === 0 ? 'there was nothing to restore' : done.join('\n');
}

/** Requires that the services run. @returns a line for each repair */
export async function resetNodes(context: LabContext): Promise<readonly string[]> {
	const done: string[] = [];
	const names = await labNodeNames(context);
	for (const { name } of await context.control.workers())
		if (!names.includes(name)) await context.control.removeWorker(name);
	for (const name of names) {
		await whenReachable(() => removeNode(context, name));
		done.push(`removed ${name}`);
	}
	for (const name of await whenReachable(() => restoreBindings(context))) done.push(`restored ${name}`);
	const flushed = await whenReachable(() => restoreTokens(context));
	if (flushed > 0) done.push(`restored ${flushed} tokens`);
	await whenReachable(() => removeRequests(context));
	const tokens = await whenReachable(() => removeLabTokens(context));
	if (tokens.length > 0) done.push(`deleted ${tokens.length} tokens`);
	for (const name of ['attackers', 'home', SKEW_RESULTS, HALF_JOINED, ATTEMPTS, EXPECTATIONS, STARTED_AT])
		await rm(join(context.directory, name), { recursive: true, force: true });
	return done;
}

/** Delete the requests that were created with a token of an experiment. */
async function removeRequests(context: LabContext): Promise<void> {
	const users = new Set(
		(await knownTokens(context)).map((token) => `${wellKnown.bootstrapUserPrefix}${token.slice(0, 6)}`),
	);
	const { items } = await context.api.certificateSigningRequests.list();
	for (const { metadata, spec } of items) {
		if (!users.has(spec.username ?? '')) continue;
		await context.api.certificateSigningRequests.delete(metadata.name ?? '').catch(ignoring('API_NOT_FOUND'));
	}
}

const whenReachable = <T>(attempt: () => Promise<T>): Promise<T> =>
	poll(attempt, { retryMs: RETRY_MS, timeoutMs: TIMEOUT_MS, say: () => undefined });
