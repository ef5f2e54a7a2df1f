/** The environment of the phases of a join in memory. It contains no tests; services must not import it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubejoinError } from '../../../lib/errors.ts';
import { nodePaths } from '../../../lib/node-paths.ts';
import type { ClusterSettings } from '../cluster-settings.ts';
import { clusterSettings } from '../cluster-settings.ts';
import type { PinnedCa, TrustedServer } from '../trust.ts';
import type { ApiConnection, Dial, JoinContext } from './join-context.ts';
import type { JoinRequest } from './join-request.ts';
import { readCluster } from './read-cluster.ts';

export const testNow = Date.UTC(2026, 5, 1);
export const testServer: TrustedServer = {
	url: 'https://h:6443',
	target: 'h:6443',
	ca: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n' as PinnedCa,
};

export const testSettings: ClusterSettings = {
	clusterName: 'kubernetes',
	kubernetesVersion: 'v1.36.3',
	clusterDomain: 'cluster.local',
	clusterDns: ['10.96.0.10'],
	serverTlsBootstrap: false,
	kubeletConfiguration: 'kind: KubeletConfiguration\n',
};
/** A valid request for discovery by token. */
export const testRequest: JoinRequest = {
	discoversBy: ['token'],
	discoveryFile: '',
	endpoint: 'h:6443',
	token: 'abcdef.0123456789abcdef',
	tlsBootstrapToken: 'abcdef.0123456789abcdef',
	caCertHashes: [`sha256:${'a'.repeat(64)}`],
	unsafeSkipCaVerification: false,
	nodeName: 'n',
	criSocket: 'unix:///run/containerd/containerd.sock',
	skippedPhases: [],
	isDryRun: false,
	discoveryTimeoutMs: 1_000,
	tlsBootstrapTimeoutMs: 1_000,
};

export interface TestTools extends JoinContext {
	readonly said: string[];
	/** Connections and `closed`, in order. */
	readonly dialled: string[];
	readonly remove: () => void;
}

/** @param api  the API of every connection */
export function testTools(api: object = {}, signal = new AbortController().signal): TestTools {
	const root = mkdtempSync(join(tmpdir(), 'kubejoin-join-'));
	const said: string[] = [];
	const dialled: string[] = [];
	const connect = (how: string) => {
		dialled.push(how);
		return { api, close: () => void dialled.push('closed') } as unknown as ApiConnection<never>;
	};
	const dial = {
		unverified: (endpoint: string) => connect(`unverified ${endpoint}`),
		verified: (endpoint: string, ca: string) => connect(`verified ${endpoint} ${ca}`),
		withCredential: ({ target }: TrustedServer) => connect(`with credential ${target}`),
		asNode: ({ target }: TrustedServer) => connect(`as node ${target}`),
	} as unknown as Dial;
	return {
		dial,
		paths: nodePaths(root),
		readCluster,
		readSettings: clusterSettings,
		say: (sentence) => void said.push(sentence),
		clock: () => testNow,
		waitUntil: async () => undefined,
		signal,
		retryMs: 1,
		said,
		dialled,
		remove: () => rmSync(root, { recursive: true }),
	};
}

/** Returns or throws the answers in order, and repeats the last one. */
export function inTurn<T>(...answers: readonly (T | Error)[]): () => Promise<T> {
	let next = 0;
	return async () => {
		const answer = answers[Math.min(next++, answers.length - 1)];
		if (answer instanceof Error) throw answer;
		return answer as T;
	};
}

export const notFound = () =>
	new KubejoinError('API_NOT_FOUND', { resource: 'nodes', group: '', name: 'n' } as never) as Error;
export const refusedConnection = () =>
	new KubejoinError('CONNECTION_REFUSED', { target: 'h:6443', problem: 'connect ECONNREFUSED' }) as Error;
