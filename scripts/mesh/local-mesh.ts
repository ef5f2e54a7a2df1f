/** A mesh of processes on this machine, from its certificates to its nodes, for `npm start` and for the tests. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { makePrivateDirectory } from '../../lib/files.ts';
import { poll } from '../../lib/poll.ts';
import { requireFreePort } from '../../lib/ports.ts';
import {
	type Child,
	type ChildEvents,
	type ChildPlan,
	type ProgramResult,
	runProgram,
	startChild,
	withReason,
} from '../../lib/process-supervisor.ts';
import { removeObserverFile, writeObserverFile } from '../../lib/rpc/local-collector.ts';
import { isListed, readJoinConfig } from './join-config.ts';
import { nodeName } from './node-names.ts';
import {
	type Change,
	endpointOf,
	healthPort,
	type MeshOptions,
	nodePlan,
	nodesPlan,
	pkiPlan,
	type ServiceName,
	servicePlan,
	servicePorts,
	servicesOf,
	tracesUrl,
} from './services.ts';
import { lockState } from './state-lock.ts';

export interface LocalMesh {
	/** `127.0.0.1:6443` */
	readonly endpoint: string;
	/** Path of admin.conf, the credentials of the cluster's admin. */
	readonly kubeconfig: string;
	readonly service: (name: ServiceName) => Child;
	/** End a service with SIGKILL, until `startService`. */
	readonly killService: (name: ServiceName) => Promise<void>;
	/**
	 * Start a service, or restart it with other settings or another clock; resolves when it is ready.
	 *
	 * @throws SERVICE_FAILED, FAULT_UNAVAILABLE
	 */
	readonly startService: (name: ServiceName, change?: Change) => Promise<void>;
	/** Resolves when every service is ready. */
	readonly ready: () => Promise<void>;
	/** Run kubectl-sim as the cluster's admin. */
	readonly kubectl: (...args: string[]) => Promise<ProgramResult>;
	/**
	 * Create a token and the JoinConfiguration file that holds it, unless the last one is still valid.
	 *
	 * @returns the file's path
	 */
	readonly makeJoinConfig: () => Promise<string>;
	/**
	 * Start a node; resolves when it has joined and sent its first heartbeat.
	 *
	 * @param index  of its health port
	 */
	readonly startNode: (name: string, index: number | 'none', joinConfig: string) => Promise<Child>;
	/** Start one process with the nodes node-1 to node-COUNT; `started` of the result resolves when all have joined. */
	readonly startNodes: (count: number, joinConfig: string) => Child;
	/** The names of the nodes that this process started. */
	readonly nodeNames: () => readonly string[];
	/** Stop nodes, then services, each before those that it calls, and release the state directory. */
	readonly stop: () => Promise<void>;
}
export interface MeshEvents extends ChildEvents {
	/** Called when a service has become ready during the start. */
	readonly onReady?: (name: ServiceName | 'pki') => void;
}

const READY_MS = 30_000;
const READY_RETRY_MS = 25;
/**
 * The chains start together, and the services of a group. The API server calls token-store only for a request, and the
 * exporters of traces wait for the observer. The controllers list objects at once, and log it when no API server
 * answers.
 */
const startChains: readonly (readonly (readonly ServiceName[])[])[] = [
	[['apiserver-sim', 'ca-service', 'token-store'], ['controller-manager-sim']],
	[['observer']],
];
/** The services that the creation of a token needs. */
const tokenServices: readonly ServiceName[] = ['apiserver-sim', 'token-store'];
/** A service stops before those that it calls. */
const stopOrder: readonly (readonly ServiceName[])[] = [
	['controller-manager-sim'],
	['apiserver-sim'],
	['ca-service', 'token-store'],
	['observer'],
];

/**
 * @param signal  ends the start; the services that run are stopped
 * @throws STATE_IN_USE, PORT_IN_USE, SERVICE_FAILED, FILE_UNUSABLE; SHUTTING_DOWN after the signal
 */
