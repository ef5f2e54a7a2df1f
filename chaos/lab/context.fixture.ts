/** A lab context for tests: a real directory; the cluster and the workers are lists that a test fills. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import type { CertificateSigningRequest, KubeObject, Lease, Node, Secret } from '../../lib/kube/types.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import type { KeyPair } from '../../lib/pki/keys.ts';
import { filesOf, type LabContext } from './context.ts';
import type { ControlClient } from './control/client.ts';
import type { Result } from './result.ts';
import type { WorkerPlan, WorkerState } from './workers.ts';

export interface FakeContext extends LabContext {
	readonly nodes: Node[];
	readonly leases: Lease[];
	readonly requests: CertificateSigningRequest[];
	readonly secrets: Secret[];
	/** Data of the ConfigMap cluster-info. */
	readonly clusterInfo: Record<string, string>;
	readonly workers: WorkerState[];
	readonly started: WorkerPlan[];
	/** Programs that were run, with their arguments. */
	readonly ran: (readonly string[])[];
	/** The result of a program; default: no output, exit code 0. */
	answer: (args: readonly string[]) => Promise<Result> | Result;
	/** Called before each deletion and creation, which fails when this throws. */
	beforeChange: (what: string) => Promise<void> | void;
	readonly remove: () => void;
}

export const printed = (stdout: string, code = 0, stderr = ''): Result => ({ code, stdout, stderr });

/** @param prefix  of the directory's name */
export function fakeContext(prefix = 'kubejoin-lab-'): FakeContext {
	const directory = mkdtempSync(join(tmpdir(), prefix));
	const nodes: Node[] = [];
	const leases: Lease[] = [];
	const requests: CertificateSigningRequest[] = [];
	const secrets: Secret[] = [];
	const clusterInfo: Record<string, string> = {};
	const workers: WorkerState[] = [];
	const started: WorkerPlan[] = [];
	const ran: (readonly string[])[] = [];

	const resource = <T extends KubeObject>(name: string, items: T[]) => {
		const at = (wanted: string) => {
			const index = items.findIndex(({ metadata }) => metadata.name === wanted);
			if (index < 0) throw new KubejoinError('API_NOT_FOUND', { resource: name, group: '', name: wanted });
			return index;
		};
		return {
			list: async () => ({ items: [...items] }),
			get: async (wanted: string) => items[at(wanted)],
			async delete(wanted: string) {
				await context.beforeChange(`delete ${name}/${wanted}`);
				items.splice(at(wanted), 1);
			},
			async create(object: T) {
				await context.beforeChange(`create ${name}/${object.metadata.name}`);
				if (items.some(({ metadata }) => metadata.name === object.metadata.name))
					throw new KubejoinError('API_ALREADY_EXISTS', {
						resource: name,
						group: '',
						name: object.metadata.name ?? '',
					});
				items.push(object);
			},
		};
	};
	const api = {
		nodes: resource('nodes', nodes),
		leases: resource('leases', leases),
		secrets: resource('secrets', secrets),
		certificateSigningRequests: resource('certificatesigningrequests', requests),
		configMaps: { get: async () => ({ data: clusterInfo }) },
	} as unknown as ApiClient;
	const worker = (name: string): WorkerState => {
		const found = workers.find((one) => one.name === name);
		if (found === undefined) throw new KubejoinError('LAB_NOT_FOUND', { kind: 'node or attacker', name, known: [] });
		return found;
	};
	const control = {
		workers: async () => [...workers],
		worker: async (name: string) => worker(name),
		async startWorker(plan: WorkerPlan) {
			started.push(plan);
			workers.push(workerOf(plan.name, { program: plan.program }));
		},
		async removeWorker(name: string) {
			await context.beforeChange(`remove ${name}`);
			const index = workers.findIndex((one) => one.name === name);
			if (index >= 0) workers.splice(index, 1);
		},
	} as unknown as ControlClient;
	const run = async (...args: string[]) => {
		ran.push(args);
		return context.answer(args);
	};
	const context: FakeContext = {
		...{ directory, control, api, nodes, leases, requests, secrets, clusterInfo, workers, started, ran },
		info: {
			endpoint: '127.0.0.1:6443',
			kubeconfig: join(directory, 'admin.conf'),
			clusterCa: '/pki/ca.crt',
			addresses: { 'ca-service': '127.0.0.1:6444' },
			ownAddress: '127.0.0.1',
			unnamedAddress: '127.0.0.2',
		},
		run: (program, args) => run(program, ...args),
		kubectl: (args, kubeconfig) =>
			run('kubectl-sim', ...(kubeconfig === undefined ? [] : ['--kubeconfig', kubeconfig]), ...args),
		...filesOf(directory),
		signal: undefined,
		close: () => undefined,
		answer: () => printed(''),
		beforeChange: () => undefined,
		remove: () => rmSync(directory, { recursive: true, force: true }),
	};
	return context;
}

export const workerOf = (name: string, changes: Partial<WorkerState> = {}): WorkerState => ({
	name,
	...{ program: 'kubelet-sim', state: 'running', hasServed: false, startedAtMs: 0, output: '' },
	...changes,
});

export const nodeObject = (name: string, isReady: boolean, labels: Readonly<Record<string, string>> = {}): Node => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: { name, labels },
	status: { conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
});

/** A request for the certificate of a node. */
export function requestOf(
	name: string,
	node: string,
	keyPair: KeyPair,
	changes: { username?: string; createdAtMs?: number; isSigned?: boolean } = {},
) {
	const { username = '', createdAtMs = 0, isSigned = true } = changes;
	const pem = createCsr({ subject: { commonName: `system:node:${node}`, organizations: ['system:nodes'] } }, keyPair);
	const request: CertificateSigningRequest = {
		apiVersion: 'certificates.k8s.io/v1',
		kind: 'CertificateSigningRequest',
		metadata: { name, creationTimestamp: new Date(createdAtMs).toISOString() },
		spec: { request: Buffer.from(pem).toString('base64'), signerName: '', usages: [], username },
		status: isSigned ? { certificate: 'UEVN' } : {},
	};
	return request;
}
