/** The verdicts of every experiment: security (no attacker got an identity or a secret) and availability. */
import { existsSync } from 'node:fs';
import { asKubejoinError } from '../../../lib/errors.ts';
import { isReady } from '../../../lib/kube/node-conditions.ts';
import { type CertificateSigningRequest, type Node, wellKnown } from '../../../lib/kube/types.ts';
import { pollUntil } from '../../../lib/poll.ts';
import { type LabContext, STARTED_AT } from '../context.ts';
import { type AttackReport, attackReport, gain } from '../faults/attackers.ts';
import { HALF_JOINED } from '../faults/clock-skew.ts';
import { ATTEMPTS, type Attempt } from '../faults/stolen-credentials.ts';
import { certificateOnDisk, identityOf, kubeconfigOf, nodeNames, nodeOf } from '../nodes.ts';
import { tokenOf } from '../tokens.ts';

export interface SecurityQuestion {
	/** Attackers that nodes must connect to, and that must get no secret and capture no node. */
	readonly attackers: readonly string[];
	/** Attackers that no node must connect to. */
	readonly untouched: readonly string[];
	/** Nodes that must have no identity. */
	readonly noIdentity: readonly string[];
	/** Tokens with which no certificate must be issued. */
	readonly stolen: readonly string[];
	/** Nodes whose certificate must not be accepted. */
	readonly lockedOut: readonly string[];
	/** Nodes that must have no certificate on disk. */
	readonly noCertificateOnDisk: readonly string[];
	/** Nodes for which the CA must issue exactly one certificate. */
	readonly oneCertificate: readonly string[];
	/** No node must have a label that only admins can set. */
	readonly noRestrictedLabels: boolean;
	/** Every request with a stolen credential must be refused. */
	readonly attemptsRefused: boolean;
	/** Every node of the experiment must have joined or have no identity. */
	readonly noHalfJoined: boolean;
}

/** `security: held …`, or `security: violated …` with every reason. */
export async function judgeSecurity(context: LabContext, question: SecurityQuestion): Promise<string> {
	const {
		attackers,
		untouched,
		noIdentity,
		stolen,
		lockedOut,
		noCertificateOnDisk,
		oneCertificate,
		noRestrictedLabels,
		attemptsRefused,
		noHalfJoined,
	} = question;
	const reportOf = async (name: string) => ({ name, report: await attackReport(context, name) });
	const reports = await Promise.all(attackers.map(reportOf));
	const others = await Promise.all(untouched.map(reportOf));
	const found = [
		...reports.map(({ name, report }) => gain(name, report) ?? unseen(name, report)),
		...others.map(({ name, report }) => touch(name, report)),
		...(await Promise.all(noIdentity.map((name) => identityOf(context, name)))),
		...(await Promise.all(stolen.map((name) => certificateBy(context, name)))),
		...(await Promise.all(lockedOut.map((name) => acceptedOf(context, name)))),
		...(await Promise.all(noCertificateOnDisk.map((name) => certificateOnDisk(context, name)))),
		...(await Promise.all(oneCertificate.map((name) => certificatesFor(context, name)))),
		...(noRestrictedLabels ? [await restrictedLabel(context)] : []),
		...(attemptsRefused ? await successes(context) : []),
		...(noHalfJoined ? await halfJoined(context) : []),
		await strangerIn(context),
	].filter((problem) => problem !== undefined);
	if (found.length > 0) return `security: violated: ${found.join('; ')}`;
	const counted = [
		...reports.map(
			({ name, report }) =>
				`${name} received ${connectionsText(report.connections)} and ${report.tokenBytes} bytes of a token`,
		),
		...untouched.map((name) => `no node connected to ${name}`),
		...noIdentity.map((name) => `${name} has no identity`),
		...stolen.map((name) => `no certificate was issued with the token ${name}`),
		...lockedOut.map((name) => `the certificate of ${name} is not accepted`),
		...noCertificateOnDisk.map((name) => `${name} has no certificate`),
		...oneCertificate.map((name) => `the CA issued one certificate for ${name}`),
		...(noRestrictedLabels ? ['no node has a label that only admins can set'] : []),
		...(attemptsRefused ? ['every request with a stolen credential was refused'] : []),
		...(noHalfJoined ? ['every node has joined or has no identity'] : []),
		'no other node joined',
	];
	return `security: held: ${counted.join('; ')}`;
}

/** Without a connection, the experiment proves nothing about the attacker. */
const unseen = (name: string, { connections }: AttackReport): string | undefined =>
	connections === 0 ? `no node connected to ${name}, so the verdict is unknown` : undefined;