export async function startLocalMesh(
	options: MeshOptions,
	events: MeshEvents,
	signal?: AbortSignal,
): Promise<LocalMesh> {
	const mesh = new ProcessMesh(options, events, await lockState(options.state));
	signal?.addEventListener('abort', mesh.interrupt);
	try {
		if (signal?.aborted) mesh.interrupt();
		await mesh.start();
		return mesh;
	} catch (error) {
		await mesh.stop();
		throw error;
	} finally {
		signal?.removeEventListener('abort', mesh.interrupt);
	}
}

/** Its members are properties, because tests copy a mesh to extend it. */
class ProcessMesh implements LocalMesh {
	readonly endpoint: string;
	readonly kubeconfig: string;
	readonly #options: MeshOptions;
	readonly #events: MeshEvents;
	readonly #unlock: () => void;
	readonly #services = new Map<ServiceName, Child>();
	readonly #nodes: Child[] = [];
	readonly #nodeNames: string[] = [];
	/** By the service that has started; resolves when it is ready. */
	readonly #firstReady = new Map<ServiceName, Promise<void>>();
	readonly #stopping = new AbortController();
	/** The JoinConfiguration file that the start makes. */
	#prepared: Promise<string> | undefined;

	constructor(options: MeshOptions, events: MeshEvents, unlock: () => void) {
		this.endpoint = endpointOf(options);
		this.kubeconfig = join(options.state, 'pki', 'admin', 'admin.conf');
		this.#options = options;
		this.#events = events;
		this.#unlock = unlock;
	}

