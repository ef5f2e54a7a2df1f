/** A node that has joined stays: it renews its Lease, reports its status and renews its certificate until it is told to stop or its certificate expires. */
import { randomInt } from 'node:crypto';
import { causeText, type KubejoinError } from '../../lib/errors.ts';
import { RENEW_INTERVAL_MS, registerNode, renewLease, reportStatus } from './heartbeat.ts';
import { isExpired, type NodeIdentity } from './identity.ts';
import type { JoinContext } from './join/join-context.ts';
import { nodeObject } from './node-object.ts';
import { keepRenewed, type RenewalEvents } from './rotation/keep-renewed.ts';

export interface StayOptions extends RenewalEvents {
	readonly identity: NodeIdentity;
	readonly criSocket: string;
	/** Called after each renewal of the Lease. */
	readonly onBeat: (atMs: number) => void;
}
/** How a stay ended that nobody stopped. */
export interface Expired {
	/** Why the certificate was not renewed, where that was tried. */
	readonly refusal?: KubejoinError;
}

/** Plus up to 4 %, so that nodes that started together do not stay together. */
const nextBeatMs = (): number => RENEW_INTERVAL_MS + randomInt(0, Math.round(RENEW_INTERVAL_MS * 0.04));
const MAX_FAILURE_WAIT_MS = 7_000;

/** Resolves when the signal aborts, or when the certificate has expired. */
export async function stay(
	tools: JoinContext,
	{ identity, criSocket, onBeat, onRotated, onRefused }: StayOptions,
): Promise<Expired | undefined> {
	const { dial, clock, say, signal, waitUntil } = tools;
	const { nodeName, server } = identity;
	let present = identity;
	let refusal: KubejoinError | undefined;
	let onceRotated: () => void = () => undefined;
	let connection = dial.asNode(server, identity);
	let beating: Promise<void> = Promise.resolve();
	let nodeUid: string | undefined;
	let saidProblem = '';
	let waitMs = 0;
	const beat = async () => {
		const { api } = connection;
		nodeUid ??= (await registerNode(api.nodes, nodeObject(nodeName, criSocket, clock()))).uid;
		await renewLease(api.leases, { nodeName, nodeUid }, clock());
		onBeat(clock());
		await reportStatus(api.nodes, nodeName, clock());
	};
	const tryToBeat = async () => {
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
	};
	const renewing = keepRenewed(tools, identity, {
		onRotated(next, atMs) {
			const { close } = connection;
			connection = dial.asNode(server, next);
			// A heartbeat that is under way has begun on the old connection and ends on it.
			void beating.finally(close);
			present = next;
			refusal = undefined;
			onRotated(next, atMs);
			onceRotated();
		},
		onRefused(error, retryMs) {
			refusal = error;
			onRefused(error, retryMs);
		},
	});
	const beatUntilExpired = async () => {
		while (!signal.aborted && !isExpired(present, clock)) {
			beating = tryToBeat();
			await beating;
			await waitUntil(Math.min(clock() + waitMs, present.notAfter), signal);
		}
	};
	try {
		do {
			await beatUntilExpired();
			// The last attempt may have begun in time; otherwise it tells why there is no other certificate.
			const rotated = new Promise<void>((resolve) => {
				onceRotated = resolve;
			});
			if (isExpired(present, clock)) await Promise.race([renewing, rotated]);
		} while (!signal.aborted && !isExpired(present, clock));
		if (signal.aborted) await renewing;
	} finally {
		connection.close();
	}
	if (signal.aborted) return undefined;
	return refusal === undefined ? {} : { refusal };
}
