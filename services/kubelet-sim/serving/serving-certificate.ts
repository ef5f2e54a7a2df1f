/**
 * The certificate that the kubelet presents: self-signed by default; with `--rotate-server-certificates` requested from
 * the signer kubernetes.io/kubelet-serving, whose requests a person or another controller approves.
 *
 * @source pkg/kubelet/certificate/kubelet.go NewKubeletServerCertificateManager; cmd/kubelet/app/server.go
 *   InitializeTLS; client-go/util/cert GenerateSelfSignedCertKey
 */
import type { Clock, WaitUntil } from '../../../lib/clock.ts';
import { asKubejoinError, type KubejoinError } from '../../../lib/errors.ts';
import { makePrivateDirectory, readFileIfThere, removeFile, writeWholeFiles } from '../../../lib/files.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import { wellKnown } from '../../../lib/kube/types.ts';
import type { NodePaths } from '../../../lib/node-paths.ts';
import { buildCaCertificate, buildCertificate, createIssuer, parseCertificates } from '../../../lib/pki/certificate.ts';
import { generateKeyPair, spkiOf, writePrivateKey } from '../../../lib/pki/keys.ts';
import { hostNames } from '../../../lib/pki/names.ts';
import type { Pem } from '../../../lib/pki/pem.ts';
import { readPair, storePair } from '../identity.ts';
import { newKey, pendingKey } from '../join/create-key.ts';
import { obtainCertificate } from '../join/request-certificate.ts';
import { randomFraction, retryAfterMs, rotationDeadline } from '../rotation/keep-renewed.ts';

export interface ServingPair {
	readonly certificate: Pem;
	readonly key: Pem;
}

const YEAR_MS = 365 * 24 * 3_600_000;
const HOUR_MS = 3_600_000;

/** The certificate of an earlier start, or a new one. */
export async function selfSignedPair(
	{ selfSignedCertificate: certificatePath, selfSignedKey: keyPath, certificateDirectory }: NodePaths,
	nodeName: string,
	nowMs: number,
): Promise<ServingPair> {
	const [certificate, key] = await Promise.all([readFileIfThere(certificatePath), readFileIfThere(keyPath)]);
	if (certificate !== undefined && key !== undefined && isUsable(certificate, key, nowMs)) return { certificate, key };
	const made = await newSelfSigned(nodeName, nowMs);
	await makePrivateDirectory(certificateDirectory);
	await writeWholeFiles([
		{ path: keyPath, contents: made.key, mode: 0o600 },
		{ path: certificatePath, contents: made.certificate, mode: 0o644 },
	]);
	return made;
}

function isUsable(certificate: Pem, key: Pem, nowMs: number): boolean {
	try {
		return Date.parse(readPair(`${certificate}\n${key}`, '').leaf.validTo) > nowMs;
	} catch {
		return false;
	}
}

/** As upstream: a CA that signs one certificate and is then forgotten. */
async function newSelfSigned(nodeName: string, nowMs: number): Promise<ServingPair> {
	const [caPair, pair] = await Promise.all([generateKeyPair('ECDSA-P256'), generateKeyPair('ECDSA-P256')]);
	const seconds = Math.floor(nowMs / 1000);
	const dates = { notBefore: nowMs - HOUR_MS, notAfter: nowMs + YEAR_MS };
	const ca = buildCaCertificate({ commonName: `${nodeName}-ca@${seconds}`, dnsNames: [], ...dates }, caPair);
	const issuer = createIssuer(parseCertificates(ca)[0], caPair.privateKey);
	const leaf = buildCertificate(
		{
			subject: { commonName: `${nodeName}@${seconds}`, organizations: [] },
			spki: spkiOf(pair.publicKey),
			...dates,
			usages: ['digital signature', 'key encipherment', 'server auth'],
			names: hostNames([nodeName]),
		},
		issuer,
	);
	return { certificate: `${leaf.trimEnd()}\n${ca.trimEnd()}\n`, key: writePrivateKey(pair.privateKey) };
}

