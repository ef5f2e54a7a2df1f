/** The texts of `npm start` around the joins: the services as they become ready, and the commands to try next. */
import { resolve } from 'node:path';
import type { Language } from '../../lib/language.ts';
import { projectPath, shownPath } from '../../lib/paths.ts';
import { shellWord } from '../../lib/text.ts';
import type { JoinConfig } from './join-config.ts';
import { nodeName } from './node-names.ts';
import { endpointOf, type MeshOptions, nodeHealthPort, type ServiceName } from './services.ts';
import { startWords } from './words.ts';

/** The state directory of `npm start`. */
export const DEFAULT_STATE = '.kubejoin';

interface ServiceTextOptions {
	readonly mesh: MeshOptions;
	readonly afterMs: number;
	/** The cluster of an earlier start continues. */
	readonly isKnown: boolean;
	readonly language: Language;
}

/** A line for a service that has become ready after so long. */
export function serviceText(
	name: ServiceName | 'pki',
	{ mesh, afterMs, isKnown, language }: ServiceTextOptions,
): string {
	const { port, store } = mesh;
	const words = startWords[language];
	const local = (number = 0) => `127.0.0.1:${number}`;
	const addresses: Partial<Readonly<Record<ServiceName | 'pki', string>>> = {
		observer: local(mesh.observer?.pagePort),
		'ca-service': local(port + 1),
		'token-store': local(port + 2),
		'apiserver-sim': local(port),
	};
	const isInRedis = name === 'token-store' && store !== 'lmdb';
	const task = name === 'pki' ? words.keys(isKnown) : isInRedis ? words.inRedis : words.tasks[name];
	const time = `${seconds(afterMs)} s`.padStart(7);
	const width = Math.max(...Object.values(addresses).map((address) => address.length));
	return `${time}  ${name.padEnd(22)}  ${(addresses[name] ?? '').padEnd(width)}  ${task}`;
}

/** `0.4` */
export const seconds = (ms: number): string => (ms / 1_000).toFixed(1);

export interface NextOptions {
	readonly mesh: MeshOptions;
	readonly kubeconfig: string;
	/** Indexes of two node names that are free. */
	readonly free: readonly number[];
	readonly join: JoinConfig;
	readonly language: Language;
}

/** Commands that work when they are pasted into another terminal in this directory. */
export function nextText({ mesh, kubeconfig, free: [first = 0, second = 0], join, language }: NextOptions): string {
	const { port, state } = mesh;
	const { token, hash } = join;
	const words = startWords[language];
	const joinCommand = (pin: string, index: number) => `kubelet-sim join ${endpointOf({ port })} --token ${token} \\
       --discovery-token-ca-cert-hash ${pin} \\
       --node-name ${nodeName(index)} --healthz-port ${nodeHealthPort(port, index)}`;
	return `${words.setPaths}
     ${exportText(kubeconfig)}

${words.joinAnother}
     ${joinCommand(hash, first)}

${words.threeThings}
  1. ${words.listRequests}
     kubectl-sim get csr
  2. ${words.wrongHash}
     ${joinCommand(`sha256:${'0'.repeat(64)}`, second)}
  3. ${words.deleteToken} kubectl-sim token delete ${token.split('.')[0]}

${words.logs} ${shownPath(resolve(state, 'logs'))}
${words.howToStop(startCommand(state), startCommand(state, '--reset'))}
`;
}

/** `npm start -- --reset --state DIR`; the default directory needs no option. */
function startCommand(state: string, ...flags: readonly string[]): string {
	const shown = shownPath(resolve(state));
	const options = [...flags, ...(shown === DEFAULT_STATE ? [] : ['--state', shellWord(shown)])];
	return ['npm start', ...(options.length === 0 ? [] : ['--', ...options])].join(' ');
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
