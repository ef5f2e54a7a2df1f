/** The two verdicts of every experiment, from what can be seen: who got what they had not earned, and whether everybody works who should. */
import { setTimeout as delay } from 'node:timers/promises';
import { asKubejoinError } from '../../lib/errors.ts';
import type { Node } from '../../lib/kube/types.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { attackReport, gain } from './attackers.ts';
import { identityOf } from './nodes.ts';
import type { Place } from './place.ts';
import { tokenOf } from './tokens.ts';

export interface SecurityQuestion {
	/** That were to get no secret and to capture no node. */
	readonly attackers: readonly string[];
	/** That were to get no identity. */
	readonly unearned: readonly string[];
	/** Tokens with which nobody was to get a certificate. */
	readonly stolen: readonly string[];
}

/** `security: held …`, or `security: violated …` with every reason. */
export async function judgeSecurity(place: Place, { attackers, unearned, stolen }: SecurityQuestion): Promise<string> {
	const reports = await Promise.all(attackers.map(async (name) => ({ name, report: await attackReport(place, name) })));
	const found = [
		...reports.map(({ name, report }) => gain(name, report)),
		...(await Promise.all(unearned.map((name) => identityOf(place, name)))),
		...(await Promise.all(stolen.map((name) => certificateBy(place, name)))),
	].filter((problem) => problem !== undefined);
	if (found.length > 0) return `security: violated: ${found.join('; ')}`;
	const counted = [
		...reports.map(({ name, report }) => `${name} saw ${report.connections} connections and ${report.tokenBytes} bytes of a token`),
		...unearned.map((name) => `${name} has no identity`),
		...stolen.map((name) => `nobody got a certificate with the token ${name}`),
	];
	return `security: held: ${counted.join('; ')}`;
}

async function certificateBy(place: Place, token: string): Promise<string | undefined> {
	const { id } = await tokenOf(place, token);
	const { items } = await place.api.certificateSigningRequests.list();
	const issued = items.find(({ spec, status }) => spec.username === `${wellKnown.bootstrapUserPrefix}${id}` && Boolean(status?.certificate));
	return issued === undefined ? undefined : `whoever has the token ${token} was given the certificate of ${issued.metadata.name}`;
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
		const problem = await notReady(place, ready).catch((error: unknown) => `the API server cannot be asked: ${asKubejoinError(error).message}`);
		const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
		if (problem === undefined) return `availability: held after ${seconds} s: ${ready.length === 0 ? 'every node is Ready' : `${ready.join(', ')} and every other node are Ready`}`;
		if (performance.now() - startedMs > withinSeconds * 1_000) return `availability: violated: after ${withinSeconds} s ${problem}`;
		await delay(100);
	}
}

async function notReady({ api, control }: Place, wanted: readonly string[]): Promise<string | undefined> {
	const { items } = await api.nodes.list();
	const ofExperiments = new Set((await control.workers()).map(({ name }) => name));
	const missing = wanted.filter((name) => !items.some(({ metadata }) => metadata.name === name));
	if (missing.length > 0) return `${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not in the cluster`;
	const waiting = items.filter((node) => !isReady(node) && (wanted.includes(nameOf(node)) || !ofExperiments.has(nameOf(node)))).map(nameOf);
	return waiting.length === 0 ? undefined : `${waiting.join(', ')} ${waiting.length === 1 ? 'is' : 'are'} not Ready`;
}

const nameOf = ({ metadata }: Node): string => metadata.name ?? '';
const isReady = ({ status }: Node): boolean => status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false;
