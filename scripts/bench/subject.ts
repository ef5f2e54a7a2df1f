/** A build of kubejoin with a mesh that runs it: the subject of a measurement. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { environment } from '../../lib/config.ts';
import { openApiChannel } from '../../lib/kube/api-channel.ts';
import { type ApiClient, apiClientWithoutManagedFields } from '../../lib/kube/client.ts';
import type { VerifiedChannel } from '../../lib/rpc/channel.ts';
import type * as localMesh from '../mesh/local-mesh.ts';
import { healthPort, type MeshOptions, type ServiceName, serviceNames } from '../mesh/services.ts';

export interface SubjectOptions {
	readonly name: string;
	/** The root directory of a build. */
	readonly build: string;
	readonly port: number;
	readonly store: 'lmdb' | 'redis';
	readonly hasObserver: boolean;
	/** As in the options of a mesh. */
	readonly settings?: MeshOptions['settings'];
}

export interface Subject {
	readonly name: string;
	readonly build: string;
	readonly mesh: localMesh.LocalMesh;
	readonly state: string;
	/** Processes of the mesh by name, with the server of the store. */
	readonly pids: ReadonlyMap<string, number>;
	readonly channel: VerifiedChannel;
	readonly api: ApiClient;
	readonly metrics: (service: ServiceName) => Promise<string>;
	readonly close: () => Promise<void>;
}

const PAGE_OFFSET = 4;
const REDIS_OFFSET = 5;
/** Ports that one subject uses. */
export const PORT_STEP = 100;

export async function startSubject(options: SubjectOptions): Promise<Subject> {
	const { name, build, port, store, hasObserver, settings } = options;
	const state = mkdtempSync(join(tmpdir(), 'kubejoin-bench-'));
	const redis = store === 'redis' ? await startRedis(state, port + REDIS_OFFSET) : undefined;
	const meshModule = pathToFileURL(resolve(build, 'dist/scripts/mesh/local-mesh.js')).href;
	const { startLocalMesh } = (await import(meshModule)) as typeof localMesh;
	const meshOptions: MeshOptions = {
		state,
		port,
		store: redis?.url ?? 'lmdb',
		...(settings === undefined ? {} : { settings }),
		...(hasObserver ? { observer: { pagePort: port + PAGE_OFFSET, story: 'off' } } : {}),
	};
	const mesh = await startLocalMesh(meshOptions, {
		onLine: () => undefined,
		onCrash: (service, how) => void process.stderr.write(`${service} ${how}\n`),
		onGiveUp: (error) => void process.stderr.write(`${error.message}\n`),
	});
	const path = mesh.kubeconfig;
	const channel = openApiChannel({ path, contents: readFileSync(path, 'utf8') });
	const names: readonly ServiceName[] = hasObserver ? [...serviceNames, 'observer'] : serviceNames;
	const pids = new Map(names.map((service) => [service as string, mesh.service(service).pid() ?? 0]));
	if (redis !== undefined) pids.set('redis-server', redis.pid);
	return {
		name,
		build,
		mesh,
		state,
		pids,
		channel,
		api: apiClientWithoutManagedFields(channel),
		metrics: async (service) => (await fetch(`http://127.0.0.1:${healthPort(port, service)}/metrics`)).text(),
		async close() {
			channel.close();
			await mesh.stop();
			await redis?.stop();
			rmSync(state, { recursive: true, force: true });
		},
	};
}

async function startRedis(directory: string, port: number) {
	const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
	const server = spawn('redis-server', [...args, '--appendonly', 'yes', '--appendfsync', 'always'], {
		stdio: ['ignore', 'pipe', 'inherit'],
	});
	await once(server, 'spawn');
	for await (const chunk of server.stdout) if (String(chunk).includes('Ready to accept connections')) break;
	server.stdout?.resume();
	return {
		url: `redis://127.0.0.1:${port}`,
		pid: server.pid ?? 0,
		stop: () => stopChild(server),
	};
}

export async function stopChild(child: ChildProcess): Promise<void> {
	if (child.exitCode !== null || child.signalCode !== null) return;
	const closed = once(child, 'exit');
	child.kill();
	await closed;
}

/** Starts a program of a build that talks over IPC. */
export function startWorker(build: string, program: string): ChildProcess {
	const { PATH = '', HOME = '' } = environment();
	return fork(resolve(build, 'dist/scripts/bench', program), { env: { PATH, HOME } });
}

/** Sends a message to a worker and awaits its answer. @throws  the error that the worker reports, or its end */
export async function askWorker<Answer extends object>(worker: ChildProcess, question: object): Promise<Answer> {
	const ended = new AbortController();
	const answered = once(worker, 'message', { signal: ended.signal }) as Promise<[Answer | { readonly error: string }]>;
	const onExit = () => ended.abort(new Error(`a worker of the benchmark ended with exit code ${worker.exitCode}`));
	worker.once('exit', onExit);
	try {
		worker.send(question);
		const [answer] = await answered;
		if ('error' in answer) throw new Error(answer.error);
		return answer;
	} finally {
		worker.off('exit', onExit);
	}
}
