/** The two verdicts of every experiment, from what can be seen: who got what they had not earned, and whether everybody works who should. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { asKubejoinError } from '../../../lib/errors.ts';
import { type CertificateSigningRequest, type Node, wellKnown } from '../../../lib/kube/types.ts';
import { type LabContext, STARTED_AT } from '../context.ts';
import { type AttackReport, attackReport, gain } from '../faults/attackers.ts';
import { HALF_JOINED } from '../faults/clock-skew.ts';
import { TRIES, type Tried } from '../faults/stolen-credentials.ts';
import { certificateOnDisk, identityOf, kubeconfigOf, nodeNames, nodeOf } from '../nodes.ts';
import { tokenOf } from '../tokens.ts';

export interface SecurityQuestion {
	/** Attackers that nodes connected to, and that got no secret and captured no node. */
	readonly attackers: readonly string[];
	/** Attackers that no node connected to. */
	readonly untouched: readonly string[];
	/** That were to get no identity. */
	readonly unearned: readonly string[];
	/** Tokens with which nobody was to get a certificate. */
	readonly stolen: readonly string[];
	/** Nodes whose certificate was to be good for nothing any more. */
	readonly lockedOut: readonly string[];
	/** Nodes that were to write no certificate on their disk. */
	readonly noCertificate: readonly string[];
	/** Nodes for which the CA issued one certificate and no more. */
	readonly oneCertificate: readonly string[];
	/** Nobody was to give itself a label that only admins may give. */
	readonly isLaneAsked: boolean;
	/** Nothing that was tried with stolen things was to succeed. */
	readonly areTriesAsked: boolean;
	/** Every node of the experiment was to join, or to have no identity. */
	readonly isHalfAsked: boolean;
}

/** `security: held …`, or `security: violated …` with every reason. */
export async function judgeSecurity(context: LabContext, question: SecurityQuestion): Promise<string> {
	const {
		attackers,
		untouched,
		unearned,
		stolen,
		lockedOut,
		noCertificate,
		oneCertificate,
		isLaneAsked,
		areTriesAsked,
		isHalfAsked,
	} = question;
	const reportOf = async (name: string) => ({ name, report: await attackReport(context, name) });
	const reports = await Promise.all(attackers.map(reportOf));
	const others = await Promise.all(untouched.map(reportOf));
	const found = [
		...reports.map(({ name, report }) => gain(name, report) ?? unseen(name, report)),
		...others.map(({ name, report }) => touch(name, report)),
		...(await Promise.all(unearned.map((name) => identityOf(context, name)))),
		...(await Promise.all(stolen.map((name) => certificateBy(context, name)))),
		...(await Promise.all(lockedOut.map((name) => acceptedOf(context, name)))),
		...(await Promise.all(noCertificate.map((name) => certificateOnDisk(context, name)))),
		...(await Promise.all(oneCertificate.map((name) => certificatesFor(context, name)))),
		...(isLaneAsked ? [await restrictedLabel(context)] : []),
		...(areTriesAsked ? await successes(context) : []),
		...(isHalfAsked ? await halfJoined(context) : []),
		await strangerIn(context),
	].filter((problem) => problem !== undefined);
	if (found.length > 0) return `security: violated: ${found.join('; ')}`;
	const counted = [
		...reports.map(
			({ name, report }) => `${name} saw ${report.connections} connections and ${report.tokenBytes} bytes of a token`,
		),
		...untouched.map((name) => `no node connected to ${name}`),
		...unearned.map((name) => `${name} has no identity`),
		...stolen.map((name) => `nobody got a certificate with the token ${name}`),
		...lockedOut.map((name) => `the certificate of ${name} is not accepted any more`),
		...noCertificate.map((name) => `${name} has no certificate`),
		...oneCertificate.map((name) => `the CA issued one certificate for ${name}`),
		...(isLaneAsked ? ['no node has a label that only admins may give'] : []),
		...(areTriesAsked ? ['nothing that was tried with stolen things was allowed'] : []),
		...(isHalfAsked ? ['every node has joined or has no identity'] : []),
		'nobody was let in who is not of this experiment',
	];
	return `security: held: ${counted.join('; ')}`;
}

/** An attacker that saw no connection was no threat: nothing is known of what a node would have sent to it. */
const unseen = (name: string, { connections }: AttackReport): string | undefined =>
	connections === 0 ? `no node connected to ${name}, so nothing is known` : undefined;
