/** Nodes of an experiment: what they join with, what became of them, and how they are disturbed. Each is a real kubelet-sim. */
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stringify } from 'yaml';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { makePrivateDirectory, writeWholeFile } from '../../lib/files.ts';
import { type CertificateSigningRequest, wellKnown } from '../../lib/kube/types.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import type { LabContext } from './context.ts';
import { attackerAddress } from './faults/attackers.ts';
import { otherClusterPin } from './faults/other-cluster.ts';
import { joinConfigurationOf } from './tokens.ts';
import type { WorkerState } from './workers.ts';

export interface JoinFlags {
	readonly token: string;
	/** `right`, `wrong` (one digit is another), `other` (of another cluster), `none`, or any text. */
	readonly pin: string;
	readonly through?: string;
	readonly endpoint?: string;
	readonly tokenText?: string;
	readonly discovery: string;
	readonly bootstrap: string;
	readonly skipCaVerification?: boolean;
	readonly pauseAfter?: string;
	readonly clock?: string;
	readonly nodes?: number;
	readonly nodeName?: string;
	/** It is started, and not waited for. */
	readonly wait: boolean;
	/** Seconds to wait for. */
	readonly within: number;
}

interface KeptNode {
	/** Names of the Nodes. */
	readonly names: readonly string[];
	readonly root: string;
}

/** Start a node; wait until it has joined, has ended, or is paused. @returns what became of it, as `nodeText` */
export async function joinNode(context: LabContext, name: string, flags: JoinFlags): Promise<string> {
	const { token, pin, through, discovery, bootstrap, nodes, nodeName = name } = flags;
	const { discovery: found, ...rest } = await joinConfigurationOf(context, token);
	const [right = ''] = found.bootstrapToken.caCertHashes ?? [];
	const caCertHashes = pin === 'none' ? [] : [await pinOf(context, pin, right)];
	const bootstrapToken = {
		...found.bootstrapToken,
		caCertHashes,
		...(through === undefined ? {} : { apiServerEndpoint: await attackerAddress(context, through) }),
		...(flags.endpoint === undefined ? {} : { apiServerEndpoint: flags.endpoint }),
		...(flags.tokenText === undefined ? {} : { token: flags.tokenText }),
		...(flags.skipCaVerification === true ? { unsafeSkipCAVerification: true } : {}),
	};
	const directory = join(context.directory, 'nodes');
	await makePrivateDirectory(directory);
	const config = join(directory, `${name}.yaml`);
	const document = { ...rest, discovery: { bootstrapToken }, timeouts: { discovery, tlsBootstrap: bootstrap } };
	await writeWholeFile(config, stringify(document), 0o600);
	const root = join(directory, name);
	const names =
		nodes === undefined ? [nodeName] : Array.from({ length: nodes }, (_, index) => `${nodeName}-${index + 1}`);
	await context.write(`nodes/${name}.json`, { names, root } satisfies KeptNode);
	await context.control.startWorker({
		name,
		program: 'kubelet-sim',
		args: [
			...['join', '--config', config, '--node-name', nodeName, '--root', root, '--healthz-port', '0'],
			...(nodes === undefined ? [] : ['--nodes', String(nodes)]),
		],
		...(flags.pauseAfter === undefined ? {} : { pauseAfter: flags.pauseAfter }),
		...(flags.clock === undefined ? {} : { clock: flags.clock }),
	});
	if (flags.wait) await settled(context, name, flags.within);
	return nodeText(await context.control.worker(name));
}

async function settled({ control }: LabContext, name: string, seconds: number): Promise<void> {
	for (const end = Date.now() + seconds * 1_000; Date.now() < end; await delay(50)) {
		const { hasServed, state } = await control.worker(name);
		if (hasServed || state !== 'running') return;
	}
}

/** @returns the pin that a person gave */
async function pinOf(context: LabContext, pin: string, right: string): Promise<string> {
	if (pin === 'right') return right;
	if (pin === 'wrong') return withOneDigitChanged(right);
	if (pin === 'other') return otherClusterPin(context);
	return pin;
}

/** Of `sha256:` and 64 digits, the last digit: a pin of which only the beginning is compared must be found wrong too. */
export const withOneDigitChanged = (pin: string): string => `${pin.slice(0, -1)}${pin.endsWith('0') ? '1' : '0'}`;

/**
 * `NAME: joined`, `NAME: refused CA_HASH_MISMATCH, exit code 1`, `NAME: paused`, `NAME: waiting`, `NAME: ended, exit code 0`, `NAME: ended, by a signal`;
 * and below it what it printed.
 */
export const nodeText = (worker: WorkerState): string => `${worker.name}: ${stateText(worker)}\n${worker.output}`;

function stateText({ state, hasServed, exitCode, output }: WorkerState): string {
	if (state === 'paused') return 'paused';
	if (state === 'running') return hasServed ? 'joined' : 'waiting';
	// What was started again may have ended otherwise before.
	const code = [...output.matchAll(/^ {2}code: +([A-Z_]+)/gm)].at(-1)?.[1];
	return `${code === undefined ? 'ended' : `refused ${code}`}, ${exitCode === undefined ? 'by a signal' : `exit code ${exitCode}`}`;
}

