/**
 * Ask the cluster for an identity: a CertificateSigningRequest made with the bootstrap token, then waiting by watch until somebody approved
 * it and the CA signed it. The name of the request follows from the key, so a second try finds the first.
 * @source kubelet certificate/bootstrap, client-go util/certificate/csr RequestCertificate and WaitForCertificate
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import { type CertificateSigningRequest, wellKnown } from '../../../lib/kube/types.ts';
import { createCsr, parseCsr } from '../../../lib/pki/csr.ts';
import { type KeyPair, writePublicKey } from '../../../lib/pki/keys.ts';
import { addSpanEvent, setSpanAttributes, traceAnnotations } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { JoinContext } from './join-context.ts';
import { retryWhileUnavailable } from './retry.ts';
import type { TrustedServer } from './trust.ts';

interface Needs {
	readonly server: TrustedServer;
	readonly bootstrapToken: string;
	readonly nodeName: string;
	readonly keyPair: KeyPair;
	readonly tlsBootstrapTimeoutMs: number;
}
type Csrs = ApiClient['certificateSigningRequests'];
type Waits = Pick<JoinContext, 'signal' | 'say' | 'retryMs'>;

const usages = ['digital signature', 'client auth'];

/** @throws CSR_DENIED, CSR_FAILED, CSR_TIMEOUT, API_UNAUTHORIZED, API_FORBIDDEN */
export const requestCertificate = (tools: JoinContext): Phase<Needs, { readonly claimedCertificate: string }> => ({
	name: 'tls-bootstrap/request-certificate',
	trust: 'the cluster trusts the node: its CA has signed the key',
	moment: 'cluster-trusts-node',
	async run({ server, bootstrapToken, nodeName, keyPair, tlsBootstrapTimeoutMs }) {
		const { dial, paths, say } = tools;
		const connection = dial.withToken(server, bootstrapToken);
		const onWaiting = (name: string) =>
			say(`[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap: ${name} is to be approved and signed`);
		try {
			const wanted = { nodeName, keyPair, timeoutMs: tlsBootstrapTimeoutMs, onWaiting };
			const claimedCertificate = await retryWhileUnavailable(
				() => obtainCertificate(connection.api.certificateSigningRequests, wanted, tools),
				{ timeoutMs: tlsBootstrapTimeoutMs, waiting: '[kubelet-start] Waiting for the API server to take the request' },
				tools,
			);
			return { claimedCertificate };
		} catch (error) {
			// A refused request stays refused under its name; the next try needs another key.
			if (hasCode(error, 'CSR_DENIED', 'CSR_FAILED')) await rm(paths.pendingKey, { force: true });
			throw error;
		} finally {
			connection.close();
		}
	},
});

interface Wanted {
	readonly nodeName: string;
	readonly keyPair: KeyPair;
	readonly timeoutMs: number;
	/** The request of this name has been made. */
	readonly onWaiting?: (name: string) => void;
}

/**
 * Ask for a client certificate of this node for the key, unless that was done before, and wait for it.
 *
 * @returns PEM; nothing about it is verified
 * @throws CSR_DENIED, CSR_FAILED, CSR_TIMEOUT, API_UNAUTHORIZED, API_FORBIDDEN
 */
export async function obtainCertificate(
	csrs: Csrs,
	{ nodeName, keyPair, timeoutMs, onWaiting }: Wanted,
	tools: Waits,
): Promise<string> {
	const csr = await createOrFind(csrs, nodeName, keyPair, tools.signal);
	setSpanAttributes({
		'kubejoin.csr.name': csr.metadata.name ?? '',
		'kubejoin.csr.signer': csr.spec.signerName,
		'kubejoin.csr.usages': usages,
		'kubejoin.csr.pem': Buffer.from(csr.spec.request, 'base64').toString(),
	});
	onWaiting?.(csr.metadata.name ?? '');
	return waitForCertificate(csrs, csr, timeoutMs, tools);
}

