/**
 * A joined node renews its Lease, reports its status and renews its certificate, until it is stopped or its
 * certificate expires.
 */
import { randomInt } from 'node:crypto';
import { causeText, type KubejoinError } from '../../lib/errors.ts';
import type { EventCorrelator } from '../../lib/kube/events/correlate.ts';
import { readKubeletVersion } from './cluster-settings.ts';
import {
	beat,
	LEASE_DURATION_SECONDS,
	RENEW_INTERVAL_MS,
	type Registration,
	registerNode,
	reportStatus,
	STATUS_CHECK_INTERVAL_MS,
} from './heartbeat.ts';
import { isExpired, type NodeIdentity } from './identity.ts';
import type { JoinContext, NodeConnection } from './join/join-context.ts';
import { isUnavailable } from './join/retry.ts';
import { NodeEvents } from './node-events.ts';
import { nodeObject } from './node-object.ts';
import { keepRenewed, type RenewalEvents } from './rotation/keep-renewed.ts';

export interface StayOptions extends RenewalEvents {
	readonly identity: NodeIdentity;
	/** That of the join; absent: the first heartbeat registers the node. */
	readonly registration?: Registration;
	/** Called after each renewal of the Lease. */
	readonly onBeat: (atMs: number) => void;
	/** Called with the connection of the node, and with each that replaces it; heartbeats wait for the first call. */
	readonly onConnected?: (connection: NodeConnection, identity: NodeIdentity) => Promise<void>;
	/** Limits the number of nodes that connect again at once. Default: no limit. */
	readonly reconnectInTurn?: InTurn | undefined;
	/** Of the events of all nodes of a process. Default: one of the node's own. */
	readonly correlator?: EventCorrelator | undefined;
}
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;
/** The end of a node that was not stopped. */
export interface Expired {
	/** The last failed attempt to renew the certificate. */
	readonly refusal?: KubejoinError;
}

/**
 * Plus up to 4 %, so that nodes that started together do not send heartbeats together.
 *
 * @differs upstream counts from the end of the last heartbeat; thousands of nodes of a process that waited for one
 *   pause of the API server would then send all later heartbeats together as well
 */
function nextBeatMs(dueMs: number, nowMs: number): number {
	const intervalMs = RENEW_INTERVAL_MS + randomInt(0, Math.round(RENEW_INTERVAL_MS * 0.04));
	const nextMs = dueMs + intervalMs;
	return nextMs > nowMs ? nextMs : nowMs + intervalMs;
}
const FIRST_FAILURE_WAIT_MS = 250;
const MAX_FAILURE_WAIT_MS = 7_000;

/** Resolves when the signal aborts, or when the certificate has expired. */
export const stay = (context: JoinContext, options: StayOptions): Promise<Expired | undefined> =>
	new RunningNode(context, options).run();

class RunningNode {
	readonly #context: JoinContext;
	readonly #options: StayOptions;
	#identity: NodeIdentity;
	#connection: ReturnType<JoinContext['dial']['asNode']>;
	#refusal: KubejoinError | undefined;
	#registration: Registration | undefined;
	#beatMs = 0;
	#statusMs = 0;
	readonly #events: NodeEvents;
	#beating: Promise<void> = Promise.resolve();
	/** When the next heartbeat is due. */
	#dueMs: number;
	#failureWaitMs = 0;
	/** The last problem that was printed. */
	#problem = '';
	#onceRotated: () => void = () => undefined;