	async start(): Promise<void> {
		for (const { service, port } of servicePorts(this.#options)) await requireFreePort(service, port);
		await this.#issueCertificates();
		const wanted = servicesOf(this.#options);
		for (const name of wanted) await makePrivateDirectory(join(this.#options.state, name));
		const chains = startChains.map((groups) =>
			this.#startChain(groups.map((group) => group.filter((name) => wanted.includes(name)))),
		);
		try {
			await Promise.all(chains);
		} catch (error) {
			this.interrupt();
			await Promise.allSettled(chains);
			throw error;
		}
		await Promise.all(this.#firstReady.values());
		this.#requireRunning();
		const { observer, state, port } = this.#options;
		if (observer !== undefined)
			await writeObserverFile(state, { apiServer: this.endpoint, tracesUrl: tracesUrl(port) });
	}

	readonly service = (name: ServiceName): Child => {
		const service = this.#services.get(name);
		if (service === undefined) throw new TypeError(`${name} is not running`);
		return service;
	};

	readonly killService = async (name: ServiceName): Promise<void> => {
		await this.#services.get(name)?.stop('SIGKILL');
	};

	readonly startService = async (name: ServiceName, change?: Change): Promise<void> => {
		this.#requireRunning();
		// The plan comes first: a fault that is unavailable must not stop the service.
		servicePlan(name, this.#options, change);
		await this.#services.get(name)?.stop();
		await this.#startService(name, change);
		await this.#isReady(name);
	};

	readonly ready = async (): Promise<void> => {
		await Promise.all(servicesOf(this.#options).map((name) => this.#isReady(name)));
	};

	readonly kubectl = (...args: string[]): Promise<ProgramResult> =>
		runProgram(
			{
				name: 'kubectl-sim',
				program: 'services/kubectl-sim/main.js',
				args: ['--kubeconfig', this.kubeconfig, ...args],
			},
			this.#stopping.signal,
		);

	readonly makeJoinConfig = (): Promise<string> => {
		const prepared = this.#prepared;
		this.#prepared = undefined;
		return prepared?.catch(this.#writeJoinConfig) ?? this.#writeJoinConfig();
	};

	readonly #writeJoinConfig = async (): Promise<string> => {
		this.#requireRunning();
		const path = join(this.#options.state, 'join.yaml');
		const kept = await readJoinConfig(path);
		if (kept?.endpoint === this.endpoint && isListed((await this.kubectl('token', 'list')).stdout, kept.token))
			return path;
		const { code, stderr } = await this.kubectl('token', 'create', '--print-join-config', '--to', path);
		if (code !== 0)
			throw new KubejoinError('SERVICE_FAILED', {
				service: 'kubectl-sim token create',
				problem: `ended with exit code ${code}: ${stderr.trim()}`,
			});
		return path;
	};

	readonly startNode = async (name: string, index: number | 'none', joinConfig: string): Promise<Child> => {
		const node = this.#startNode(nodePlan(name, index, joinConfig, this.#options), [name]);
		await node.started();
		return node;
	};

	readonly startNodes = (count: number, joinConfig: string): Child => {
		const names = Array.from({ length: count }, (_, index) => nodeName(index));
		return this.#startNode(nodesPlan(count, joinConfig, this.#options), names);
	};

	readonly nodeNames = (): readonly string[] => [...this.#nodeNames];

	/** Ends a start: no other service is started, and none is waited for. `stop` stops those that run. */
	readonly interrupt = (): void => this.#stopping.abort();

	readonly stop = async (): Promise<void> => {
		this.interrupt();
		await this.#prepared?.catch(() => undefined);
		await removeObserverFile(this.#options.state);
		await Promise.all(this.#nodes.map((node) => node.stop()));
		for (const group of stopOrder) await Promise.all(group.map((name) => this.#services.get(name)?.stop()));
		this.#unlock();
	};

	async #issueCertificates(): Promise<void> {
		const { code, stdout, stderr } = await runProgram(pkiPlan(this.#options));
		for (const line of `${stdout}${stderr}`.split('\n')) if (line !== '') this.#events.onLine('pki', line);
		if (code !== 0) {
			const problem = withReason(`ended with exit code ${code}`, stderr.trimEnd().split('\n'));
			throw new KubejoinError('SERVICE_FAILED', { service: 'infra/pki', problem });
		}
		this.#events.onReady?.('pki');
	}

	async #startChain(groups: readonly (readonly ServiceName[])[]): Promise<void> {
		const start = async (name: ServiceName): Promise<void> => {
			await this.#startService(name);
			const ready = this.#isReady(name).then(() => this.#events.onReady?.(name));
			// The start awaits it later; until then, its failure is not unhandled.
			ready.catch(() => undefined);
			this.#firstReady.set(name, ready);
		};
		for (const group of groups) {
			const started = await Promise.allSettled(group.map(start));
			for (const result of started) if (result.status === 'rejected') throw result.reason;
			if (this.#options.makesJoinConfig && tokenServices.every((name) => group.includes(name)))
				this.#prepareJoinConfig();
		}
	}

	/** Its failure is reported by `makeJoinConfig`, which tries again. */
	#prepareJoinConfig(): void {
		const ready = tokenServices.map((name) => this.#firstReady.get(name));
		this.#prepared = Promise.all(ready).then(this.#writeJoinConfig);
		this.#prepared.catch(() => undefined);
	}

	async #startService(name: ServiceName, change?: Change): Promise<void> {
		this.#requireRunning();
		const service = startChild(servicePlan(name, this.#options, change), this.#events);
		this.#services.set(name, service);
		await service.started();
	}

	#startNode(plan: ChildPlan, names: readonly string[]): Child {
		this.#requireRunning();
		const node = startChild(plan, this.#events);
		this.#nodes.push(node);
		this.#nodeNames.push(...names);
		return node;
	}

	#requireRunning(): void {
		if (this.#stopping.signal.aborted) throw new KubejoinError('SHUTTING_DOWN', { service: 'the mesh' });
	}

	async #isReady(name: ServiceName): Promise<void> {
		const timeoutMs = this.#options.readyMs ?? READY_MS;
		const url = `http://127.0.0.1:${healthPort(this.#options.port, name)}/readyz?verbose`;
		try {
			const { signal } = this.#stopping;
			await poll(() => requireReady(url), { retryMs: READY_RETRY_MS, timeoutMs, signal, say: () => undefined });
		} catch (error) {
			this.#requireRunning();
			const problem = `is not ready after ${timeoutMs / 1000} s: ${causeText(error).trim()}`;
			throw new KubejoinError('SERVICE_FAILED', { service: name, problem });
		}
	}
}

async function requireReady(url: string): Promise<void> {
	// A first `fetch` would load undici, which takes a tenth of the processor time of `npm start`.
	const request = get(url, { signal: AbortSignal.timeout(3_000) });
	const [response] = (await once(request, 'response')) as [IncomingMessage];
	const body = await text(response);
	if (response.statusCode !== 200) throw new Error(body);
}
