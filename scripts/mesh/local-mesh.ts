/** A mesh of processes on this machine, from its certificates to its nodes: what `npm start` shows and the mesh tests break. */
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { KubejoinError } from '../../lib/errors.ts';
import { type Child, type ChildEvents, runProgram, startChild, withReason } from '../../lib/process-supervisor.ts';
import { isListed, readJoinConfig } from './join-config.ts';
import {
	type Change,
	endpointOf,
	healthPort,
	type MeshOptions,
	nodePlan,
	pkiPlan,
	type ServiceName,
	servicePlan,
	servicePorts,
	servicesOf,
} from './services.ts';
import { lockState } from './state-lock.ts';

export interface LocalMesh {
	/** `127.0.0.1:6443` */
	readonly endpoint: string;
	/** Path of admin.conf. */
	readonly kubeconfig: string;
	readonly service: (name: ServiceName) => Child;
	/** End a service with SIGKILL; it stays away until it is started. */
	readonly killService: (name: ServiceName) => Promise<void>;
	/** Start a service that is away, or again, with other settings or another clock; resolves when it is ready. @throws SERVICE_FAILED, FAULT_UNAVAILABLE */
	readonly startService: (name: ServiceName, change?: Change) => Promise<void>;
	/** Resolves when every service is ready. */
	readonly ready: () => Promise<void>;
	/** Run kubectl-sim as the cluster's admin. */
	readonly kubectl: (
		...args: string[]
	) => Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>;
	/** Make a token, and the JoinConfiguration file that holds it, unless there is one that is still good. @returns the file's path */
	readonly makeJoinConfig: () => Promise<string>;
	/** Start a node; resolves when it has joined and sent its first heartbeat. */
	readonly startNode: (name: string, index: number, joinConfig: string) => Promise<Child>;
	/** Stop nodes, then services, in the reverse order of their start, and give the state up. */
	readonly stop: () => Promise<void>;
}

const READY_MS = 30_000;
/** What may start at once: nobody in a group calls another in it. */
const startOrder: readonly (readonly ServiceName[])[] = [
	['observer'],
	['ca-service', 'token-store'],
	['apiserver-sim'],
	['controller-manager-sim'],
];

/** @throws STATE_IN_USE, PORT_IN_USE, SERVICE_FAILED, FILE_UNUSABLE */
export async function startLocalMesh(options: MeshOptions, events: ChildEvents): Promise<LocalMesh> {
	const { state, port } = options;
	const unlock = await lockState(state);
	const services = new Map<ServiceName, Child>();
	const nodes: Child[] = [];
	const stopping = new AbortController();
	const kubeconfig = join(state, 'pki', 'admin', 'admin.conf');

	async function startService(name: ServiceName, change?: Change): Promise<void> {
		const service = startChild(servicePlan(name, options, change), events);
		services.set(name, service);
		await service.started();
	}
	const isReady = (name: ServiceName) => waitUntilReady(name, healthPort(port, name), options.readyMs ?? READY_MS);
	async function stop(): Promise<void> {
		stopping.abort();
		await Promise.all(nodes.map((node) => node.stop()));
		for (const group of startOrder.toReversed()) await Promise.all(group.map((name) => services.get(name)?.stop()));
		unlock();
	}
	async function ready(): Promise<void> {
		await Promise.all(servicesOf(options).map(isReady));
	}
	const kubectl = (...args: string[]) =>
		runProgram(
			{ name: 'kubectl-sim', program: 'services/kubectl-sim/main.js', args: ['--kubeconfig', kubeconfig, ...args] },
			stopping.signal,
		);
	try {
		for (const needed of servicePorts(options)) await requireFree(needed);
		const pki = await runProgram(pkiPlan(options));
		for (const line of `${pki.stdout}${pki.stderr}`.split('\n')) if (line !== '') events.onLine('pki', line);
		if (pki.code !== 0) {
			const problem = withReason(`ended with exit code ${pki.code}`, pki.stderr.trimEnd().split('\n'));
			throw new KubejoinError('SERVICE_FAILED', { service: 'infra/pki', problem });
		}
		for (const name of servicesOf(options)) await mkdir(join(state, name), { recursive: true, mode: 0o700 });
		const wanted = servicesOf(options);
		for (const group of startOrder) {
			const started = await Promise.allSettled(
				group.filter((name) => wanted.includes(name)).map((name) => startService(name)),
			);
			for (const result of started) if (result.status === 'rejected') throw result.reason;
		}
		await ready();
	} catch (error) {
		await stop();
		throw error;
	}
	return {
		endpoint: endpointOf(options),
		kubeconfig,
		ready,
		stop,
		kubectl,
		service: (name) => services.get(name) ?? missing(name),
		killService: async (name) => services.get(name)?.stop('SIGKILL'),
		async startService(name, change) {
			if (stopping.signal.aborted) throw new KubejoinError('SHUTTING_DOWN', { service: 'the mesh' });
			// Its plan is made first: a fault that cannot be made stops nothing.
			servicePlan(name, options, change);
			await services.get(name)?.stop();
			await startService(name, change);
			await isReady(name);
		},
		async makeJoinConfig() {
			const path = join(state, 'join.yaml');
			const kept = await readJoinConfig(path);
			if (kept?.endpoint === endpointOf(options) && isListed((await kubectl('token', 'list')).stdout, kept.token))
				return path;
			const { code, stderr } = await kubectl('token', 'create', '--print-join-config', '--to', path);
			if (code !== 0)
				throw new KubejoinError('SERVICE_FAILED', {
					service: 'kubectl-sim token create',
					problem: `ended with exit code ${code}: ${stderr.trim()}`,
				});
			return path;
		},
		async startNode(name, index, joinConfig) {
			if (stopping.signal.aborted) throw new KubejoinError('SHUTTING_DOWN', { service: 'the mesh' });
			const node = startChild(nodePlan(name, index, joinConfig, options), events);
			nodes.push(node);
			await node.started();
			return node;
		},
	};
}

const missing = (name: string): never => {
	throw new TypeError(`${name} is not running`);
};

/** Before anything is started: afterwards it would be one failure among many lines. */
const requireFree = ({ service, port }: { readonly service: string; readonly port: number }): Promise<void> =>
	new Promise((resolve, reject) => {
		const address = '127.0.0.1';
		const server = createServer();
		server.once('error', (error: NodeJS.ErrnoException) => {
			const problem = `cannot listen on ${address}:${port}: ${error.message}`;
			reject(
				error.code === 'EADDRINUSE'
					? new KubejoinError('PORT_IN_USE', { service, address, port })
					: new KubejoinError('SERVICE_FAILED', { service, problem }),
			);
		});
		server.listen(port, address, () => server.close(() => resolve()));
	});

async function waitUntilReady(service: string, port: number, readyMs: number): Promise<void> {
	let problem = '';
	for (const deadline = performance.now() + readyMs; performance.now() < deadline; ) {
		try {
			const response = await fetch(`http://127.0.0.1:${port}/readyz?verbose`, { signal: AbortSignal.timeout(3_000) });
			problem = await response.text();
			if (response.ok) return;
		} catch (error) {
			problem = error instanceof Error ? error.message : String(error);
		}
		await delay(25);
	}
	throw new KubejoinError('SERVICE_FAILED', {
		service,
		problem: `is not ready after ${readyMs / 1000} s: ${problem.trim()}`,
	});
}
