/** Nodes of an experiment. Each is a real kubelet-sim process. */
import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { makePrivateDirectory, writeWholeFile } from '../../lib/files.ts';
import { type CertificateSigningRequest, wellKnown } from '../../lib/kube/types.ts';
import { type NodePaths, nodePaths } from '../../lib/node-paths.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { pollUntil } from '../../lib/poll.ts';
import type { LabContext } from './context.ts';
import { attackerAddress } from './faults/attackers.ts';
import { otherClusterPin } from './faults/other-cluster.ts';
import { joinConfigurationOf } from './tokens.ts';
import type { WorkerState } from './workers.ts';

export interface JoinFlags {
	readonly token: string;
	/** `right`, `wrong` (by one digit), `other` (of another cluster), `none`, or any text. */
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
	/** Wait until it has joined, has ended, or is paused. */
	readonly wait: boolean;
	readonly within: number;
}

interface LabNode {
	readonly names: readonly string[];
	readonly root: string;
}

/** Start a node and wait until it has joined, has ended, or is paused. @returns its outcome, as `nodeText` */
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
	await context.write(`nodes/${name}.json`, { names, root } satisfies LabNode);
	await context.control.startWorker({
		name,
		program: 'kubelet-sim',
		args: [
			...['join', '--config', config, '--node-name', nodeName, '--root', root, '--healthz-port', '0'],
			...(nodes === undefined ? [] : ['--nodes', String(nodes)]),
		],
		pauseAfter: flags.pauseAfter,
		clock: flags.clock,
	});
	if (flags.wait) await settled(context, name, flags.within);
	return nodeText(await context.control.worker(name));
}

async function settled({ control, signal }: LabContext, name: string, seconds: number): Promise<void> {
	await pollUntil(
		() => control.worker(name),
		({ hasServed, state }) => hasServed || state !== 'running',
		{ retryMs: 50, timeoutMs: seconds * 1_000, signal },
	);
}

async function pinOf(context: LabContext, pin: string, right: string): Promise<string> {
	if (pin === 'right') return right;
	if (pin === 'wrong') return withOneDigitChanged(right);
	if (pin === 'other') return otherClusterPin(context);
	return pin;
}

/** Changes the last digit, so that a comparison of only the first digits would miss it. */
export const withOneDigitChanged = (pin: string): string => `${pin.slice(0, -1)}${pin.endsWith('0') ? '1' : '0'}`;

/**
 * `NAME: joined`, `NAME: refused CA_HASH_MISMATCH, exit code 1`, `NAME: paused`, `NAME: waiting`, `NAME: ended, exit
 * code 0` or `NAME: ended, by a signal`, followed by the output of the node
 */
export const nodeText = (worker: WorkerState): string => `${worker.name}: ${stateText(worker)}\n${worker.output}`;

function stateText({ state, hasServed, exitCode, output }: WorkerState): string {
	if (state === 'paused') return 'paused';
	if (state === 'running') return hasServed ? 'joined' : 'waiting';
	// The output of a restarted node can contain the code of an earlier end.
	const code = [...output.matchAll(/^ {2}code: +([A-Z_]+)/gm)].at(-1)?.[1];
	const end = exitCode === undefined ? 'by a signal' : `exit code ${exitCode}`;
	return `${code === undefined ? 'ended' : `refused ${code}`}, ${end}`;
}

const findNode = async (context: LabContext, name: string): Promise<LabNode> => {
	const kept = await context.read<LabNode>(`nodes/${name}.json`);
	if (kept === undefined)
		throw new KubejoinError('LAB_NOT_FOUND', { kind: 'node', name, known: await labNodeNames(context) });
	return kept;
};

export const pathsOfNode = async (context: LabContext, name: string): Promise<NodePaths> =>
	nodePaths((await findNode(context, name)).root);

/** Path of the kubeconfig that the join wrote. */
export const kubeconfigOf = async (context: LabContext, name: string): Promise<string> =>
	(await pathsOfNode(context, name)).kubeconfig;

/** Path of the node's certificate and key. */
export const certificateOf = async (context: LabContext, name: string): Promise<string> =>
	(await pathsOfNode(context, name)).currentCertificate;

/** `NAME has a certificate`; undefined when it has none. */
export const certificateOnDisk = async (context: LabContext, name: string): Promise<string | undefined> =>
	existsSync(await certificateOf(context, name)) ? `${name} has a certificate` : undefined;

/** The names that the experiment gave to its nodes; one name can refer to several Nodes. */
export async function labNodeNames({ directory }: LabContext): Promise<readonly string[]> {
	const files = await readdir(join(directory, 'nodes')).catch(() => []);
	return files.flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -'.json'.length)] : []));
}

/** The Nodes of the experiment. */
export async function nodeNames(context: LabContext): Promise<readonly string[]> {
	const kept = await Promise.all(
		(await labNodeNames(context)).map((name) => context.read<LabNode>(`nodes/${name}.json`)),
	);
	return kept.flatMap((node) => node?.names ?? []);
}

/** @returns the evidence that the node has an identity; undefined when it has none */
export async function identityOf(context: LabContext, name: string): Promise<string | undefined> {
	const { names } = await findNode(context, name);
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

/** @returns the node that a request is for; undefined for a request of another kind */
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

/**
 * Stop the node and remove it from the cluster. Its record goes last, so that this can be repeated.
 *
 * @throws LAB_NOT_FOUND
 */
export async function removeNode(context: LabContext, name: string): Promise<void> {
	const { names, root } = await findNode(context, name);
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
	readonly atMicros: number;
	/** Hexadecimal, of the new certificate. */
	readonly serial: string;
}

/** All rotations in the output of a node, in order. */
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
