/**
 * The port of a node's kubelet. It is open before the node joins, because the Node names it; handshakes succeed once
 * the node has the CA of the clients and a certificate to present, which is before it reports that it has joined.
 *
 * @source cmd/kubelet/app/server.go; pkg/kubelet/server/server.go ListenAndServeKubeletServer
 * @differs when the default port is in use, any free port is taken: several nodes can run on one machine
 */
import type { Clock, WaitUntil } from '../../lib/clock.ts';
import { rfc3339 } from '../../lib/clock.ts';
import { hasCode } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import type { CountRefusal } from '../../lib/limits.ts';
import { createLog, type Log } from '../../lib/log.ts';
import type { Registry } from '../../lib/metrics.ts';
import type { NodePaths } from '../../lib/node-paths.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { createHttpServer } from '../../lib/rpc/http-server.ts';
import { type Connections, type Listener, listen, newConnections } from '../../lib/rpc/listener.ts';
import type { ReportUnforeseen } from '../../lib/rpc/unforeseen.ts';
import { readServerTlsBootstrap } from './cluster-settings.ts';
import { kubeletHandler } from './handlers.ts';
import type { NodeIdentity } from './identity.ts';
import type { NodeConnection } from './join/join-context.ts';
import { internalAddress } from './node-object.ts';
import { KubeletAccess } from './serving/access.ts';
import { keepServingCertificate, type ServingPair, selfSignedPair } from './serving/serving-certificate.ts';
import { SimulatedPods } from './serving/simulated-pods.ts';

/** @source pkg/cluster/ports KubeletPort */
const KUBELET_PORT = 10_250;

export interface KubeletOptions {
	readonly nodeName: string;
	/** The IP address to listen on. */
	readonly address: string;
	/** `default`: 10250, or a free one if that is in use. */
	readonly port: number | 'default';
	readonly paths: NodePaths;
	/** Whether to request the certificate from the cluster also without serverTLSBootstrap in its configuration. */
	readonly rotatesCertificate: boolean;
	readonly clock: Clock;
	readonly waitUntil: WaitUntil;
	readonly signal: AbortSignal;
	readonly metrics: Pick<Registry, 'metrics' | 'contentType'>;
	readonly say: (sentence: string) => void;
	readonly unforeseen: ReportUnforeseen;
	readonly count: CountRefusal;
}

const STOP_GRACE_MS = 1_000;

/** @throws PORT_IN_USE, SERVICE_FAILED  no such address on this machine */
export async function openKubelet(options: KubeletOptions): Promise<Kubelet> {
	const kubelet = new Kubelet(options);
	await kubelet.open();
	return kubelet;
}

export class Kubelet {
	readonly #options: KubeletOptions;
	readonly #log: Log;
	readonly #connections: Connections = newConnections();
	#listener: Listener | undefined;
	#api: NodeConnection['api'] | undefined;
	#clientCa = '';
	#shown: ServingPair | undefined;
	#pods: SimulatedPods | undefined;
	readonly #work: Promise<unknown>[] = [];
	readonly #ending = new AbortController();
	/** Aborts when the process is stopped, and when the node has failed. */
	readonly #signal: AbortSignal;

	constructor(options: KubeletOptions) {
		this.#options = options;
		this.#log = createLog({ service: 'kubelet-sim', level: 'error', format: 'text', write: options.say });
		this.#signal = AbortSignal.any([options.signal, this.#ending.signal]);
	}

