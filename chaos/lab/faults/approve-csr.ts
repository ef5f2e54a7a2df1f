/** What a person decides about requests, in an experiment. */
import { setTimeout as delay } from 'node:timers/promises';
import { KubejoinError } from '../../../lib/errors.ts';
import type { LabContext } from '../context.ts';

const LOOK_AGAIN_MS = 100;

/** Approve or deny every request of this requester that is pending; waits until there is one. @returns their names @throws LAB_NOTHING_PENDING, SERVICE_FAILED */
export async function decide(
	context: LabContext,
	verb: 'approve' | 'deny',
	requester: string,
	withinSeconds: number,
): Promise<readonly string[]> {
	for (const end = Date.now() + withinSeconds * 1_000; ; await delay(LOOK_AGAIN_MS)) {
		const { items } = await context.api.certificateSigningRequests.list();
		const pending = items
			.filter(({ spec, status }) => spec.username === requester && (status?.conditions ?? []).length === 0)
			.map(({ metadata }) => metadata.name ?? '');
		if (pending.length > 0) {
			const { code, stderr } = await context.kubectl(['certificate', verb, ...pending]);
			if (code !== 0)
				throw new KubejoinError('SERVICE_FAILED', {
					service: `kubectl-sim certificate ${verb}`,
					problem: stderr.trim(),
				});
			return pending;
		}
		if (Date.now() > end) throw new KubejoinError('LAB_NOTHING_PENDING', { requester, waitedSeconds: withinSeconds });
	}
}
