/**
 * Requests a client certificate: creates a CertificateSigningRequest with the bootstrap token, and watches it until
 * it is approved and signed. The name of the request is derived from the key, so that a second attempt finds the
 * first.
 *
 * @source kubelet certificate/bootstrap, client-go util/certificate/csr RequestCertificate and WaitForCertificate
 */
import { createHash } from 'node:crypto';
import { withTimeout } from '../../../lib/abort.ts';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { removeFile } from '../../../lib/files.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import { type CertificateSigningRequest, wellKnown } from '../../../lib/kube/types.ts';
import { createCsr, parseCsr } from '../../../lib/pki/csr.ts';
import { type KeyPair, writePublicKey } from '../../../lib/pki/keys.ts';
import { repeatWatch } from '../../../lib/poll.ts';
import { addSpanEvent, setSpanAttributes, traceAnnotations } from '../../../lib/trace.ts';
import type { Phase } from '../../../lib/workflow.ts';
import type { TrustedServer } from '../trust.ts';
import type { BootstrapCredential, JoinContext } from './join-context.ts';
import { retryWhileUnavailable } from './retry.ts';

interface Needs {
	readonly server: TrustedServer;
	readonly credential: BootstrapCredential;
	readonly nodeName: string;
	readonly keyPair: KeyPair;
	readonly tlsBootstrapTimeoutMs: number;
}
type Csrs = ApiClient['certificateSigningRequests'];
type Waits = Pick<JoinContext, 'signal' | 'say' | 'retryMs'>;

const clientUsages: readonly string[] = ['digital signature', 'client auth'];
const MIN_RETRY_MS = 200;
const MAX_RETRY_MS = 1_000;

/** @throws CSR_DENIED, CSR_FAILED, CSR_TIMEOUT, API_UNAUTHORIZED, API_FORBIDDEN */
export const requestCertificate = (tools: JoinContext): Phase<Needs, { readonly claimedCertificate: string }> => ({
	name: 'tls-bootstrap/request-certificate',
	trust: 'the cluster trusts the node: its CA has signed the key',
	moment: 'cluster-trusts-node',
	async run({ server, credential, nodeName, keyPair, tlsBootstrapTimeoutMs }) {
		const { dial, paths, say } = tools;
		const connection = dial.withCredential(server, credential);
		const onWaiting = (name: string) =>
			say(`[kubelet-start] Waiting for the kubelet to perform the TLS Bootstrap: ${name} needs approval and signature`);
		try {
			const wanted = { nodeName, keyPair, timeoutMs: tlsBootstrapTimeoutMs, onWaiting };
			const claimedCertificate = await retryWhileUnavailable(
				() => obtainCertificate(connection.api.certificateSigningRequests, wanted, tools),
				{
					timeoutMs: tlsBootstrapTimeoutMs,
					waiting: '[kubelet-start] Waiting for the API server to create the request',
				},
				tools,
			);
			return { claimedCertificate };
		} catch (error) {
			// A refused request keeps its name, which is derived from the key: the next attempt needs another key.
			if (hasCode(error, 'CSR_DENIED', 'CSR_FAILED')) removeFile(paths.pendingKey);
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
	/** Called when the request exists. */
	readonly onWaiting?: (name: string) => void;
	/** Default: that of client certificates of nodes. */
	readonly signerName?: string;
	readonly usages?: readonly string[];
	/** Of a certificate for a server. */
	readonly dnsNames?: readonly string[];
	readonly ipAddresses?: readonly string[];
}

/**
 * Request a client certificate for the key, unless the request exists, and wait for it.
 *
 * @returns unverified PEM
 * @throws CSR_DENIED, CSR_FAILED, CSR_TIMEOUT, API_UNAUTHORIZED, API_FORBIDDEN
 */
export async function obtainCertificate(csrs: Csrs, wanted: Wanted, tools: Waits): Promise<string> {
	const { timeoutMs, onWaiting } = wanted;
	const csr = await createOrFind(csrs, wanted, tools.signal);
	setSpanAttributes({
		'kubejoin.csr.name': csr.metadata.name ?? '',
		'kubejoin.csr.signer': csr.spec.signerName,
		'kubejoin.csr.usages': [...csr.spec.usages],
		'kubejoin.csr.pem': Buffer.from(csr.spec.request, 'base64').toString(),
	});
	onWaiting?.(csr.metadata.name ?? '');
	return waitForCertificate(csrs, csr, timeoutMs, tools);
}

async function createOrFind(csrs: Csrs, wanted: Wanted, signal: AbortSignal): Promise<CertificateSigningRequest> {
	const { nodeName, keyPair, signerName = wellKnown.signers.clientKubelet, usages = clientUsages } = wanted;
	const { dnsNames = [], ipAddresses = [] } = wanted;
	const subject = { organizations: [wellKnown.groups.nodes], commonName: `${wellKnown.nodeUserPrefix}${nodeName}` };
	const name = requestName(writePublicKey(keyPair.publicKey), subject.commonName, subject.organizations, usages);
	const request = Buffer.from(createCsr({ subject, dnsNames, ipAddresses }, keyPair)).toString('base64');
	const spec = { request, signerName, usages: [...usages] };
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
			problem: `the existing request ${metadata.name} is not compatible with this one`,
		});
	}
}

