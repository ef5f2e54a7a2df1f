/** The two verdicts of every experiment, from what can be seen: who got what they had not earned, and whether everybody works who should. */
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { asKubejoinError } from '../../lib/errors.ts';
import { type CertificateSigningRequest, type Node, wellKnown } from '../../lib/kube/types.ts';
import { attackReport, gain } from './attackers.ts';
import { certificateOnDisk, identityOf, kubeconfigOf, nodeNames, nodeOf } from './nodes.ts';
import { BEGUN, type Place } from './place.ts';
import { TRIES, type Tried } from './programs.ts';
import { HALF_JOINED } from './skew.ts';
import { tokenOf } from './tokens.ts';

export interface SecurityQuestion {
	/** That were to get no secret and to capture no node. */
	readonly attackers: readonly string[];
	/** That were to get no identity. */
	readonly unearned: readonly string[];
	/** Tokens with which nobody was to get a certificate. */
	readonly stolen: readonly string[];
	/** Nodes whose certificate was to be good for nothing any more. */
	readonly lockedOut: readonly string[];
	/** Nodes that were to write no certificate on their disk. */
	readonly noCertificate: readonly string[];
	/** Nobody was to give itself a label that only admins may give. */
	readonly isLaneAsked: boolean;
	/** Nothing that was tried with stolen things was to succeed. */
	readonly areTriesAsked: boolean;
	/** Every node of the experiment was to join, or to have no identity. */
	readonly isHalfAsked: boolean;
}

/** `security: held …`, or `security: violated …` with every reason. */
export async function judgeSecurity(place: Place, question: SecurityQuestion): Promise<string> {
	const { attackers, unearned, stolen, lockedOut, noCertificate, isLaneAsked, areTriesAsked, isHalfAsked } = question;
	const reports = await Promise.all(attackers.map(async (name) => ({ name, report: await attackReport(place, name) })));
	const found = [
		...reports.map(({ name, report }) => gain(name, report)),
		...(await Promise.all(unearned.map((name) => identityOf(place, name)))),
		...(await Promise.all(stolen.map((name) => certificateBy(place, name)))),
		...(await Promise.all(lockedOut.map((name) => acceptedOf(place, name)))),
		...(await Promise.all(noCertificate.map((name) => certificateOnDisk(place, name)))),
		...(isLaneAsked ? [await restrictedLabel(place)] : []),
		...(areTriesAsked ? await successes(place) : []),
		...(isHalfAsked ? await halfJoined(place) : []),
		await strangerIn(place),
	].filter((problem) => problem !== undefined);
	if (found.length > 0) return `security: violated: ${found.join('; ')}`;
	const counted = [
		...reports.map(
			({ name, report }) => `${name} saw ${report.connections} connections and ${report.tokenBytes} bytes of a token`,
		),
		...unearned.map((name) => `${name} has no identity`),
		...stolen.map((name) => `nobody got a certificate with the token ${name}`),
		...lockedOut.map((name) => `the certificate of ${name} is not accepted any more`),
		...noCertificate.map((name) => `${name} has no certificate`),
		...(isLaneAsked ? ['no node has a label that only admins may give'] : []),
		...(areTriesAsked ? ['nothing that was tried with stolen things was allowed'] : []),
		...(isHalfAsked ? ['every node has joined or has no identity'] : []),
		'nobody was let in who is not of this experiment',
	];
	return `security: held: ${counted.join('; ')}`;
}

/** Whether the API server still takes the node's certificate. What is read with it is its own Node, which every node may. */
async function acceptedOf(place: Place, name: string): Promise<string | undefined> {
	const kubeconfig = await kubeconfigOf(place, name);
	if (!existsSync(kubeconfig)) return `${name} has never had a certificate, so nothing is known`;
	const { code, stderr } = await place.kubectl(['get', 'node', name], kubeconfig);
	if (code === 0) return `the API server still accepts the certificate of ${name}`;
	return /Unauthorized|expired|logged in/i.test(stderr)
		? undefined
		: `nobody can say whether the certificate of ${name} is accepted: ${stderr.trim()}`;
}