const touch = (name: string, { connections }: AttackReport): string | undefined =>
	connections === 0 ? undefined : `${name} received ${connections} connections`;

/** Checks whether the API server accepts the node's certificate, with a read of its own Node. */
async function acceptedOf(context: LabContext, name: string): Promise<string | undefined> {
	const kubeconfig = await kubeconfigOf(context, name);
	if (!existsSync(kubeconfig)) return `${name} never had a certificate, so the verdict is unknown`;
	const { code, stderr } = await context.kubectl(['get', 'node', name], kubeconfig);
	if (code === 0) return `the API server still accepts the certificate of ${name}`;
	return /Unauthorized|expired|logged in/i.test(stderr)
		? undefined
		: `it is unknown whether the certificate of ${name} is accepted: ${stderr.trim()}`;
}

async function certificatesFor({ api }: LabContext, name: string): Promise<string | undefined> {
	const { items } = await api.certificateSigningRequests.list();
	const { length } = items.filter((csr) => Boolean(csr.status?.certificate) && nodeOf(csr) === name);
	return length === 1 ? undefined : `the CA issued ${length} certificates for ${name}`;
}

async function restrictedLabel({ api }: LabContext): Promise<string | undefined> {
	const { items } = await api.nodes.list();
	const node = items.find(({ metadata }) =>
		Object.keys(metadata.labels ?? {}).some((key) => key.startsWith('node-restriction.kubernetes.io/')),
	);
	return node === undefined ? undefined : `${node.metadata.name} has a label of node-restriction.kubernetes.io`;
}

async function successes(context: LabContext): Promise<readonly string[]> {
	const attempts = (await context.read<readonly Attempt[]>(ATTEMPTS)) ?? [];
	if (attempts.length === 0) return ['no stolen credential was used, so the verdict is unknown'];
	return attempts
		.filter(({ outcome }) => !/^outcome: (refused|denied|failed)/.test(outcome))
		.map(({ command, outcome }) => `${command}: ${outcome}`);
}

async function halfJoined(context: LabContext): Promise<readonly string[]> {
	const left = (await context.control.workers()).filter(
		({ program, hasServed }) => program === 'kubelet-sim' && !hasServed,
	);
	const identities = await Promise.all(left.map(({ name }) => identityOf(context, name)));
	return [
		...identities.filter((identity) => identity !== undefined),
		...((await context.read<readonly string[]>(HALF_JOINED)) ?? []),
	];
}

/** A node that got a certificate during the experiment and does not belong to it. */
async function strangerIn(context: LabContext): Promise<string | undefined> {
	const sinceMs = await context.read<number>(STARTED_AT);
	if (sinceMs === undefined) return 'no experiment runs, so the verdict is unknown';
	const ours = new Set(await nodeNames(context));
	const { items } = await context.api.certificateSigningRequests.list();
	const issued = items.filter(
		({ metadata, status }) =>
			Boolean(status?.certificate) && Date.parse(metadata.creationTimestamp ?? '') > sinceMs + CLOCK_STEP_MS,
	);
	const stranger = issued.map(nodeOf).find((node) => node !== undefined && !ours.has(node));
	return stranger === undefined ? undefined : `${stranger} joined, and does not belong to this experiment`;
}

/** Kubernetes keeps whole seconds. */
const CLOCK_STEP_MS = 1_000;

/** @returns the number of certificates that were issued to holders of the token */
export async function certificatesBy({ api }: LabContext, tokenId: string): Promise<number> {
	return (await issuedBy(api, tokenId)).length;
}

async function issuedBy(api: LabContext['api'], tokenId: string): Promise<readonly CertificateSigningRequest[]> {
	const { items } = await api.certificateSigningRequests.list();
	return items.filter(
		({ spec, status }) =>
			spec.username === `${wellKnown.bootstrapUserPrefix}${tokenId}` && Boolean(status?.certificate),
	);
}

async function certificateBy(context: LabContext, token: string): Promise<string | undefined> {
	const { id } = await tokenOf(context, token);
	const [issued] = await issuedBy(context.api, id);
	return issued === undefined ? undefined : `${issued.metadata.name} was issued to a holder of the token ${token}`;
}

export interface AvailabilityQuestion {
	/** Nodes of the experiment that must be Ready, in addition to all nodes outside of experiments. */
	readonly ready: readonly string[];
	readonly withinSeconds: number;
}

/** A node sends a heartbeat every 10 s; the rest is for a slow machine. */
export const HEARTBEAT_SECONDS = 45;
const RETRY_MS = 250;
/** The text contains the heartbeats of this many nodes. */
const MAX_NAMED = 8;