const keptNode = async (context: LabContext, name: string): Promise<KeptNode> => {
	const kept = await context.read<KeptNode>(`nodes/${name}.json`);
	if (kept === undefined)
		throw new KubejoinError('LAB_NOT_FOUND', { kind: 'node', name, known: await keptNames(context) });
	return kept;
};

/** Path of a file of the node, below its root. */
export const nodeFile = async (context: LabContext, name: string, path: string): Promise<string> =>
	join((await keptNode(context, name)).root, path);

/** The kubeconfig that a node has earned. */
export const kubeconfigOf = (context: LabContext, name: string): Promise<string> =>
	nodeFile(context, name, 'etc/kubernetes/kubelet.conf');

/** Path of the node's certificate and key. */
export const certificateOf = (context: LabContext, name: string): Promise<string> =>
	nodeFile(context, name, 'var/lib/kubelet/pki/kubelet-client-current.pem');

/** `NAME has a certificate`; undefined when it has none. */
export const certificateOnDisk = async (context: LabContext, name: string): Promise<string | undefined> =>
	existsSync(await certificateOf(context, name)) ? `${name} has a certificate` : undefined;

/** What the experiment calls its nodes; one can be several Nodes. */
export async function keptNames({ directory }: LabContext): Promise<readonly string[]> {
	const files = await readdir(join(directory, 'nodes')).catch(() => []);
	return files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
}

/** The Nodes of the experiment. */
export async function nodeNames(context: LabContext): Promise<readonly string[]> {
	const kept = await Promise.all(
		(await keptNames(context)).map((name) => context.read<KeptNode>(`nodes/${name}.json`)),
	);
	return kept.flatMap((node) => node?.names ?? []);
}

/** Why the node has an identity that it was not to have; undefined when it has none. */
export async function identityOf(context: LabContext, name: string): Promise<string | undefined> {
	const { names } = await keptNode(context, name);
	const onDisk = await certificateOnDisk(context, name);
	if (onDisk !== undefined) return onDisk;
	const [nodeName = name] = names;
	const isListed = await context.api.nodes.get(nodeName).then(
		() => true,
		(error: unknown) => {
			if (hasCode(error, 'API_NOT_FOUND')) return false;
			throw error;
		},
	);
	if (isListed) return `the cluster lists ${nodeName}`;
	const issued = (await context.api.certificateSigningRequests.list()).items.find(
		(csr) => Boolean(csr.status?.certificate) && nodeOf(csr) === nodeName,
	);
	return issued === undefined ? undefined : `the CA has signed ${issued.metadata.name} for ${nodeName}`;
}

/** The node that a request is for; undefined for a request of another kind. */
export function nodeOf({ spec }: CertificateSigningRequest): string | undefined {
	try {
		const { commonName } = parseCsr(Buffer.from(spec.request, 'base64').toString()).subject;
		return commonName.startsWith(wellKnown.nodeUserPrefix)
			? commonName.slice(wellKnown.nodeUserPrefix.length)
			: undefined;
	} catch {
		return undefined;
	}
}

/** End the node, and take everything of it out of the cluster. What it was is forgotten last, so that it can be done again. @throws LAB_NOT_FOUND */
export async function removeNode(context: LabContext, name: string): Promise<void> {
	const { names, root } = await keptNode(context, name);
	await context.control.removeWorker(name);
	const { items } = await context.api.certificateSigningRequests.list();
	const isOurs = (csr: CertificateSigningRequest) => names.includes(nodeOf(csr) ?? '');
	const removals = [
		...names.map((node) => context.api.nodes.delete(node)),
		...names.map((node) => context.api.leases.delete(node, { namespace: wellKnown.kubeNodeLease })),
		...items.filter(isOurs).map((csr) => context.api.certificateSigningRequests.delete(csr.metadata.name ?? '')),
	];
	const results = await Promise.allSettled(removals);
	for (const result of results)
		if (result.status === 'rejected' && !hasCode(result.reason, 'API_NOT_FOUND')) throw result.reason;
	await rm(root, { recursive: true, force: true });
	await rm(join(context.directory, 'nodes', `${name}.yaml`), { force: true });
	await rm(join(context.directory, 'nodes', `${name}.json`), { force: true });
}

export interface Rotation {
	readonly node: string;
	/** Microseconds since 1970. */
	readonly atMicros: number;
	/** Hexadecimal, of the new certificate. */
	readonly serial: string;
}

/** For a table of what happened when: all rotations in what a node printed, in its order. */
export const rotations = (output: string): readonly Rotation[] =>
	[
		...output.matchAll(
			/^\[kubelet\] (\S+) rotated its client certificate at (\S+?)(?:\.(\d{1,6}))?Z, serial ([0-9a-f]+),/gm,
		),
	]
		.map(([, node = '', seconds = '', fraction = '', serial = '']) => ({
			node,
			atMicros: Date.parse(`${seconds}Z`) * 1_000 + Number(fraction.padEnd(6, '0')),
			serial,
		}))
		.filter(({ atMicros }) => Number.isFinite(atMicros));
