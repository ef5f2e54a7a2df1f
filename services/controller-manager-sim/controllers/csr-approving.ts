/**
 * Approves the requests of nodes for client certificates, if the requester may have one. Whether it may is the API server's answer to a
 * SubjectAccessReview; never this controller's opinion. Everything else stays pending, for a person.
 */
import type { ApiClient, Unsent } from '../../../lib/kube/client.ts';
import { type CertificateSigningRequest, type SubjectAccessReview, wellKnown } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import { parseCsr } from '../../../lib/pki/csr.ts';
import { signerViolation } from '../../../lib/pki/signer-rules.ts';
import { onSeen } from '../../../lib/trace.ts';
import { isDecided, isIssued, withCondition } from '../csr-conditions.ts';
import { actOnFresh } from '../fresh.ts';

const queue = 'csr-approving';

export interface Recognition {
	/** What the requester must be allowed to create: certificatesigningrequests/<this>. */
	readonly subresource: 'selfnodeclient' | 'nodeclient';
	/** Message of the Approved condition. */
	readonly message: string;
}

const selfNodeClient: Recognition = {
	subresource: 'selfnodeclient',
	message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
};
const nodeClient: Recognition = { subresource: 'nodeclient', message: 'Auto approving kubelet client certificate after SubjectAccessReview.' };

/**
 * What an undecided request can be recognised as, in the order in which that is asked for.
 *
 * @returns nothing for a request that is decided or is not a node's for a client certificate
 * @source pkg/controller/certificates/approver sarapprove.go
 */
export function recognise(csr: CertificateSigningRequest): readonly Recognition[] {
	if (isIssued(csr) || isDecided(csr, 'Approved', 'Denied') || csr.spec.signerName !== wellKnown.signers.clientKubelet) return [];
	const commonName = nodeCommonName(csr);
	if (commonName === undefined) return [];
	return csr.spec.username === commonName ? [selfNodeClient, nodeClient] : [nodeClient];
}

/** The common name of a request that the signer would sign; the signer says itself what is wrong with another one. */
function nodeCommonName({ spec }: CertificateSigningRequest): string | undefined {
	try {
		const csr = parseCsr(Buffer.from(spec.request, 'base64').toString('utf8'));
		return signerViolation(spec.signerName, csr, spec.usages) === undefined ? csr.subject.commonName : undefined;
	} catch {
		return undefined;
	}
}

/** Asks whether the requester of a CSR, as the API server recorded it, may create that subresource. */
export const accessReview = ({ spec }: CertificateSigningRequest, subresource: string): Unsent<SubjectAccessReview> => ({
	metadata: {},
	spec: {
		resourceAttributes: { group: 'certificates.k8s.io', version: '*', resource: 'certificatesigningrequests', subresource, verb: 'create' },
		user: spec.username ?? '',
		groups: spec.groups ?? [],
		...(spec.uid === undefined ? {} : { uid: spec.uid }),
		...(spec.extra === undefined ? {} : { extra: spec.extra }),
	},
});

export interface ApprovingOptions {
	readonly csrs: Pick<ApiClient['certificateSigningRequests'], 'get' | 'updateApproval'>;
	readonly subjectAccessReviews: ApiClient['subjectAccessReviews'];
	/** The cached request of that name. */
	readonly find: (name: string) => CertificateSigningRequest | undefined;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

/** @returns what approves the request of a name, if it may be approved; throws to be called again */
export function createApprover({ csrs, subjectAccessReviews, find, log }: ApprovingOptions): (name: string) => Promise<void> {
	/** Names that were logged as pending, so that a resync does not say so again. */
	const pending = new Set<string>();

	async function approve(csr: CertificateSigningRequest): Promise<void> {
		const name = csr.metadata.name ?? '';
		const recognitions = recognise(csr);
		for (const { subresource, message } of recognitions) {
			const { status } = await subjectAccessReviews.create(accessReview(csr, subresource));
			if (status?.allowed !== true) continue;
			await csrs.updateApproval(withCondition(csr, 'Approved', 'AutoApproved', message));
			log.info({ requester: csr.spec.username, because: subresource }, `approved ${name}`);
			pending.delete(name);
			return;
		}
		if (recognitions.length === 0) pending.delete(name);
		else if (!pending.has(name)) {
			pending.add(name);
			const asked = recognitions.map(({ subresource }) => subresource).join(', ');
			log.info({ requester: csr.spec.username, asked }, `left ${name} pending: the requester may not have it approved without a person`);
		}
	}

	return async (name) => {
		const csr = find(name);
		if (csr === undefined) pending.delete(name);
		else await onSeen(queue, csr.metadata.annotations, () => actOnFresh(csr, () => csrs.get(name), approve));
	};
}

export const startCsrApproving = (options: ApprovingOptions): WorkQueue => startWorkQueue(queue, createApprover(options), options.log, options.observeQueue);