	constructor(context: JoinContext, options: StayOptions) {
		this.#context = context;
		this.#options = options;
		this.#identity = options.identity;
		this.#registration = options.registration;
		this.#dueMs = context.clock();
		this.#connection = context.dial.asNode(options.identity.server, options.identity);
		this.#events = new NodeEvents({
			nodeName: options.identity.nodeName,
			events: () => this.#connection.api.events,
			clock: context.clock,
			correlator: options.correlator,
			signal: context.signal,
		});
	}

	async run(): Promise<Expired | undefined> {
		const { signal } = this.#context;
		await this.#options.onConnected?.(this.#connection, this.#identity);
		const renewing = keepRenewed(this.#context, this.#identity, {
			onRotated: (next, atMs) => this.#use(next, atMs),
			onRefused: (error, retryMs) => {
				this.#refusal = error;
				this.#options.onRefused(error, retryMs);
			},
		});
		try {
			if (this.#registration !== undefined) this.#continueFromJoin();
			do {
				await this.#beatUntilExpired();
				// An attempt that started before the expiry can still succeed; a failed one is the reason of the expiry.
				const rotated = new Promise<void>((resolve) => {
					this.#onceRotated = resolve;
				});
				if (this.#isExpired()) await Promise.race([renewing, rotated]);
			} while (!signal.aborted && !this.#isExpired());
			if (signal.aborted) await renewing;
		} finally {
			this.#events.end();
			this.#connection.close();
		}
		if (signal.aborted) return undefined;
		return this.#refusal === undefined ? {} : { refusal: this.#refusal };
	}

	#isExpired(): boolean {
		return isExpired(this.#identity, this.#context.clock);
	}

	#use(next: NodeIdentity, atMs: number): void {
		const { close } = this.#connection;
		this.#connection = this.#context.dial.asNode(this.#options.identity.server, next);
		void this.#options.onConnected?.(this.#connection, next);
		// The current heartbeat ends on the connection on which it started.
		void this.#beating.finally(close);
		this.#identity = next;
		this.#refusal = undefined;
		this.#options.onRotated(next, atMs);
		this.#onceRotated();
	}

	#continueFromJoin(): void {
		[this.#beatMs, this.#statusMs] = [this.#context.clock(), this.#context.clock()];
		this.#recordEvents();
	}

	async #beatUntilExpired(): Promise<void> {
		while (!this.#context.signal.aborted && !this.#isExpired()) {
			this.#beating = this.#tryToBeat();
			await this.#beating;
			await this.#wait();
		}
	}

	#wait(): Promise<void> {
		const { signal, waitUntil } = this.#context;
		return waitUntil(Math.min(this.#dueMs, this.#identity.notAfter), signal);
	}

	async #tryToBeat(): Promise<void> {
		const { clock, say, signal } = this.#context;
		const isConnected = this.#registration !== undefined && this.#problem === '';
		const { reconnectInTurn } = this.#options;
		try {
			await (isConnected || reconnectInTurn === undefined
				? this.#beat()
				: reconnectInTurn(async () => void (signal.aborted || (await this.#beat()))));
			if (signal.aborted) return;
			if (this.#problem !== '') say('[kubelet] The API server is available again');
			this.#problem = '';
			this.#dueMs = nextBeatMs(this.#dueMs, clock());
			this.#failureWaitMs = 0;
		} catch (error) {
			if (signal.aborted) return;
			// The Node or its Lease may have been deleted: the next heartbeat registers it.
			if (!isUnavailable(error)) this.#registration = undefined;
			const problem = causeText(error);
			if (problem !== this.#problem) say(`[kubelet] Waiting for the API server to accept the heartbeat: ${problem}`);
			this.#problem = problem;
			this.#failureWaitMs = failureWaitMs(this.#failureWaitMs);
			this.#dueMs = clock() + this.#failureWaitMs;
		}
	}

	async #beat(): Promise<void> {
		const { clock, paths, kubelet } = this.#context;
		const { api } = this.#connection;
		const { nodeName } = this.#options.identity;
		// After a long silence the Node may be marked as unreachable.
		if (!this.#isRecent()) this.#statusMs = 0;
		if (this.#registration === undefined) {
			const node = nodeObject(nodeName, clock(), { kubeletVersion: await readKubeletVersion(paths), kubelet });
			this.#registration = await registerNode(api.nodes, node);
			this.#statusMs = clock();
			this.#recordEvents();
		}
		this.#registration = await beat(api.leases, nodeName, this.#registration, clock);
		this.#beatMs = clock();
		this.#options.onBeat(this.#beatMs);
		if (clock() - this.#statusMs < STATUS_CHECK_INTERVAL_MS) return;
		const becameReady = await reportStatus(api.nodes, nodeName, clock());
		this.#statusMs = clock();
		if (becameReady) this.#events.ready(this.#registration.nodeUid);
	}

	#recordEvents(): void {
		if (this.#registration === undefined) return;
		const { nodeUid, becameReady } = this.#registration;
		this.#events.started(nodeUid);
		if (becameReady) this.#events.ready(nodeUid);
	}

	/** The Lease of a process that was asleep may have expired, and its Node be marked. */
	#isRecent(): boolean {
		return this.#context.clock() - this.#beatMs < LEASE_DURATION_SECONDS * 1000;
	}
}

/** Doubles up to a maximum, then starts again. @source component-helpers lease/controller.go */
function failureWaitMs(lastMs: number): number {
	if (lastMs >= MAX_FAILURE_WAIT_MS) return FIRST_FAILURE_WAIT_MS;
	return Math.min(Math.max(lastMs * 2, FIRST_FAILURE_WAIT_MS), MAX_FAILURE_WAIT_MS);
}
