/**
 * `kubeadm token`: bootstrap tokens, generated here and stored by the cluster as Secrets. A new token is printed
 * once or written to a file with mode 0600; no error contains it.
 */

import { randomInt } from 'node:crypto';
import { type Clock, rfc3339 } from '../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { writeWholeFile } from '../../lib/files.ts';
import {
	field,
	idOfName,
	isForUse,
	type PresentedToken,
	parseToken,
	secretName,
} from '../../lib/kube/bootstrap-token.ts';
import type { ApiClient, Unsent } from '../../lib/kube/client.ts';
import { durationAdvice, parseGoDuration, shortHumanDuration } from '../../lib/kube/duration.ts';
import { millisecondsLeft } from '../../lib/kube/expiration.ts';
import { tokenFinding } from '../../lib/kube/join-input.ts';
import { groupOfNode, onceGroup } from '../../lib/kube/token-bounds.ts';
import { type Secret, wellKnown } from '../../lib/kube/types.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import { spkiPin } from '../../lib/pki/pin.ts';
import { poll } from '../../lib/poll.ts';
import { shellWord } from '../../lib/text.ts';
import { invalidCommand } from './command-errors.ts';
import type { Output } from './output.ts';
import { toJson, toYaml } from './print-object.ts';
import { alignTabs, tokenTabs } from './tabwriter.ts';

const tokenPattern = '\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z';
const tokenIdPattern = '\\A([a-z0-9]{6})\\z';
const groupPattern = '\\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\\z';
const knownUsages = ['signing', 'authentication'] as const;

export const tokenDefaults = {
	ttl: '24h0m0s',
	usages: knownUsages,
	groups: [wellKnown.groups.defaultNodeToken],
	description: '',
} as const;

export interface TokenRequest {
	/** Without it, a random token is generated. */
	readonly token?: string;
	/** A Go duration; `0` for a token that never expires. */
	readonly ttl: string;
	readonly usages: readonly string[];
	readonly groups: readonly string[];
	readonly description: string;
	/** The only node that can join with it. */
	readonly nodeName?: string;
	/** Valid for the first node that joins with it. */
	readonly once?: boolean;
}
/** The output of `token create`. Of a `join-config` only the path is printed. */
export type TokenOutput =
	| { readonly kind: 'token' }
	| { readonly kind: 'join-command'; readonly nodeName?: string | undefined }
	| { readonly kind: 'join-config'; readonly path: string };
/** The API server that nodes join, from the kubeconfig. */
export interface JoinTarget {
	/** `host:port` */
	readonly endpoint: string;
	readonly ca: Pem;
}
interface Tools {
	readonly secrets: ApiClient['secrets'];
	readonly output: Output;
	readonly clock: Clock;
}

interface CreateTools extends Tools {
	/** Between attempts to create the Secret. */
	readonly retryMs: number;
}
/** @source kubeadm */
export const CREATE_RETRY_MS = 500;
const CREATE_TIMEOUT_MS = 60_000;

/** Each character is drawn uniformly. @source cluster-bootstrap token/util GenerateBootstrapToken */
export function generateToken(): PresentedToken {
	return { id: randomText(6), secret: randomText(16) };
}

const alphabet = '0123456789abcdefghijklmnopqrstuvwxyz';
const randomText = (length: number): string =>
	Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');

/** A request that was checked. */
export interface NewToken extends Pick<TokenRequest, 'usages' | 'groups' | 'description'> {
	readonly token: PresentedToken;
	/** 0: the token never expires. */
	readonly ttlMs: number;
}

/**
 * Check a request before anything is sent, and generate the token if none is given.
 *
 * @throws TOKEN_MALFORMED, TOKEN_INVALID, COMMAND_INVALID
 * @source kubeadm cmd/options/token.go, apis/kubeadm/validation
 * @differs a token can be bound to one node, by name or to the first that joins; a negative --ttl is refused, where
 *   kubeadm creates a token that never expires; a malformed token is not repeated
 */
export function checkTokenRequest(request: TokenRequest): NewToken {
	const { usages, description } = request;
	const groups = [...request.groups, ...boundGroups(request)];
	const ttlMs = parseTtl(request.ttl);
	const token = request.token === undefined ? generateToken() : parseToken(request.token);
	if (token === undefined) throw new KubejoinError('TOKEN_MALFORMED', { found: tokenFinding(request.token ?? '') });
	const problems = [...usageProblems(usages), ...groupProblems(usages, groups)];
	// Several in brackets, as Go prints them.
	if (problems.length > 0)
		throw new KubejoinError('TOKEN_INVALID', {
			problems: problems.length === 1 ? problems : [`[${problems.join(', ')}]`],
		});
	return { token, ttlMs, usages, groups, description };
}

