/** Leave the mesh as it was found: nothing of an experiment stays, whatever ended it. Can be called at any time, twice, and after a crash. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../lib/errors.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { poll } from '../../lib/poll.ts';
import { type LabContext, STARTED_AT } from './context.ts';
import { restoreBindings } from './faults/role-bindings.ts';
import { keptNames, removeNode } from './nodes.ts';
import { knownTokens, removeLabTokens, restoreTokens } from './tokens.ts';
import { EXPECTATIONS } from './verdicts/expectations.ts';

const RETRY_MS = 250;
const TIMEOUT_MS = 20_000;

/** The services must have been restored before. @returns what was done, a line each */
export async function resetNodes(context: LabContext): Promise<readonly string[]> {
	const done: string[] = [];
	const names = await keptNames(context);
	for (const { name } of await context.control.workers())
		if (!names.includes(name)) await context.control.removeWorker(name);
	for (const name of names) {
		await whenReachable(() => removeNode(context, name));
		done.push(`removed ${name}`);
	}
	for (const name of await whenReachable(() => restoreBindings(context))) done.push(`put ${name} back`);
	const flushed = await whenReachable(() => restoreTokens(context));
	if (flushed > 0) done.push(`put ${flushed} tokens back`);
	await whenReachable(() => removeRequests(context));
	const tokens = await whenReachable(() => removeLabTokens(context));
	if (tokens.length > 0) done.push(`deleted ${tokens.length} tokens`);
	for (const name of ['attackers', 'home', 'skew.json', 'half-joined.json', 'tries.json', EXPECTATIONS, STARTED_AT])
		await rm(join(context.directory, name), { recursive: true, force: true });
	return done;
}

/** Requests that came with a token of an experiment. */
async function removeRequests(context: LabContext): Promise<void> {
	const users = new Set(
		(await knownTokens(context)).map((token) => `${wellKnown.bootstrapUserPrefix}${token.slice(0, 6)}`),
	);
	const { items } = await context.api.certificateSigningRequests.list();
	for (const { metadata, spec } of items) {
		if (!users.has(spec.username ?? '')) continue;
		await context.api.certificateSigningRequests.delete(metadata.name ?? '').catch((error: unknown) => {
			if (!hasCode(error, 'API_NOT_FOUND')) throw error;
		});
	}
}

const whenReachable = <T>(attempt: () => Promise<T>): Promise<T> =>
	poll(attempt, { retryMs: RETRY_MS, timeoutMs: TIMEOUT_MS, say: () => undefined });