export interface ServingRotation {
	readonly nodeName: string;
	/** The names of the certificate beside that of the node. */
	readonly addresses: readonly string[];
	readonly paths: NodePaths;
	/** Waits for the connection if the node has none yet. */
	readonly csrs: () => ApiClient['certificateSigningRequests'];
	readonly clock: Clock;
	readonly waitUntil: WaitUntil;
	readonly signal: AbortSignal;
	readonly onCertificate: (pair: ServingPair) => void;
	/** Called when the request exists and waits for approval. */
	readonly onRequested: (name: string) => void;
	readonly onRefused: (error: KubejoinError, retryMs: number) => void;
}

/** @source client-go certificateWaitTimeout */
const CERTIFICATE_WAIT_MS = 15 * 60_000;
const RETRY_MS = 5_000;

/** Keeps the node with a certificate of the signer, until the signal aborts. */
export async function keepServingCertificate(rotation: ServingRotation): Promise<void> {
	const { paths, clock, waitUntil, signal, onCertificate, onRefused } = rotation;
	let present = await keptPair(paths, clock());
	if (present !== undefined) onCertificate(present);
	let dueMs = present === undefined ? clock() : deadlineOf(present, randomFraction());
	let failures = 0;
	for (;;) {
		await waitUntil(dueMs, signal);
		if (signal.aborted) return;
		try {
			present = await requestPair(rotation, present);
			failures = 0;
			dueMs = deadlineOf(present, randomFraction());
			onCertificate(present);
		} catch (error) {
			if (signal.aborted) return;
			const retryMs = retryAfterMs(++failures, randomFraction());
			dueMs = clock() + retryMs;
			onRefused(asKubejoinError(error), retryMs);
		}
	}
}

function deadlineOf({ certificate }: ServingPair, lot: number): number {
	const { validFrom, validTo } = parseCertificates(certificate)[0];
	return rotationDeadline({ notBefore: Date.parse(validFrom), notAfter: Date.parse(validTo) }, lot);
}

async function keptPair({ servingCertificate }: NodePaths, nowMs: number): Promise<ServingPair | undefined> {
	const pem = await readFileIfThere(servingCertificate);
	if (pem === undefined) return undefined;
	const { leaf, certificate, key } = readPair(pem, servingCertificate);
	return Date.parse(leaf.validTo) > nowMs ? { certificate, key } : undefined;
}

async function requestPair(rotation: ServingRotation, present: ServingPair | undefined): Promise<ServingPair> {
	const { nodeName, addresses, paths, csrs, clock, signal, onRequested } = rotation;
	await makePrivateDirectory(paths.certificateDirectory);
	const keyPair = (await pendingKey(paths.pendingServingKey, present)) ?? (await newKey(paths.pendingServingKey));
	const wanted = {
		...{ nodeName, keyPair, timeoutMs: CERTIFICATE_WAIT_MS, onWaiting: onRequested },
		...{ signerName: wellKnown.signers.serving, usages: ['digital signature', 'server auth'] },
		...{ dnsNames: [nodeName], ipAddresses: addresses },
	};
	try {
		const certificate = await obtainCertificate(csrs(), wanted, { signal, retryMs: RETRY_MS, say: () => undefined });
		const pair = { certificate, key: writePrivateKey(keyPair.privateKey) };
		readPair(`${pair.certificate}\n${pair.key}`, paths.servingCertificate);
		await storePair(paths, 'kubelet-server', pair, clock());
		removeFile(paths.pendingServingKey);
		return pair;
	} catch (error) {
		// A request that ended keeps its name, which is derived from the key.
		const { code } = asKubejoinError(error);
		if (['CSR_DENIED', 'CSR_FAILED', 'CSR_TIMEOUT', 'CERTIFICATE_UNUSABLE'].includes(code))
			removeFile(paths.pendingServingKey);
		throw error;
	}
}