function boundGroups({ nodeName, once = false }: TokenRequest): string[] {
	const ofNode = nodeName === undefined ? [] : [groupOfNode(nodeName)];
	if (ofNode.includes(undefined)) {
		const rule = 'a token can be bound to a name of 1 to 63 characters a-z, 0-9 and -, without dots';
		const problem = `invalid argument ${JSON.stringify(nodeName)} for "--node-name" flag: ${rule}`;
		throw invalidCommand(problem, 'token create');
	}
	return [...ofNode.filter((group) => group !== undefined), ...(once ? [onceGroup] : [])];
}

/**
 * Create a token on the cluster and print it or the command that joins with it.
 *
 * @throws TOKEN_EXISTS; CERTIFICATE_MALFORMED, FILE_UNUSABLE
 * @source kubeadm cmd/token.go RunCreateToken
 * @differs the join command begins with `npx kubelet-sim join`, and ends with a node name that is not in use and
 *   without a health port, so that it works beside the nodes that run on this machine
 */
export async function createToken(
	wanted: NewToken,
	print: TokenOutput,
	target: JoinTarget,
	tools: CreateTools,
): Promise<void> {
	const { output, clock } = tools;
	const pins = print.kind === 'token' ? [] : parseCertificates(target.ca).map(spkiPin);
	const { id, secret } = wanted.token;
	await within(
		`failed to create or update bootstrap token with name ${secretName(id)}`,
		createSecret(tokenSecret(wanted, clock()), id, tools),
	);
	const text = `${id}.${secret}`;
	if (print.kind === 'token') output.out(`${text}\n`);
	else if (print.kind === 'join-command')
		output.out(joinCommand(target.endpoint, text, pins, print.nodeName ?? randomNodeName()));
	else {
		await writeWholeFile(print.path, await joinConfiguration(target.endpoint, text, pins), 0o600);
		output.out(`npx kubelet-sim join --config ${shellWord(print.path)} --healthz-port ${NO_PORT}\n`);
	}
}

/**
 * Create the Secret, and retry while the cluster is unavailable. When the answer to a successful attempt was lost,
 * the next attempt finds this Secret.
 *
 * @source kubeadm cmd/token.go, util/apiclient CreateOrUpdate: every 500 ms for a minute
 */
async function createSecret(
	wanted: Unsent<Secret>,
	id: string,
	{ secrets, output, retryMs }: CreateTools,
): Promise<void> {
	let isFirst = true;
	const attempt = async () => {
		try {
			await secrets.create(wanted);
		} catch (error) {
			if (!hasCode(error, 'API_ALREADY_EXISTS')) throw error;
			const found = isFirst ? undefined : await secrets.get(secretName(id), wellKnown.kubeSystem);
			if (found?.data?.['token-secret'] !== wanted.data?.['token-secret'])
				throw new KubejoinError('TOKEN_EXISTS', { id });
		} finally {
			isFirst = false;
		}
	};
	await poll(attempt, {
		retryMs,
		timeoutMs: CREATE_TIMEOUT_MS,
		isWorthwhile: (error) =>
			hasCode(error, 'STORE_UNAVAILABLE', 'CONNECTION_REFUSED', 'CALL_FAILED', 'DEADLINE_EXCEEDED', 'SHUTTING_DOWN'),
		say: (reason) => output.err(`waiting for the cluster to create the token: ${reason}\n`),
	});
}

function parseTtl(text: string): number {
	const refuse = (problem: string) =>
		invalidCommand(`invalid argument ${JSON.stringify(text)} for "--ttl" flag: ${problem}`, 'token create');
	let ms: number;
	try {
		ms = parseGoDuration(text);
	} catch (error) {
		const advice = durationAdvice(text);
		const { details } = refuse((error as Error).message);
		throw new KubejoinError('COMMAND_INVALID', {
			problem: String(details.problem),
			remedy: advice === undefined ? 'Write hours, minutes and seconds, as in: --ttl 24h' : `Write: --ttl ${advice}`,
		});
	}
	if (ms < 0) throw refuse('the lifetime of a token cannot be negative');
	return ms;
}

