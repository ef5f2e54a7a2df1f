/** Other people's programs and stolen things: what a person types, run as they would run it. */
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory, readFileIfThere, writeWholeFile } from '../../../lib/files.ts';
import { begin, type LabContext } from '../context.ts';
import type { Result } from '../drivers/driver.ts';
import { certificateOf, kubeconfigOf } from '../nodes.ts';
import { tokenFile } from './attackers.ts';
import { otherClusterCa } from './other-cluster.ts';

/** The two ways to hash a CA's key with openssl, whose certificate is the file $1; the first prints nothing for a key that is not RSA, and hashes that. @source the kubeadm documentation */
const pipelines = {
	rsa: 'openssl x509 -pubkey -in "$1" | openssl rsa -pubin -outform der 2>/dev/null | openssl dgst -sha256 -hex | sed "s/^.* //"',
	pkey: 'openssl x509 -pubkey -noout -in "$1" | openssl pkey -pubin -outform der | openssl dgst -sha256 -hex | sed "s/^.* //"',
} as const;
export type Pipeline = keyof typeof pipelines;
export const pipelineNames = Object.keys(pipelines) as Pipeline[];

/** What openssl prints as the pin of a new CA. @throws FAULT_UNAVAILABLE  there is no openssl */
export async function pipelinePin(context: LabContext, pipeline: Pipeline, keyAlgorithm: string): Promise<string> {
	const ca = await otherClusterCa(context, keyAlgorithm);
	const { code, stdout } = await shell(`command -v openssl >/dev/null || exit 127; ${pipelines[pipeline]}`, ca);
	if (code === 127)
		throw new KubejoinError('FAULT_UNAVAILABLE', {
			fault: 'the hash of a CA',
			needs: 'openssl',
			install: 'apt-get install openssl',
		});
	return `sha256:${stdout.trim()}`;
}

/** @param argument  $1 of the command, whatever characters it has */
const shell = (command: string, argument: string): Promise<Pick<Result, 'code' | 'stdout'>> =>
	new Promise((done, reject) => {
		const child = spawn('sh', ['-c', command, 'sh', argument], { stdio: ['ignore', 'pipe', 'ignore'] });
		let stdout = '';
		child.stdout.on('data', (chunk: Buffer) => {
			stdout += chunk.toString();
		});
		child.once('error', reject).once('close', (code) => done({ code: code ?? 1, stdout }));
	});

const homeOf = ({ directory }: LabContext): string => join(directory, 'home');
const configOf = (context: LabContext): string => join(homeOf(context), '.kube/config');

/** Give the user of the experiment a kubeconfig, or take it away. */
export async function setUserKubeconfig(context: LabContext, isThere: boolean): Promise<void> {
	await begin(context);
	await makePrivateDirectory(join(homeOf(context), '.kube'));
	if (isThere) await writeWholeFile(configOf(context), (await readFileIfThere(context.info.kubeconfig)) ?? '', 0o600);
	else await rm(configOf(context), { force: true });
}

/** Run kubectl-sim as a user with a home directory, who finds a kubeconfig there or none. */
export const runAsUser = (context: LabContext, args: readonly string[]): Promise<Result> =>
	context.run('kubectl-sim', args, { variables: { HOME: homeOf(context) } });

/** Replace a Node by itself with one label more, without reading it with those rights. */
export async function replaceNode(context: LabContext, name: string, kubeconfig: string): Promise<Result> {
	const { apiVersion, kind, metadata, spec, status } = await context.api.nodes.get(name);
	const { labels, annotations } = metadata;
	const node = {
		apiVersion,
		kind,
		metadata: { name, labels: { ...labels, 'x.example/mine': 'yes' }, ...(annotations ? { annotations } : {}) },
		spec,
		status,
	};
	const path = join(context.directory, 'replaced-node.json');
	await writeWholeFile(path, JSON.stringify(node), 0o600);
	const { code, stdout, stderr } = await context.kubectl(['replace', '-f', path], kubeconfig);
	return { code, stdout: stdout + stderr, stderr: '' };
}

/** By the name of a placeholder, what it stands for; the name after the colon is '' where there is none. */
export type Placeholders = Readonly<Record<string, (name: string) => Promise<string> | string>>;

/** `{key}` and `{key:name}` in a text, replaced by what they stand for; what was put in is not looked at again. @throws LAB_NOT_FOUND */
export async function fillIn(text: string, values: Placeholders): Promise<string> {
	let filled = '';
	let end = 0;
	for (const { index, 0: whole, 1: key = '', 2: name = '' } of text.matchAll(/\{([a-z-]+)(?::([^{}]+))?\}/g)) {
		const value = Object.hasOwn(values, key) ? values[key] : undefined;
		if (value === undefined) throw unknown('placeholder', key, Object.keys(values));
		filled += text.slice(end, index) + (await value(name));
		end = index + whole.length;
	}
	return filled + text.slice(end);
}

/**
 * Run one of attacker-sim's commands for stolen things, and write down what became of it. In the arguments `{target}`, `{cluster-ca}`,
 * `{address:SERVICE}`, `{token:NAME}` (a file that holds it), `{kubeconfig:NODE}`, `{certificate:NODE}` and `{stolen}` stand for what they name.
 *
 * @param stolen  the directory that `steal` printed
 * @throws LAB_NOT_FOUND  a placeholder, or what it names
 */
export async function tryStolen(
	context: LabContext,
	args: readonly string[],
	stolen: string | undefined,
): Promise<Result> {
	const { endpoint, clusterCa, addresses } = context.info;
	const values: Placeholders = {
		target: () => endpoint,
		'cluster-ca': () => clusterCa,
		address(name) {
			const address = Object.hasOwn(addresses, name) ? addresses[name] : undefined;
			if (address === undefined) throw unknown('service', name, Object.keys(addresses));
			return address;
		},
		token: (name) => tokenFile(context, name),
		kubeconfig: (name) => kubeconfigOf(context, name),
		certificate: (name) => certificateOf(context, name),
		...(stolen === undefined ? {} : { stolen: () => stolen }),
	};
	const result = await context.run('attacker-sim', await Promise.all(args.map((argument) => fillIn(argument, values))));
	const tried = (await context.read<readonly Tried[]>(TRIES)) ?? [];
	await context.write(TRIES, [
		...tried,
		{ what: args.slice(0, 3).join(' '), outcome: result.stdout.split('\n')[0] ?? '' },
	]);
	return result;
}

/** What was tried with stolen things, and what became of it. */
export interface Tried {
	readonly what: string;
	/** `outcome: refused CODE …`, the first line that attacker-sim prints. */
	readonly outcome: string;
}
export const TRIES = 'tries.json';

const unknown = (kind: string, name: string, known: readonly string[]) =>
	new KubejoinError('LAB_NOT_FOUND', { kind, name, known });
