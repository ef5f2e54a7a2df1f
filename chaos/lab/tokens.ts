/** Bootstrap tokens of an experiment, by name. They are in files that only the owner can read, not in command lines. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ignoring, KubejoinError } from '../../lib/errors.ts';
import { makePrivateDirectory, readFileIfThere } from '../../lib/files.ts';
import { field, secretName } from '../../lib/kube/bootstrap-token.ts';
import { type Secret, wellKnown } from '../../lib/kube/types.ts';
import { readYamlFile } from '../../lib/yaml.ts';
import { type LabContext, recordStart } from './context.ts';

export interface TokenFlags {
	/** A Go duration: `15m`; `0` means forever. */
	readonly ttl: string;
	/** `signing,authentication` */
	readonly usages?: string;
	readonly once?: boolean;
	readonly nodeName?: string;
}

/** The fields of a JoinConfiguration of kubectl-sim that the lab changes. */
export interface JoinConfiguration {
	readonly apiVersion: string;
	readonly kind: string;
	readonly discovery: {
		readonly bootstrapToken: {
			readonly apiServerEndpoint: string;
			readonly token: string;
			readonly caCertHashes?: readonly string[];
		};
	};
}

const namespace = wellKnown.kubeSystem;
const configPath = ({ directory }: LabContext, name: string): string => join(directory, 'tokens', `${name}.yaml`);

/** @returns the ID of the token @throws SERVICE_FAILED */
export async function createToken(
	context: LabContext,
	name: string,
	{ ttl, usages, once, nodeName }: TokenFlags,
): Promise<string> {
	await recordStart(context);
	await makePrivateDirectory(join(context.directory, 'tokens'));
	const flags = [
		...['--ttl', ttl],
		...(usages === undefined ? [] : ['--usages', usages]),
		...(once === true ? ['--once'] : []),
		...(nodeName === undefined ? [] : ['--node-name', nodeName]),
	];
	const { code, stderr } = await context.kubectl([
		'token',
		'create',
		...flags,
		'--print-join-config',
		'--to',
		configPath(context, name),
	]);
	if (code !== 0)
		throw new KubejoinError('SERVICE_FAILED', { service: 'kubectl-sim token create', problem: stderr.trim() });
	const { id, token } = await tokenOf(context, name);
	await remember(context, token);
	return id;
}

/** The configuration of a node that joins with the token. @throws LAB_NOT_FOUND */
export async function joinConfigurationOf(context: LabContext, name: string): Promise<JoinConfiguration> {
	const path = configPath(context, name);
	const text = await readFileIfThere(path);
	if (text === undefined)
		throw new KubejoinError('LAB_NOT_FOUND', { kind: 'token', name, known: await tokenNames(context) });
	return readYamlFile(path, text) as JoinConfiguration;
}

/** @returns the ID, and `id.secret` @throws LAB_NOT_FOUND */
export async function tokenOf(
	context: LabContext,
	name: string,
): Promise<{ readonly id: string; readonly token: string }> {
	const { token } = (await joinConfigurationOf(context, name)).discovery.bootstrapToken;
	return { id: token.slice(0, 6), token };
}

export async function tokenNames({ directory }: LabContext): Promise<readonly string[]> {
	const files = await readdir(join(directory, 'tokens')).catch(() => []);
	return files.flatMap((file) => (file.endsWith('.yaml') ? [file.slice(0, -'.yaml'.length)] : []));
}

/** @returns its ID @throws LAB_NOT_FOUND */
export async function deleteToken(context: LabContext, name: string): Promise<string> {
	const { id } = await tokenOf(context, name);
	await deleteSecret(context, id);
	return id;
}

async function deleteSecret({ api }: LabContext, id: string): Promise<void> {
	await api.secrets.delete(secretName(id), { namespace }).catch(ignoring('API_NOT_FOUND', 'TOKEN_NOT_FOUND'));
}