const goStrings = (list: readonly string[]): string =>
	`[]string{${list.map((item) => JSON.stringify(item)).join(', ')}}`;
const invalid = (name: string, value: readonly string[], problem: string): string =>
	`bootstrapTokens.0.${name}: Invalid value: ${goStrings(value)}: ${problem}`;

function usageProblems(usages: readonly string[]): string[] {
	const unknown = [...new Set(usages.filter((usage) => !knownUsages.some((known) => known === usage)))].sort();
	if (unknown.length === 0) return [];
	return [
		invalid(
			'usages',
			usages,
			`invalid bootstrap token usage string: ${unknown.join(',')}, valid usage options: ${knownUsages.join(',')}`,
		),
	];
}

function groupProblems(usages: readonly string[], groups: readonly string[]): string[] {
	const isUseless = groups.length > 0 && !usages.includes('authentication');
	const wrong = groups.filter((group) => !/^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/.test(group));
	return [
		...(isUseless
			? [invalid('groups', groups, 'token groups cannot be specified unless --usages includes "authentication"')]
			: []),
		...wrong.map((group) =>
			invalid('groups', groups, `bootstrap group ${JSON.stringify(group)} is invalid (must match ${groupPattern})`),
		),
	];
}

/** @source kubeadm apis/bootstraptoken/v1 BootstrapTokenToSecret */
function tokenSecret({ token, ttlMs, usages, groups, description }: NewToken, now: number): Unsent<Secret> {
	const data = {
		'token-id': token.id,
		'token-secret': token.secret,
		description,
		expiration: ttlMs === 0 ? '' : rfc3339(now + ttlMs),
		...Object.fromEntries(usages.map((usage) => [`usage-bootstrap-${usage}`, 'true'])),
		'auth-extra-groups': groups.join(','),
	};
	const present = Object.entries(data).filter(([, value]) => value !== '');
	return {
		metadata: { name: secretName(token.id), namespace: wellKnown.kubeSystem },
		type: wellKnown.bootstrapSecretType,
		data: Object.fromEntries(present.map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
	};
}

const NODE_NAME_SUFFIX = 5;
/** `--healthz-port 0`: a port of this machine may be in use by another node. */
const NO_PORT = 0;

/** A free number would have to be read from the cluster, and another node could take it before this node joins. */
const randomNodeName = (): string => `node-${randomText(NODE_NAME_SUFFIX)}`;

/** @source kubeadm cmd/util/join.go */
function joinCommand(endpoint: string, token: string, pins: readonly string[], nodeName: string): string {
	const hashes = pins.map((pin) => `--discovery-token-ca-cert-hash ${pin} `).join('');
	const node = `--node-name ${shellWord(nodeName)} --healthz-port ${NO_PORT}`;
	return `npx kubelet-sim join ${endpoint} --token ${token} ${hashes}${node}\n`;
}

/** @source kubeadm apis/kubeadm/v1beta4 JoinConfiguration */
const joinConfiguration = (
	apiServerEndpoint: string,
	token: string,
	caCertHashes: readonly string[],
): Promise<string> =>
	toYaml({
		apiVersion: 'kubeadm.k8s.io/v1beta4',
		kind: 'JoinConfiguration',
		discovery: { bootstrapToken: { apiServerEndpoint, caCertHashes, token } },
	});

/** @source kubeadm apis/output/v1alpha3 BootstrapToken, in the order of its fields */
interface ListedToken {
	readonly kind: 'BootstrapToken';
	readonly apiVersion: 'output.kubeadm.k8s.io/v1alpha3';
	readonly token: string;
	readonly description?: string;
	readonly expires?: string;
	readonly usages?: readonly string[];
	readonly groups?: readonly string[];
}

/**
 * Print every token with its secret, as kubeadm does; nothing when there is no token.
 *
 * @source kubeadm cmd/token.go RunListTokens
 */
export async function listTokens(format: 'text' | 'json' | 'yaml', { secrets, output, clock }: Tools): Promise<void> {
	const fieldSelector = `type=${wellKnown.bootstrapSecretType}`;
	const { items } = await within(
		'failed to list bootstrap tokens',
		secrets.list({ namespace: wellKnown.kubeSystem, fieldSelector }),
	);
	let before = format === 'text' ? 'TOKEN\tTTL\tEXPIRES\tUSAGES\tDESCRIPTION\tEXTRA GROUPS\n' : '';
	for (const secret of items) {
		const token = listedToken(secret);
		if (typeof token === 'string') {
			output.err(`${token}\n`);
			continue;
		}
		if (format === 'text') output.out(alignTabs(before + textRow(token, clock()), tokenTabs));
		else output.out(before + (format === 'json' ? toJson(token) : await toYaml(token)));
		before = format === 'yaml' ? '---\n' : '';
	}
}

/**
 * @returns kubeadm's text for a Secret that is not a valid token
 * @source kubeadm apis/bootstraptoken/v1 BootstrapTokenFromSecret
 */
function listedToken(secret: Secret): ListedToken | string {
	const name = secret.metadata.name ?? '';
	const id = field(secret, 'token-id');
	const token = parseToken(`${id}.${field(secret, 'token-secret')}`);
	if (id === '') return `bootstrap Token Secret has no token-id data: ${name}`;
	if (idOfName(name) !== id)
		return (
			"bootstrap token name is not of the form 'bootstrap-token-(token-id)'. " +
			`Actual: "${name}". Expected: "${secretName(id)}"`
		);
	if (token === undefined) return `bootstrap Token Secret is invalid and couldn't be parsed: ${name}`;
	const description = field(secret, 'description');
	const expires = field(secret, 'expiration');
	const usages = knownUsages.filter((usage) => isForUse(secret, usage)).sort();
	const groups = field(secret, 'auth-extra-groups')
		.split(',')
		.filter((group) => group !== '');
	return {
		kind: 'BootstrapToken',
		apiVersion: 'output.kubeadm.k8s.io/v1alpha3',
		token: `${token.id}.${token.secret}`,
		...(description === '' ? {} : { description }),
		...(expires === '' ? {} : { expires }),
		...(usages.length === 0 ? {} : { usages }),
		...(groups.length === 0 ? {} : { groups }),
	};
}

function textRow(
	{ token, expires, usages = [], description = '<none>', groups = [] }: ListedToken,
	now: number,
): string {
	const ttl = expires === undefined ? '<forever>' : shortHumanDuration(millisecondsLeft(expires, now));
	const cells = [
		token,
		ttl.padEnd(9),
		expires ?? '<never>',
		(usages.join(',') || '<none>').padEnd(22),
		description.padEnd(56),
		groups.join(',') || '<none>',
	];
	return `${cells.join('\t')}\n`;
}

/**
 * @param idsOrTokens  only the ID of a token is sent
 * @throws COMMAND_INVALID  a text is neither; the tokens before it have been deleted
 */
export async function deleteTokens(
	idsOrTokens: readonly string[],
	{ secrets, output }: Pick<Tools, 'secrets' | 'output'>,
): Promise<void> {
	const forms = `${JSON.stringify(tokenPattern)} or ${JSON.stringify(tokenIdPattern)}`;
	if (idsOrTokens.length === 0)
		throw invalidCommand(`missing argument; 'token delete' is missing token of form ${forms}`, 'token delete');
	for (const text of idsOrTokens) {
		const id = /^[a-z0-9]{6}$/.test(text) ? text : parseToken(text)?.id;
		if (id === undefined) throw invalidCommand(`given token didn't match pattern ${forms}`, 'token delete');
		await within(
			`failed to delete bootstrap token "${id}"`,
			secrets.delete(secretName(id), { namespace: wellKnown.kubeSystem }).catch((error: unknown) => {
				throw hasCode(error, 'API_NOT_FOUND') ? new KubejoinError('TOKEN_NOT_FOUND', { id }) : error;
			}),
		);
		output.out(`bootstrap token "${id}" deleted\n`);
	}
}

/** Prefixes a refusal of the API with the failed operation, as kubeadm does. Failed connections keep their text. */
async function within<T>(failure: string, answer: Promise<T>): Promise<T> {
	try {
		return await answer;
	} catch (error) {
		if (!(error instanceof KubejoinError) || !/^API_|^TOKEN_NOT_FOUND|^TOKEN_INVALID/.test(error.code)) throw error;
		throw new KubejoinError(
			'COMMAND_INVALID',
			{ problem: `${failure}: ${error.message}`, remedy: error.remedy },
			{ cause: error },
		);
	}
}
