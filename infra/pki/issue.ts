/**
 * The PKI of a mesh, as `kubeadm init phase certs` and `kubeconfig` for a cluster. Each program has its own
 * directory, which can be mounted alone; no private key is in two of them. A second run keeps valid files and
 * replaces all others.
 */
import { createHash, createPublicKey, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { makePrivateDirectory, readFileIfThere, writeWholeFile, writeWholeFiles } from '../../lib/files.ts';
import { parseKubeconfig, userKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { currentCluster, currentUser } from '../../lib/kube/kubeconfig-access.ts';
import { certificatesPem } from '../../lib/pki/certificate.ts';
import {
	generateKeyPair,
	type KeyAlgorithm,
	readPrivateKey,
	writePrivateKey,
	writePublicKey,
} from '../../lib/pki/keys.ts';
import { subjectText } from '../../lib/pki/names.ts';
import type { Pem } from '../../lib/pki/pem.ts';
import { redisAclRule, redisDefaultUser } from '../../lib/store/redis-acl.ts';
import { deriveTracesKey } from '../../lib/traces-key.ts';
import { type Authority, keepOrMakeAuthority, type Surroundings } from './authority.ts';
import { type Identity, issueLeaf, leafProblem, refusalOf } from './leaf.ts';
import { type KubeconfigPlan, type LeafPlan, planPki, type StoreUserPlan } from './plan.ts';

export interface PkiOptions {
	readonly directory: string;
	/** Of a new cluster CA; all other keys are P-256. */
	readonly keyAlgorithm: KeyAlgorithm;
	/** `https://host:port`; goes into every kubeconfig, and its host into the API server's certificate. */
	readonly apiServer: string;
	/** DNS names and IP addresses of the API server, beside the usual ones and the name of this machine. */
	readonly extraSans: readonly string[];
	readonly clock: Clock;
	/** Called with one line for each artefact: `kept …` or `made …` with the reason. */
	readonly say: (line: string) => void;
}

/**
 * Issue every file of the plan, or keep it if it is valid.
 *
 * @throws CONFIG_INVALID  apiServer or extraSans
 * @throws FILE_UNUSABLE  a CA is incomplete or expired, or the directory cannot be written
 * @source  kubeadm phases certs and kubeconfig: names, usages, files; keys of leaves are P-256 as the kubelet's
 */
export async function issuePki({
	directory,
	keyAlgorithm,
	apiServer,
	extraSans,
	clock,
	say,
}: PkiOptions): Promise<void> {
	const machine = hostname().toLowerCase();
	const plan = planPki([
		hostOf(apiServer),
		...(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(machine) ? [machine] : []),
		...extraSans,
	]);
	const surroundings: Surroundings = { directory, now: clock(), say };
	await makePrivateDirectory(directory);
	for (const part of plan.directories) await makePrivateDirectory(join(directory, part));

	// Two keys of RSA-2048 take half a second, and each file that is written waits for the disk.
	const [cluster, mesh, serviceAccountKey] = await Promise.all([
		keepOrMakeAuthority(plan.cas.cluster, keyAlgorithm, surroundings),
		keepOrMakeAuthority(plan.cas.mesh, 'ECDSA-P256', surroundings),
		findOrMakeRsaKey(join(directory, `${plan.serviceAccountPath}.key`)),
	]);
	const certificates = Object.fromEntries(
		await Promise.all([
			...[cluster, mesh].map(
				({ path, certificate }) => [`${path}.crt`, certificatesPem(certificate).join('')] as const,
			),
			...plan.leaves.map(async (leaf) => {
				const certificate = await keepOrIssueLeaf(leaf, { cluster, mesh }[leaf.ca], surroundings);
				return [`${leaf.path}.crt`, certificate] as const;
			}),
			...plan.kubeconfigs.map(async (kubeconfig) => {
				const certificate = await keepOrIssueKubeconfig(kubeconfig, cluster, apiServer, surroundings);
				return [kubeconfig.path, certificate] as const;
			}),
		]),
	);
	const published = `${JSON.stringify(certificates, undefined, '\t')}\n`;
	await keepOrWrite(plan.publishedPath, published, 'the certificates of the mesh without their keys', surroundings);
	await writeServiceAccountKey(plan.serviceAccountPath, serviceAccountKey, surroundings);
	const aclLines = [redisDefaultUser(plan.storeUsers.map(({ keyspace }) => keyspace))];
	for (const user of plan.storeUsers) {
		const password = await keepOrMakeSecret(user.passwordPath, `of the Redis user ${user.user}`, surroundings);
		aclLines.push(aclLine(user, password));
	}
	await keepOrWrite(plan.aclPath, `${aclLines.join('\n')}\n`, 'the users of Redis', surroundings);
	const what = 'the root of the keys for sending traces';
	const rootKey = await keepOrMakeSecret(plan.tracesRootPath, what, surroundings);
	await Promise.all(
		plan.tracesKeys.map(({ program, path }) =>
			keepOrWrite(path, `${deriveTracesKey(rootKey, program)}\n`, `traces of ${program}`, surroundings),
		),
	);
}

function hostOf(apiServer: string): string {
	const url = /^https:\/\/[^/@]+:\d+$/.test(apiServer) && URL.canParse(apiServer) ? new URL(apiServer) : undefined;
	if (url === undefined)
		throw new KubejoinError('CONFIG_INVALID', {
			problems: [`the address of the API server was ${JSON.stringify(apiServer)}; https://HOST:PORT is allowed`],
		});
	return url.hostname.replace(/^\[|\]$/g, '');
}

async function keepOrIssueLeaf(
	plan: LeafPlan,
	authority: Authority,
	{ directory, now, say }: Surroundings,
): Promise<Pem> {
	const path = join(directory, plan.path);
	const [certificate, key] = await Promise.all([readFileIfThere(`${path}.crt`), readFileIfThere(`${path}.key`)]);
	const found = { certificate, key };
	const problem = leafProblem(plan, authority, found, now);
	let used = certificate ?? '';
	if (problem !== undefined) {
		const identity = await issueLeaf(plan, authority, now);
		used = identity.certificate;
		const refusal = refusalOf(plan, authority, identity, now);
		if (refusal !== undefined)
			throw new KubejoinError('FILE_UNUSABLE', {
				path: join(directory, `${authority.path}.crt`),
				problem: `the CA cannot sign ${plan.path}.crt: x509: ${refusal}`,
			});
		await writeWholeFiles([
			{ path: `${path}.key`, contents: identity.key, mode: 0o600 },
			{ path: `${path}.crt`, contents: identity.certificate, mode: 0o644 },
		]);
	}
	say(
		`${keptOrMade(problem)} ${plan.path}.crt and .key: ${subjectText(plan.subject)}, ${plan.purpose}${because(problem)}`,
	);
	return used;
}

async function keepOrIssueKubeconfig(
	plan: KubeconfigPlan,
	authority: Authority,
	apiServer: string,
	{ directory, now, say }: Surroundings,
): Promise<Pem> {
	const path = join(directory, plan.path);
	const leaf = { subject: plan.subject, purpose: 'client auth', hosts: [] } as const;
	const text = await readFileIfThere(path);
	const write = (identity: Identity): string =>
		writeKubeconfig(userKubeconfig(apiServer, authority.certificate, plan.user, identity));
	const problem =
		text === undefined
			? 'the file was missing'
			: kubeconfigProblem(text, path, apiServer, authority, (found) => leafProblem(leaf, authority, found, now));
	const used = problem === undefined && text !== undefined ? text : write(await issueLeaf(leaf, authority, now));
	if (used !== text) await writeWholeFile(path, used, 0o600);
	say(`${keptOrMade(problem)} ${plan.path}: ${subjectText(plan.subject)}${because(problem)}`);
	return currentUser(parseKubeconfig(used, path), path).certificate ?? '';
}

function kubeconfigProblem(
	text: string,
	path: string,
	apiServer: string,
	authority: Authority,
	identityProblem: (found: Partial<Identity>) => string | undefined,
): string | undefined {
	try {
		const config = parseKubeconfig(text, path);
		const cluster = currentCluster(config, path);
		if (cluster.server !== apiServer) return `it was for ${cluster.server}`;
		if (cluster.ca !== authority.certificate) return 'it had another CA';
		return identityProblem(currentUser(config, path));
	} catch (error) {
		return causeText(error);
	}
}

async function findOrMakeRsaKey(path: string): Promise<Pem> {
	const found = await readFileIfThere(path);
	if (found !== undefined && isRsaKey(found)) return found;
	return writePrivateKey((await generateKeyPair('RSA-2048')).privateKey);
}

async function writeServiceAccountKey(plan: string, pem: Pem, surroundings: Surroundings): Promise<void> {
	await keepOrWrite(`${plan}.key`, pem, 'signs service-account tokens', surroundings);
	await keepOrWrite(`${plan}.pub`, writePublicKey(createPublicKey(pem)), 'verifies them', surroundings, 0o644);
}

function isRsaKey(pem: string): boolean {
	try {
		return readPrivateKey(pem).asymmetricKeyType === 'rsa';
	} catch {
		return false;
	}
}

/** @returns the secret: 32 random bytes as base64url */
async function keepOrMakeSecret(file: string, what: string, { directory, say }: Surroundings): Promise<string> {
	const path = join(directory, file);
	const found = (await readFileIfThere(path))?.trimEnd();
	const isKept = found !== undefined && /^[A-Za-z0-9_-]{43}$/.test(found);
	const secret = isKept ? found : randomBytes(32).toString('base64url');
	if (!isKept) await writeWholeFile(path, `${secret}\n`, 0o600);
	say(`${isKept ? 'kept' : 'made'} ${file}: ${what}`);
	return secret;
}

/** Redis gets the hash of the password, not the password. */
const aclLine = ({ user, keyspace }: StoreUserPlan, password: string): string =>
	`user ${user} on #${createHash('sha256').update(password).digest('hex')} ${redisAclRule(keyspace)}`;

async function keepOrWrite(
	path: string,
	contents: string,
	what: string,
	{ directory, say }: Surroundings,
	mode: 0o600 | 0o644 = 0o600,
): Promise<void> {
	const isSame = (await readFileIfThere(join(directory, path))) === contents;
	if (!isSame) await writeWholeFile(join(directory, path), contents, mode);
	say(`${isSame ? 'kept' : 'made'} ${path}: ${what}`);
}

const keptOrMade = (problem: string | undefined): string => (problem === undefined ? 'kept' : 'made');
const because = (problem: string | undefined): string => (problem === undefined ? '' : ` (${problem})`);