/**
 * Make the token expire now: replace its Secret with one that expires within two seconds, and wait until then. So an
 * experiment can let a node reach any step of its join first, on a machine of any speed. @throws LAB_NOT_FOUND
 */
export async function expireToken(
	context: LabContext,
	name: string,
	{ now, wait }: Waiting = waiting,
): Promise<string> {
	const { id } = await tokenOf(context, name);
	const secret = await context.api.secrets.get(secretName(id), namespace);
	const expiresAtMs = Math.ceil(now() / 1_000) * 1_000 + 1_000;
	const expiration = new Date(expiresAtMs).toISOString().replace('.000', '');
	await deleteSecret(context, id);
	await context.api.secrets.create({
		metadata: { name: secretName(id), namespace },
		...(secret.type === undefined ? {} : { type: secret.type }),
		data: { ...secret.data, expiration: Buffer.from(expiration).toString('base64') },
	});
	await wait(expiresAtMs + 100 - now());
	return expiration;
}

export interface Waiting {
	readonly now: () => number;
	readonly wait: (ms: number) => Promise<unknown>;
}
const waiting: Waiting = { now: () => Date.now(), wait: delay };

/** @returns whether the cluster stores the token and signs cluster-info with it: `token ID: kept, signed` */
export async function tokenState(context: LabContext, name: string): Promise<string> {
	const { id } = await tokenOf(context, name);
	const { items } = await context.api.secrets.list({ namespace });
	const { data = {} } = await context.api.configMaps.get(wellKnown.clusterInfo, wellKnown.kubePublic);
	const isKept = items.some(({ metadata }) => metadata.name === secretName(id));
	return `token ${id}: ${isKept ? 'kept' : 'gone'}, ${`jws-kubeconfig-${id}` in data ? 'signed' : 'not signed'}`;
}

/** Delete every token of the cluster; `restoreTokens` creates them again. @returns how many */
export async function flushTokens(context: LabContext): Promise<number> {
	const { items } = await context.api.secrets.list({ namespace });
	const tokens = items.filter(({ type }) => type === wellKnown.bootstrapSecretType);
	const before = (await context.read<Secret[]>('flushed.json')) ?? [];
	// Stored before the deletion, so that they can be restored after a crash.
	await context.write('flushed.json', [...before, ...tokens]);
	for (const secret of tokens) await deleteSecret(context, field(secret, 'token-id'));
	return tokens.length;
}

/** @returns how many */
export async function restoreTokens(context: LabContext): Promise<number> {
	const flushed = (await context.read<Secret[]>('flushed.json')) ?? [];
	for (const { metadata, type, data } of flushed) {
		const secret = {
			metadata: { name: metadata.name ?? '', namespace },
			...(type === undefined ? {} : { type }),
			...(data === undefined ? {} : { data }),
		};
		await context.api.secrets.create(secret).catch(ignoring('API_ALREADY_EXISTS', 'TOKEN_EXISTS'));
	}
	// Last, so that the next reset retries a token that could not be created.
	await rm(join(context.directory, 'flushed.json'), { force: true });
	return flushed.length;
}

/** Every token that the lab has created, for the search for secrets. */
export const knownTokens = async (context: LabContext): Promise<readonly string[]> =>
	(await context.read<string[]>('known-tokens.json')) ?? [];

async function remember(context: LabContext, token: string): Promise<void> {
	await context.write('known-tokens.json', [...new Set([...(await knownTokens(context)), token])]);
}

/** Delete the tokens of experiments. @returns their IDs */
export async function removeLabTokens(context: LabContext): Promise<readonly string[]> {
	const ids = (await knownTokens(context)).map((token) => token.slice(0, 6));
	const { items } = await context.api.secrets.list({ namespace });
	const kept = ids.filter((id) => items.some(({ metadata }) => metadata.name === secretName(id)));
	for (const id of kept) await deleteSecret(context, id);
	await rm(join(context.directory, 'tokens'), { recursive: true, force: true });
	return kept;
}