const touch = (name: string, { connections }: AttackReport): string | undefined =>
	connections === 0 ? undefined : `${name} saw ${connections} connections`;

/** Whether the API server still takes the node's certificate. What is read with it is its own Node, which every node may. */
async function acceptedOf(context: LabContext, name: string): Promise<string | undefined> {
	const kubeconfig = await kubeconfigOf(context, name);
	if (!existsSync(kubeconfig)) return `${name} has never had a certificate, so nothing is known`;
	const { code, stderr } = await context.kubectl(['get', 'node', name], kubeconfig);
	if (code === 0) return `the API server still accepts the certificate of ${name}`;
	return /Unauthorized|expired|logged in/i.test(stderr)
		? undefined
		: `nobody can say whether the certificate of ${name} is accepted: ${stderr.trim()}`;
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
	const tried = (await context.read<readonly Tried[]>(TRIES)) ?? [];
	if (tried.length === 0) return ['nothing was tried, so nothing is known'];
	return tried
		.filter(({ outcome }) => !/^outcome: (refused|denied|failed)/.test(outcome))
		.map(({ what, outcome }) => `${what}: ${outcome}`);
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

/** A node whose certificate was signed since the experiment began and that is none of its own. */
async function strangerIn(context: LabContext): Promise<string | undefined> {
	const sinceMs = await context.read<number>(STARTED_AT);
	if (sinceMs === undefined) return 'no experiment has begun, so nothing is known';
	const ours = new Set(await nodeNames(context));
	const { items } = await context.api.certificateSigningRequests.list();
	const issued = items.filter(
		({ metadata, status }) =>
			Boolean(status?.certificate) && Date.parse(metadata.creationTimestamp ?? '') > sinceMs + CLOCK_STEP_MS,
	);
	const stranger = issued.map(nodeOf).find((node) => node !== undefined && !ours.has(node));
	return stranger === undefined ? undefined : `${stranger} was let in, and is no node of this experiment`;
}

/** Kubernetes keeps whole seconds. */
const CLOCK_STEP_MS = 1_000;

/** How many certificates were given to whoever has a token. */
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
	return issued === undefined
		? undefined
		: `whoever has the token ${token} was given the certificate of ${issued.metadata.name}`;
}

export interface AvailabilityQuestion {
	/** Nodes of the experiment that must be Ready, besides all that are not of an experiment. */
	readonly ready: readonly string[];
	readonly withinSeconds: number;
}

/** A node that lives sends its next heartbeat within this: every 10 s, and the time that a busy machine takes. */
export const HEARTBEAT_SECONDS = 20;
const LOOK_AGAIN_MS = 250;
/** Of all nodes, the text names the heartbeats of this many. */
const MAX_NAMED = 8;

/** When the API server last took a heartbeat of each node, as the node wrote it; '' for a node without a Lease. */
type Heartbeats = Map<string, string>;

/**
 * A node counts as available when it is Ready and its Lease was renewed after the question was asked: a killed node stays Ready until its
 * grace period ends. A renewal is a changed `renewTime`, so the clocks of nodes do not matter.
 *
 * @returns `availability: held …` as soon as every node is available, or `availability: violated …` when the time is over
 */
export async function judgeAvailability(
	context: LabContext,
	{ ready, withinSeconds }: AvailabilityQuestion,
	wait: (ms: number) => Promise<unknown> = delay,
): Promise<string> {
	const startedMs = performance.now();
	const first: Heartbeats = new Map();
	for (;;) {
		const { problem, proof } = await lookAtNodes(context, ready, first).catch((error: unknown) => ({
			problem: `the API server cannot be asked: ${asKubejoinError(error).message}`,
			proof: '',
		}));
		const passedMs = performance.now() - startedMs;
		if (problem === undefined) return `availability: held after ${(passedMs / 1_000).toFixed(1)} s: ${proof}`;
		if (passedMs > withinSeconds * 1_000) return `availability: violated: after ${withinSeconds} s ${problem}`;
		await wait(LOOK_AGAIN_MS);
	}
}

interface Look {
	/** Absent when every node is available. */
	readonly problem?: string;
	readonly proof: string;
}

/** @param first  the heartbeats that were seen first; those of nodes that are new are added */
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
	const proof = `${who} Ready, with a heartbeat since the question: ${[...named, ...more].join(', ') || 'no node has joined'}`;
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
const isReady = ({ status }: Node): boolean =>
	status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