	/** The address and the port that the Node reports. */
	get endpoint(): { readonly address: string; readonly port: number } {
		const { address } = this.#options;
		const isEvery = address === '0.0.0.0' || address === '::';
		return { address: isEvery ? internalAddress() : address, port: this.#listener?.port ?? 0 };
	}

	async open(): Promise<void> {
		const { port } = this.#options;
		try {
			this.#listener = await this.#listenOn(port === 'default' ? KUBELET_PORT : port);
		} catch (error) {
			if (port !== 'default' || !hasCode(error, 'PORT_IN_USE')) throw error;
			this.#listener = await this.#listenOn(0);
		}
	}

	#listenOn(port: number): Promise<Listener> {
		const { nodeName, address, clock, waitUntil, metrics, unforeseen, count } = this.#options;
		const log = this.#log;
		const access = new KubeletAccess({ nodeName, reviews: () => this.#api, clock });
		const pods = () => this.#pods;
		const tools = {
			access,
			connections: this.#connections,
			pods,
			metrics,
			nowMs: clock,
			waitUntil,
			stopping: this.#signal,
		};
		const http = createHttpServer(kubeletHandler(tools), { unforeseen, count });
		const listening = {
			service: 'kubelet-sim',
			address,
			port,
			clientCertificate: 'optional',
			http,
			log,
			count,
		} as const;
		return listen(listening, this.#connections);
	}

	/**
	 * Called when the node has joined, and with each new connection after that.
	 *
	 * @returns resolves when handshakes succeed, or when the certificate depends on an approval
	 */
	async use({ api }: NodeConnection, identity: NodeIdentity): Promise<void> {
		const isFirst = this.#api === undefined;
		this.#api = api;
		this.#clientCa = identity.server.ca;
		if (!isFirst) {
			// A node that joins again can find another CA.
			if (this.#shown !== undefined) this.#present(this.#shown);
			return;
		}
		const { nodeName, clock } = this.#options;
		const client = () => (this.#api ?? api).of(resources.pods);
		this.#pods = new SimulatedPods({
			nodeName,
			hostIp: this.endpoint.address,
			client,
			clock,
			signal: this.#signal,
			log: this.#log,
		});
		const presenting = this.#presentFirst().catch((error: unknown) => this.#failed(error));
		this.#work.push(presenting);
		await presenting;
	}

	/** Ends the pods, and resolves when the port is closed. */
	async close(): Promise<void> {
		this.#ending.abort();
		await Promise.all([this.#listener?.close(STOP_GRACE_MS), this.#pods?.done(), ...this.#work]);
	}

	#failed(error: unknown): void {
		const message = error instanceof Error ? error.message : String(error);
		this.#options.say(`[kubelet] No certificate for the kubelet's port: ${message}`);
	}

	async #presentFirst(): Promise<void> {
		const { nodeName, paths, rotatesCertificate, clock } = this.#options;
		if (rotatesCertificate || (await readServerTlsBootstrap(paths)))
			this.#work.push(this.#keepCertificate().catch((error: unknown) => this.#failed(error)));
		else this.#present(await selfSignedPair(paths, nodeName, clock()));
	}

	async #keepCertificate(): Promise<void> {
		const { nodeName, paths, clock, waitUntil, say } = this.#options;
		await keepServingCertificate({
			...{ nodeName, paths, clock, waitUntil, signal: this.#signal, addresses: [this.endpoint.address] },
			csrs: () => {
				if (this.#api === undefined) throw new Error('the node has not joined');
				return this.#api.certificateSigningRequests;
			},
			onCertificate: (pair) => {
				this.#present(pair);
				const until = rfc3339(Date.parse(parseCertificates(pair.certificate)[0].validTo));
				say(`[kubelet] The kubelet's port ${this.endpoint.port} presents a certificate that is valid until ${until}`);
			},
			onRequested: (name) =>
				say(`[kubelet] The serving certificate needs approval: kubectl certificate approve ${name}`),
			onRefused: (error, retryMs) =>
				say(`[kubelet] No serving certificate (${error.message}); retrying in ${Math.round(retryMs / 1000)} s`),
		});
	}

	#present(pair: ServingPair): void {
		this.#shown = pair;
		const { certificate, key } = pair;
		this.#listener?.useTls({ cert: certificate, key, clientCa: this.#clientCa });
	}
}
