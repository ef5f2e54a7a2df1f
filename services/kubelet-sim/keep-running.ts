/**
 * A joined node renews its Lease, reports its status and renews its certificate, until it is stopped or its
 * certificate expires.
 */
import { randomInt } from 'node:crypto';
import { causeText, type KubejoinError } from '../../lib/errors.ts';
import { readKubeletVersion } from './cluster-settings.ts';
import { RENEW_INTERVAL_MS, registerNode, renewLease, reportStatus } from './heartbeat.ts';
import { isExpired, type NodeIdentity } from './identity.ts';
import type { JoinContext } from './join/join-context.ts';
import { nodeObject } from './node-object.ts';
import { keepRenewed, type RenewalEvents } from './rotation/keep-renewed.ts';

export interface StayOptions extends RenewalEvents {
	readonly identity: NodeIdentity;
	/** Called after each renewal of the Lease. */
	readonly onBeat: (atMs: number) => void;
}
/** The end of a node that was not stopped. */
export interface Expired {
	/** The last failed attempt to renew the certificate. */
	readonly refusal?: KubejoinError;
}

/** Plus up to 4 %, so that nodes that started together do not send heartbeats together. */
const nextBeatMs = (): number => RENEW_INTERVAL_MS + randomInt(0, Math.round(RENEW_INTERVAL_MS * 0.04));
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
	#nodeUid: string | undefined;
	#beating: Promise<void> = Promise.resolve();
	#waitMs = 0;
	/** The last problem that was printed. */
	#problem = '';
	#onceRotated: () => void = () => undefined;

	constructor(context: JoinContext, options: StayOptions) {
		this.#context = context;
		this.#options = options;
		this.#identity = options.identity;
		this.#connection = context.dial.asNode(options.identity.server, options.identity);
	}

	async run(): Promise<Expired | undefined> {
		const { signal } = this.#context;
		const renewing = keepRenewed(this.#context, this.#identity, {
			onRotated: (next, atMs) => this.#use(next, atMs),
			onRefused: (error, retryMs) => {
				this.#refusal = error;
				this.#options.onRefused(error, retryMs);
			},
		});
		try {
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
		// The current heartbeat ends on the connection on which it started.
		void this.#beating.finally(close);
		this.#identity = next;
		this.#refusal = undefined;
		this.#options.onRotated(next, atMs);
		this.#onceRotated();
	}

	async #beatUntilExpired(): Promise<void> {
		const { signal, clock, waitUntil } = this.#context;
		while (!signal.aborted && !this.#isExpired()) {
			this.#beating = this.#tryToBeat();
			await this.#beating;
			await waitUntil(Math.min(clock() + this.#waitMs, this.#identity.notAfter), signal);
		}
	}

	async #tryToBeat(): Promise<void> {
		const { say, signal } = this.#context;
		try {
			await this.#beat();
			if (this.#problem !== '') say('[kubelet] The API server is available again');
			this.#problem = '';
			this.#waitMs = nextBeatMs();
		} catch (error) {
			if (signal.aborted) return;
			// The Node may have been deleted: the next heartbeat registers it.
			this.#nodeUid = undefined;
			const problem = causeText(error);
			if (problem !== this.#problem) say(`[kubelet] Waiting for the API server to accept the heartbeat: ${problem}`);
			this.#problem = problem;
			this.#waitMs = failureWaitMs(this.#waitMs);
		}
	}

	async #beat(): Promise<void> {
		const { clock, paths } = this.#context;
		const { api } = this.#connection;
		const { nodeName } = this.#options.identity;
		const { onBeat } = this.#options;
		this.#nodeUid ??= (
			await registerNode(api.nodes, nodeObject(nodeName, clock(), await readKubeletVersion(paths)))
		).uid;
		await renewLease(api.leases, { nodeName, nodeUid: this.#nodeUid }, clock());
		onBeat(clock());
		await reportStatus(api.nodes, nodeName, clock());
	}
}

/** Doubles up to a maximum, then starts again. @source component-helpers lease/controller.go */
function failureWaitMs(lastMs: number): number {
	if (lastMs >= MAX_FAILURE_WAIT_MS) return FIRST_FAILURE_WAIT_MS;
	return Math.min(Math.max(lastMs * 2, FIRST_FAILURE_WAIT_MS), MAX_FAILURE_WAIT_MS);
}