/** The `renewTime` of each node's Lease; '' for a node without a Lease. */
type Heartbeats = Map<string, string>;

/**
 * A node is available when it is Ready and renews its Lease after the question, because a killed node stays Ready
 * during its grace period. A renewal is a changed `renewTime`, so the clocks of nodes do not matter.
 *
 * @returns `availability: held …` as soon as every node is available, else `availability: violated …` in the end
 */
export async function judgeAvailability(
	context: LabContext,
	{ ready, withinSeconds }: AvailabilityQuestion,
	beforeRetry: () => Promise<unknown> = async () => undefined,
): Promise<string> {
	const startedMs = performance.now();
	const first: Heartbeats = new Map();
	let isRetry = false;
	async function look(): Promise<Look> {
		if (isRetry) await beforeRetry();
		isRetry = true;
		return lookAtNodes(context, ready, first).catch((error: unknown) => ({
			problem: `the API server did not answer: ${asKubejoinError(error).message}`,
			proof: '',
		}));
	}
	const { problem, proof } = await pollUntil(look, (seen) => seen.problem === undefined, {
		...{ retryMs: RETRY_MS, timeoutMs: withinSeconds * 1_000, signal: context.signal },
	});
	const passedSeconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
	return problem === undefined
		? `availability: held after ${passedSeconds} s: ${proof}`
		: `availability: violated: after ${withinSeconds} s ${problem}`;
}

interface Look {
	/** Absent when every node is available. */
	readonly problem?: string;
	readonly proof: string;
}

/** @param first  the first heartbeat of each node; new nodes are added */
async function lookAtNodes(context: LabContext, wanted: readonly string[], first: Heartbeats): Promise<Look> {
	const { api, control, info } = context;
	const [{ items }, leases, workers, names] = await Promise.all([
		api.nodes.list(),
		api.leases.list({ namespace: wellKnown.kubeNodeLease }),
		control.workers(),
		nodeNames(context),
	]);
	const ofExperiments = new Set([...workers.map(({ name }) => name), ...names]);
	// A node that a person joined and stopped is no part of the mesh: experiments ignore it.
	const isOfMesh = (name: string) => info.nodes?.includes(name) ?? !ofExperiments.has(name);
	const asked = items.filter((node) => wanted.includes(nameOf(node)) || isOfMesh(nameOf(node)));
	const now: Heartbeats = new Map(
		leases.items.map(({ metadata, spec }) => [metadata.name ?? '', spec?.renewTime ?? '']),
	);
	for (const node of asked) if (!first.has(nameOf(node))) first.set(nameOf(node), now.get(nameOf(node)) ?? '');
	const renewedAt = (node: Node): string | undefined => {
		const renewTime = now.get(nameOf(node)) ?? '';
		return renewTime === '' || renewTime === first.get(nameOf(node)) ? undefined : renewTime;
	};
	const missing = wanted.filter((name) => !items.some(({ metadata }) => metadata.name === name));
	const notReady = asked.filter((node) => !isReady(node)).map(nameOf);
	const silent = asked.filter((node) => isReady(node) && renewedAt(node) === undefined).map(nameOf);
	const problems = [
		...(missing.length === 0 ? [] : [`${missing.join(', ')} ${isOrAre(missing)} not in the cluster`]),
		...(notReady.length === 0 ? [] : [`${notReady.join(', ')} ${isOrAre(notReady)} not Ready`]),
		...(silent.length === 0 ? [] : [`${silent.join(', ')} sent no heartbeat since the question`]),
	];
	const named = asked.slice(0, MAX_NAMED).map((node) => `${nameOf(node)} at ${renewedAt(node)}`);
	const more = asked.length > named.length ? [`and ${asked.length - named.length} more`] : [];
	const who = wanted.length === 0 ? 'every node of the mesh is' : `${wanted.join(', ')} and every node of the mesh are`;
	const heartbeats = [...named, ...more].join(', ') || 'no node has joined';
	const proof = `${who} Ready, with a heartbeat since the question: ${heartbeats}`;
	if (problems.length === 0) return { proof };
	const ownerless = [...notReady, ...silent].filter((name) => !wanted.includes(name));
	const remedy =
		ownerless.length === 0
			? ''
			: `. Start it again, or remove it with "kubectl-sim delete node ${ownerless.join(' ')}"`;
	return { problem: `${problems.join('; ')}${remedy}`, proof };
}

const isOrAre = ({ length }: readonly string[]): string => (length === 1 ? 'is' : 'are');
const nameOf = ({ metadata }: Node): string => metadata.name ?? '';

const connectionsText = (count: number): string => (count === 1 ? '1 connection' : `${count} connections`);