/** @source kubelet certificate/bootstrap digestedName */
export function requestName(
	publicKeyPem: string,
	commonName: string,
	organizations: readonly string[],
	usages: readonly string[] = clientUsages,
): string {
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
	const ending = withTimeout(tools.signal, timeoutMs);
	const certificate = await repeatWatch(() => watchForCertificate(csrs, csr, ending), {
		signal: ending,
		minRetryMs: Math.min(tools.retryMs, MIN_RETRY_MS),
		maxRetryMs: Math.min(tools.retryMs, MAX_RETRY_MS),
		onEnded(error) {
			if (hasCode(error, 'CSR_DENIED', 'CSR_FAILED', 'API_UNAUTHORIZED', 'API_FORBIDDEN')) throw error;
			if (error instanceof Error) tools.say(`[kubelet-start] Waiting for the API server: ${error.message}`);
		},
	});
	if (certificate !== undefined) return certificate;
	tools.signal.throwIfAborted();
	const { name = '' } = csr.metadata;
	throw new KubejoinError('CSR_TIMEOUT', { name, waitedSeconds: Math.round(timeoutMs / 1000) });
}

/** @returns undefined if the watch ends before the decision @throws CSR_DENIED, CSR_FAILED */
async function watchForCertificate(
	csrs: Csrs,
	{ metadata: { name = '', uid } }: CertificateSigningRequest,
	signal: AbortSignal,
): Promise<string | undefined> {
	for await (const { type, object } of csrs.watch({ fieldSelector: `metadata.name=${name}` }, signal)) {
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
	return undefined;
}

/** `csr "…" Approved`, as in the CONDITION column of kubectl. */
function seen(name: string, { status }: CertificateSigningRequest): string {
	const types = (status?.conditions ?? []).map(({ type }) => type);
	return `csr "${name}" ${[...types, ...(status?.certificate ? ['Issued'] : [])].join(',') || 'Pending'}`;
}

/** @returns the certificate in PEM of an approved and signed request @throws CSR_DENIED, CSR_FAILED */
export function decided({ metadata: { name = '' }, status }: CertificateSigningRequest): string | undefined {
	for (const { type, reason = '', message = '' } of status?.conditions ?? []) {
		if (type === 'Denied') throw new KubejoinError('CSR_DENIED', { name, reason, message });
		if (type === 'Failed') throw new KubejoinError('CSR_FAILED', { name, reason, message });
	}
	const isApproved = status?.conditions?.some(({ type }) => type === 'Approved') ?? false;
	return isApproved && status?.certificate ? Buffer.from(status.certificate, 'base64').toString() : undefined;
}