async function restrictedLabel({ api }: Place): Promise<string | undefined> {
	const { items } = await api.nodes.list();
	const node = items.find(({ metadata }) =>
		Object.keys(metadata.labels ?? {}).some((key) => key.startsWith('node-restriction.kubernetes.io/')),
	);
	return node === undefined ? undefined : `${node.metadata.name} has a label of node-restriction.kubernetes.io`;
}

async function successes(place: Place): Promise<readonly string[]> {
	const tried = (await place.read<readonly Tried[]>(TRIES)) ?? [];
	if (tried.length === 0) return ['nothing was tried, so nothing is known'];
	return tried
		.filter(({ outcome }) => !/^outcome: (refused|denied|failed)/.test(outcome))
		.map(({ what, outcome }) => `${what}: ${outcome}`);
}

async function halfJoined(place: Place): Promise<readonly string[]> {
	const left = (await place.control.workers()).filter(
		({ program, hasServed }) => program === 'kubelet-sim' && !hasServed,
	);
	const identities = await Promise.all(left.map(({ name }) => identityOf(place, name)));
	return [
		...identities.filter((identity) => identity !== undefined),
		...((await place.read<readonly string[]>(HALF_JOINED)) ?? []),
	];
}

/** A node whose certificate was signed since the experiment began and that is none of its own. */
async function strangerIn(place: Place): Promise<string | undefined> {
	const sinceMs = await place.read<number>(BEGUN);
	if (sinceMs === undefined) return 'no experiment has begun, so nothing is known';
	const ours = new Set(await nodeNames(place));
	const { items } = await place.api.certificateSigningRequests.list();
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
export async function certificatesBy({ api }: Place, tokenId: string): Promise<number> {
	return (await issuedBy(api, tokenId)).length;
}

async function issuedBy(api: Place['api'], tokenId: string): Promise<readonly CertificateSigningRequest[]> {
	const { items } = await api.certificateSigningRequests.list();
	return items.filter(
		({ spec, status }) =>
			spec.username === `${wellKnown.bootstrapUserPrefix}${tokenId}` && Boolean(status?.certificate),
	);
}

async function certificateBy(place: Place, token: string): Promise<string | undefined> {
	const { id } = await tokenOf(place, token);
	const [issued] = await issuedBy(place.api, id);
	return issued === undefined
		? undefined
		: `whoever has the token ${token} was given the certificate of ${issued.metadata.name}`;
}

export interface AvailabilityQuestion {
	/** Nodes of the experiment that must be Ready, besides all that are not of an experiment. */
	readonly ready: readonly string[];
	readonly withinSeconds: number;
}

/** `availability: held …` as soon as everybody works, or `availability: violated …` when the time is over. */
export async function judgeAvailability(place: Place, { ready, withinSeconds }: AvailabilityQuestion): Promise<string> {
	const startedMs = performance.now();
	for (;;) {
		const problem = await notReady(place, ready).catch(
			(error: unknown) => `the API server cannot be asked: ${asKubejoinError(error).message}`,
		);
		const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
		if (problem === undefined)
			return `availability: held after ${seconds} s: ${ready.length === 0 ? 'every node is Ready' : `${ready.join(', ')} and every other node are Ready`}`;
		if (performance.now() - startedMs > withinSeconds * 1_000)
			return `availability: violated: after ${withinSeconds} s ${problem}`;
		await delay(100);
	}
}

async function notReady({ api, control }: Place, wanted: readonly string[]): Promise<string | undefined> {
	const { items } = await api.nodes.list();
	const ofExperiments = new Set((await control.workers()).map(({ name }) => name));
	const missing = wanted.filter((name) => !items.some(({ metadata }) => metadata.name === name));
	if (missing.length > 0) return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not in the cluster`;
	const waiting = items
		.filter((node) => !isReady(node) && (wanted.includes(nameOf(node)) || !ofExperiments.has(nameOf(node))))
		.map(nameOf);
	return waiting.length === 0 ? undefined : `${waiting.join(', ')} ${waiting.length === 1 ? 'is' : 'are'} not Ready`;
}

const nameOf = ({ metadata }: Node): string => metadata.name ?? '';
const isReady = ({ status }: Node): boolean =>
	status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
