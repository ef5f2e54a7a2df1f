/** A node that has joined stays: it renews its Lease and reports its status until it is told to stop or its certificate expires. */
import { randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { rfc3339 } from '../../lib/clock.ts';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { RENEW_INTERVAL_MS, registerNode, renewLease, reportStatus } from './heartbeat.ts';
import { isExpired, type NodeIdentity } from './identity.ts';
import type { JoinTools } from './join/tools.ts';
import { nodeObject } from './node-object.ts';

export interface StayOptions {
	readonly identity: NodeIdentity;
	readonly criSocket: string;
	/** Called after each renewal of the Lease. */
	readonly onBeat: (atMs: number) => void;
}

/** Plus up to 4 %, so that nodes that started together do not stay together. */
const nextBeatMs = (): number => RENEW_INTERVAL_MS + randomInt(0, Math.round(RENEW_INTERVAL_MS * 0.04));
const MAX_FAILURE_WAIT_MS = 7_000;

/** Resolves when the signal aborts. @throws NODE_LOCKED_OUT  the certificate has expired */
export async function stay({ dial, clock, say, signal }: JoinTools, { identity, criSocket, onBeat }: StayOptions): Promise<void> {
	const { nodeName, server } = identity;
	const { api, close } = dial.asNode(server, identity);
	let nodeUid: string | undefined;
	let saidProblem = '';
	let waitMs = 0;
	const beat = async () => {
		nodeUid ??= (await registerNode(api.nodes, nodeObject(nodeName, criSocket, clock()))).uid;
		await renewLease(api.leases, { nodeName, nodeUid }, clock());
		onBeat(clock());
		await reportStatus(api.nodes, nodeName, clock());
	};
	try {
		while (!signal.aborted) {
			if (isExpired(identity, clock)) throw new KubejoinError('NODE_LOCKED_OUT', { node: nodeName, notAfter: rfc3339(identity.notAfter) });
			try {
				await beat();
				if (saidProblem !== '') say('[kubelet] The API server answers again');
				saidProblem = '';
				waitMs = nextBeatMs();
			} catch (error) {
				if (signal.aborted) return;
				// Somebody may have deleted the Node: then it registers anew.
				nodeUid = undefined;
				const problem = causeText(error);
				if (problem !== saidProblem) say(`[kubelet] Waiting for the API server to take the heartbeat: ${problem}`);
				saidProblem = problem;
				waitMs = Math.min(waitMs >= MAX_FAILURE_WAIT_MS ? 250 : Math.max(waitMs * 2, 250), MAX_FAILURE_WAIT_MS);
			}
			await delay(waitMs, undefined, { signal }).catch(() => undefined);
		}
	} finally {
		close();
	}
}