async function createOrFind(
	csrs: Csrs,
	nodeName: string,
	keyPair: KeyPair,
	signal: AbortSignal,
): Promise<CertificateSigningRequest> {
	const subject = { organizations: [wellKnown.groups.nodes], commonName: `${wellKnown.nodeUserPrefix}${nodeName}` };
	const name = requestName(writePublicKey(keyPair.publicKey), subject.commonName, subject.organizations);
	const request = Buffer.from(createCsr({ subject }, keyPair)).toString('base64');
	const spec = { request, signerName: wellKnown.signers.clientKubelet, usages };
	try {
		return await csrs.create({ metadata: { name, annotations: traceAnnotations() }, spec }, { signal });
	} catch (error) {
		if (!hasCode(error, 'API_ALREADY_EXISTS')) throw error;
		const found = await csrs.get(name, '', { signal });
		requireSameRequest(found, spec);
		return found;
	}
}

/** @source client-go util/certificate/csr ensureCompatible */
function requireSameRequest(
	{ metadata, spec }: CertificateSigningRequest,
	wanted: CertificateSigningRequest['spec'],
): void {
	const { spki, subject } = parseCsr(Buffer.from(spec.request, 'base64').toString());
	const own = parseCsr(Buffer.from(wanted.request, 'base64').toString());
	const isSame =
		spki.equals(own.spki) && subject.commonName === own.subject.commonName && spec.signerName === wanted.signerName;
	if (!isSame) {
		throw new KubejoinError('CERTIFICATE_UNUSABLE', {
			problem: `the request ${metadata.name} that exists is not compatible with the one to be made`,
		});
	}
}

/** @source kubelet certificate/bootstrap digestedName */
export function requestName(publicKeyPem: string, commonName: string, organizations: readonly string[]): string {
	const hash = createHash('sha512-256');
	for (const field of [publicKeyPem, commonName, ...organizations, ...usages])
		hash.update(`${Buffer.from(field).toString('base64url')}|`);
	return `node-csr-${hash.digest('base64url')}`;
}

async function waitForCertificate(
	csrs: Csrs,
	csr: CertificateSigningRequest,
	timeoutMs: number,
	tools: Waits,
): Promise<string> {
	const { name = '', uid } = csr.metadata;
	const ending = AbortSignal.any([tools.signal, AbortSignal.timeout(timeoutMs)]);
	while (!ending.aborted) {
		try {
			for await (const { type, object } of csrs.watch({ fieldSelector: `metadata.name=${name}` }, ending)) {
				if (object.metadata.uid !== uid)
					throw new KubejoinError('CSR_FAILED', { name, reason: 'Replaced', message: `csr "${name}" changed UIDs` });
				if (type === 'DELETED')
					throw new KubejoinError('CSR_FAILED', { name, reason: 'Deleted', message: `csr "${name}" was deleted` });
				const certificate = decided(object);
				addSpanEvent('kubejoin.seen', {
					'kubejoin.seen.from': 'apiserver-sim',
					'kubejoin.seen.what': seen(name, object),
				});
				if (certificate !== undefined) return certificate;
			}
		} catch (error) {
			if (hasCode(error, 'CSR_DENIED', 'CSR_FAILED', 'API_UNAUTHORIZED', 'API_FORBIDDEN')) throw error;
			if (error instanceof Error) tools.say(`[kubelet-start] Waiting for the API server: ${error.message}`);
		}
		await delay(Math.min(tools.retryMs, 1_000), undefined, { signal: ending }).catch(() => undefined);
	}
	tools.signal.throwIfAborted();
	throw new KubejoinError('CSR_TIMEOUT', { name, waitedSeconds: Math.round(timeoutMs / 1000) });
}

/** What the watch told, in words: `csr "…" Approved`, as in the CONDITION column of kubectl. */
const seen = (name: string, { status }: CertificateSigningRequest): string =>
	`csr "${name}" ${[...(status?.conditions ?? []).map(({ type }) => type), ...(status?.certificate ? ['Issued'] : [])].join(',') || 'Pending'}`;

/** The certificate as PEM once the request is approved and signed; undefined while it is not. @throws CSR_DENIED, CSR_FAILED */
export function decided({ metadata: { name = '' }, status }: CertificateSigningRequest): string | undefined {
	for (const { type, reason = '', message = '' } of status?.conditions ?? []) {
		if (type === 'Denied') throw new KubejoinError('CSR_DENIED', { name, reason, message });
		if (type === 'Failed') throw new KubejoinError('CSR_FAILED', { name, reason, message });
	}
	const isApproved = status?.conditions?.some(({ type }) => type === 'Approved') ?? false;
	return isApproved && status?.certificate ? Buffer.from(status.certificate, 'base64').toString() : undefined;
}
