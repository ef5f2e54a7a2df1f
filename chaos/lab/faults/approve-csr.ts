/** Approves and denies certificate signing requests, as an administrator does. */
import { KubejoinError } from '../../../lib/errors.ts';
import { pollUntil } from '../../../lib/poll.ts';
import type { LabContext } from '../context.ts';

const RETRY_MS = 100;

/**
 * Approve or deny every pending request of the requester, and wait until there is one.
 *
 * @returns their names @throws LAB_NOTHING_PENDING, SERVICE_FAILED
 */
export async function decideRequests(
	context: LabContext,
	verb: 'approve' | 'deny',
	requester: string,
	withinSeconds: number,
): Promise<readonly string[]> {
	const pending = await pollUntil(
		() => pendingRequests(context, requester),
		({ length }) => length > 0,
		{ retryMs: RETRY_MS, timeoutMs: withinSeconds * 1_000, signal: context.signal },
	);
	if (pending.length === 0) throw new KubejoinError('LAB_NOTHING_PENDING', { requester, waitedSeconds: withinSeconds });
	const { code, stderr } = await context.kubectl(['certificate', verb, ...pending]);
	if (code !== 0)
		throw new KubejoinError('SERVICE_FAILED', { service: `kubectl-sim certificate ${verb}`, problem: stderr.trim() });
	return pending;
}

async function pendingRequests({ api }: LabContext, requester: string): Promise<readonly string[]> {
	const { items } = await api.certificateSigningRequests.list();
	return items
		.filter(({ spec, status }) => spec.username === requester && (status?.conditions ?? []).length === 0)
		.map(({ metadata }) => metadata.name ?? '');
}
