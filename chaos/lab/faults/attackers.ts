/** Attackers of an experiment: attacker-sim processes between nodes and the API server. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory, readFileIfThere, writeWholeFile } from '../../../lib/files.ts';
import { pollUntil } from '../../../lib/poll.ts';
import type { LabContext } from '../context.ts';
import { tokenOf } from '../tokens.ts';

export interface AttackFlags {
	readonly mode: string;
	/** Name of the token that it has stolen. */
	readonly token?: string;
	/** Path of the CA key that it has stolen. */
	readonly caKey?: string;
	/** Listen on an address that is not in the certificate of the API server. */
	readonly unnamed?: true;
}

/** The fields of the report of attacker-sim that the lab reads. */
export interface AttackReport {
	/** `HOST:PORT` */
	readonly listening: string;
	readonly connections: number;
	/** Bytes of the secret half of a token that the attacker received. */
	readonly tokenBytes: number;
	readonly captured: readonly { readonly node: string; readonly serial: string }[];
	readonly requests: readonly { readonly method: string }[];
}

const READY_MS = 120_000;
const REPORT_END = '.report.json';
const directoryOf = ({ directory }: LabContext): string => join(directory, 'attackers');
const reportPath = (context: LabContext, name: string): string => join(directoryOf(context), `${name}${REPORT_END}`);

/** Write a stolen token to a file for attacker-sim. @returns its path */
export async function tokenFile(context: LabContext, token: string): Promise<string> {
	const path = join(directoryOf(context), `${token}.token`);
	await makePrivateDirectory(directoryOf(context));
	await writeWholeFile(path, (await tokenOf(context, token)).token, 0o600);
	return path;
}

/** Resolves when the attacker listens. @throws SERVICE_FAILED, LAB_NAME_TAKEN, LAB_NOT_FOUND */
export async function startAttacker(
	context: LabContext,
	name: string,
	{ mode, token, caKey, unnamed }: AttackFlags,
): Promise<void> {
	const address = unnamed === true ? context.info.unnamedAddress : context.info.ownAddress;
	await makePrivateDirectory(directoryOf(context));
	await context.control.startWorker({
		name,
		program: 'attacker-sim',
		args: [
			...['listen', '--address', address, '--port', '0', '--target', context.info.endpoint],
			...['--cluster-ca', context.info.clusterCa, '--mode', mode, '--report', reportPath(context, name)],
			...(token === undefined ? [] : ['--token-file', await tokenFile(context, token)]),
			...(caKey === undefined ? [] : ['--ca-key-file', caKey]),
		],
	});
	const look = async () => ({
		worker: await context.control.worker(name),
		isListening: Boolean((await readReport(context, name))?.listening),
	});
	const { isListening, worker } = await pollUntil(look, (seen) => seen.isListening || seen.worker.state === 'ended', {
		retryMs: 50,
		timeoutMs: READY_MS,
		signal: context.signal,
	});
	if (!isListening) throw new KubejoinError('SERVICE_FAILED', { service: 'attacker-sim', problem: worker.output });
}

async function readReport(context: LabContext, name: string): Promise<AttackReport | undefined> {
	const text = await readFileIfThere(reportPath(context, name));
	return text === undefined ? undefined : (JSON.parse(text) as AttackReport);
}

/** @throws LAB_NOT_FOUND  no attacker of that name was started */
export async function attackReport(context: LabContext, name: string): Promise<AttackReport> {
	const report = await readReport(context, name);
	if (report !== undefined) return report;
	const files = await readdir(directoryOf(context)).catch(() => []);
	const known = files.flatMap((file) => (file.endsWith(REPORT_END) ? [file.slice(0, -REPORT_END.length)] : []));
	throw new KubejoinError('LAB_NOT_FOUND', { kind: 'attacker', name, known });
}

/** `HOST:PORT` @throws LAB_NOT_FOUND */
export const attackerAddress = async (context: LabContext, name: string): Promise<string> =>
	(await attackReport(context, name)).listening;

/** `NAME: connections 1, requests 1, token bytes 0, captured 0`, and a line for each request and captured node. */
export function attackText(name: string, { connections, tokenBytes, captured, requests }: AttackReport): string {
	const counts = `requests ${requests.length}, token bytes ${tokenBytes}, captured ${captured.length}`;
	return [
		`${name}: connections ${connections}, ${counts}`,
		...requests.map(({ method }) => `asked: ${method}`),
		...captured.map(({ node, serial }) => `captured: ${node}, with a certificate of its own, serial ${serial}`),
	].join('\n');
}

/** @returns the secrets and nodes that the attacker obtained; undefined when it obtained nothing */
export function gain(name: string, { tokenBytes, captured }: AttackReport): string | undefined {
	const gains = [
		...(tokenBytes === 0 ? [] : [`${name} received ${tokenBytes} bytes of a token's secret`]),
		...captured.map(({ node }) => `${name} has captured ${node}`),
	];
	return gains.length === 0 ? undefined : gains.join('; ');
}
