/** The texts of `npm start` around the joins: the services as they become ready, and the commands to try next. */
import { relative, resolve } from 'node:path';
import { projectPath } from '../../lib/paths.ts';
import type { JoinConfig } from './join-config.ts';
import { nodeName } from './node-names.ts';
import { endpointOf, type MeshOptions, nodeHealthPort, type ServiceName } from './services.ts';

/** As short as a command can name it from here. */
export function shownPath(path: string): string {
	const short = relative(process.cwd(), path);
	return short === '' || short.startsWith('..') ? path : short;
}

/** A line for a service that has become ready after so long. */
export function serviceText(name: ServiceName | 'pki', options: MeshOptions, afterMs: number): string {
	const { port, store } = options;
	const pagePort = options.observer?.pagePort ?? 0;
	const rows: Readonly<Record<ServiceName | 'pki', readonly [address: string, task: string]>> = {
		pki: ['', 'creates keys and certificates'],
		observer: [`127.0.0.1:${pagePort}`, 'shows joins on a page'],
		'ca-service': [`127.0.0.1:${port + 1}`, 'holds the CA key and signs'],
		'token-store': [`127.0.0.1:${port + 2}`, `stores tokens${store === 'lmdb' ? '' : ' in Redis'}`],
		'apiserver-sim': [`127.0.0.1:${port}`, 'serves the Kubernetes API'],
		'controller-manager-sim': ['', 'approves and signs requests'],
	};
	const [address, task] = rows[name];
	return `${seconds(afterMs).padStart(7)}  ${name.padEnd(22)}  ${address.padEnd(14)}  ${task}`;
}

/** `0.4 s` */
export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

export interface NextOptions {
	readonly mesh: MeshOptions;
	readonly kubeconfig: string;
	/** Indexes of two node names that are free. */
	readonly free: readonly number[];
	readonly join: JoinConfig;
}

/** Commands that work when they are pasted into another terminal in this directory. */
export function nextText({ mesh, kubeconfig, free: [first = 0, second = 0], join }: NextOptions): string {
	const { port, state } = mesh;
	const { token, hash } = join;
	const joinCommand = (pin: string, index: number) => `kubelet-sim join ${endpointOf({ port })} --token ${token} \\
       --discovery-token-ca-cert-hash ${pin} \\
       --node-name ${nodeName(index)} --healthz-port ${nodeHealthPort(port, index)}`;
	return `The cluster is up. In another terminal, find its programs and its admin:
     ${exportText(kubeconfig)}

Join another node; the page shows it:
     ${joinCommand(hash, first)}

Three things to try:
  1. List certificate requests, their requesters and their conditions:
     kubectl-sim get csr
  2. Join with a wrong CA hash. The node refuses, and does not send its token:
     ${joinCommand(`sha256:${'0'.repeat(64)}`, second)}
  3. Delete the token, then join with it: kubectl-sim token delete ${token.split('.')[0]}

Logs of all programs: ${shownPath(resolve(state, 'logs'))}
Ctrl-C stops the cluster and npm start continues it. To start over: npm start -- --reset
`;
}

/** `export PATH="$PWD/node_modules/.bin:$PATH" KUBECONFIG="$PWD/.kubejoin/pki/admin/admin.conf"` */
export function exportText(kubeconfig: string): string {
	const programs = projectPath('node_modules', '.bin');
	return `export PATH=${fromHere(programs, ':$PATH')} KUBECONFIG=${fromHere(kubeconfig)}`;
}

/** A quoted path that stays valid when the shell changes its directory. */
function fromHere(path: string, rest = ''): string {
	const short = shownPath(path);
	return short === path ? `"${path}${rest}"` : `"$PWD/${short}${rest}"`;
}
