/**
 * Approves the requests of nodes for client certificates, if the requester may have one. Whether it may is the API server's answer to a
 * SubjectAccessReview; never this controller's opinion. A request that goes beyond what its token is good for is denied. Everything else stays
 * pending, for a person.
 */
import type { ApiClient, Unsent } from '../../../lib/kube/client.ts';
import { boundsOf } from '../../../lib/kube/token-bounds.ts';
import { type CertificateSigningRequest, type SubjectAccessReview, wellKnown } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import { parseCsr } from '../../../lib/pki/csr.ts';
import { signerViolation } from '../../../lib/pki/signer-rules.ts';
import { continueTrace, setSpanAttributes } from '../../../lib/trace.ts';
import { isDecided, isIssued, withCondition } from '../csr-conditions.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { breachOf } from '../token-bounds.ts';

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
const nodeClient: Recognition = {
	subresource: 'nodeclient',
	message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
};

/**
 * What an undecided request can be recognised as, in the order in which that is asked for.
 *
 * @returns nothing for a request that is decided or is not a node's for a client certificate
 * @source pkg/controller/certificates/approver sarapprove.go
 */
export function recognise(csr: CertificateSigningRequest): readonly Recognition[] {
	if (isIssued(csr) || isDecided(csr, 'Approved', 'Denied') || csr.spec.signerName !== wellKnown.signers.clientKubelet)
		return [];
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
export const accessReview = (
	{ spec }: CertificateSigningRequest,
	subresource: string,
): Unsent<SubjectAccessReview> => ({
	metadata: {},
	spec: {
		resourceAttributes: {
			group: 'certificates.k8s.io',
			version: '*',
			resource: 'certificatesigningrequests',
			subresource,
			verb: 'create',
		},
		user: spec.username ?? '',
		groups: spec.groups ?? [],
		...(spec.uid === undefined ? {} : { uid: spec.uid }),
		...(spec.extra === undefined ? {} : { extra: spec.extra }),
	},
});

export interface ApprovingOptions {
	readonly csrs: Pick<ApiClient['certificateSigningRequests'], 'get' | 'list' | 'updateApproval'>;
	readonly subjectAccessReviews: ApiClient['subjectAccessReviews'];
	/** The cached request of that name. */
	readonly find: (name: string) => CertificateSigningRequest | undefined;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/**
 * @returns what decides on the request of a name, if it can be decided here; throws to be called again. It answers with the milliseconds after
 *          which a request that was left pending is to be looked at again, for a right may be given meanwhile
 * @source pkg/controller/certificates: such a request is retried with a growing pause
 */
export function createApprover({
	csrs,
	subjectAccessReviews,
	find,
	log,
}: ApprovingOptions): (name: string) => Promise<number | undefined> {
	/** How often each was left pending: it is said once, and asked about ever more seldom. */
	const pending = new Map<string, number>();

	/** Requests of one token are decided one after another, so that two nodes cannot both be its first. */
	const deciding = new Map<string, Promise<void>>();

	async function decide(csr: CertificateSigningRequest): Promise<void> {
		const recognitions = recognise(csr);
		const { username = '', groups } = csr.spec;
		const { node, isForOneNode } = boundsOf(groups);
		if (recognitions.length === 0) pending.delete(csr.metadata.name ?? '');
		else if (isForOneNode)
			await inTurn(username, async () => denyOrApprove(csr, recognitions, await requestsOf(username)));
		else if (node !== undefined) await denyOrApprove(csr, recognitions, []);
		else await approve(csr, recognitions);
	}

	/** From the API and not from the cache, so that a decision just made counts. */
	const requestsOf = async (username: string) =>
		(await csrs.list({ keep: ({ spec }) => spec.username === username })).items;

	async function inTurn(username: string, work: () => Promise<void>): Promise<void> {
		const turn = (deciding.get(username) ?? Promise.resolve()).then(work, work);
		deciding.set(username, turn);
		try {
			await turn;
		} finally {
			if (deciding.get(username) === turn) deciding.delete(username);
		}
	}

	/** @differs upstream's tokens are good for any node and any number of them */
	async function denyOrApprove(
		csr: CertificateSigningRequest,
		recognitions: readonly Recognition[],
		others: readonly CertificateSigningRequest[],
	) {
		const breach = breachOf(csr, others);
		if (breach === undefined) return approve(csr, recognitions);
		await csrs.updateApproval(withCondition(csr, 'Denied', breach.reason, breach.message));
		tell(csr, 'denied', breach.message);
	}

	async function approve(csr: CertificateSigningRequest, recognitions: readonly Recognition[]): Promise<void> {
		const reasons: string[] = [];
		for (const { subresource, message } of recognitions) {
			const { status } = await subjectAccessReviews.create(accessReview(csr, subresource));
			if (status?.allowed !== true) {
				reasons.push(
					`${csr.spec.username} may not create certificatesigningrequests/${subresource}${status?.reason ? `: ${status.reason}` : ''}`,
				);
				continue;
			}
			await csrs.updateApproval(withCondition(csr, 'Approved', 'AutoApproved', message));
			tell(
				csr,
				'approved',
				status.reason || `${csr.spec.username} may create certificatesigningrequests/${subresource}`,
			);
			return;
		}
		tell(csr, 'pending', reasons.join('; '));
	}

	/** To the owner, in the log and in the trace; the one who asks is told nothing of it. */
	function tell(csr: CertificateSigningRequest, decision: 'approved' | 'denied' | 'pending', because: string): void {
		const { name = '' } = csr.metadata;
		setSpanAttributes({
			'kubejoin.request.what': `certificatesigningrequests.certificates.k8s.io ${name}`,
			'kubejoin.user': csr.spec.username ?? '',
			'kubejoin.decision': decision,
			'kubejoin.decision.reason': because,
		});
		const isNews = decision !== 'pending' || !pending.has(name);
		if (decision === 'pending') pending.set(name, (pending.get(name) ?? 0) + 1);
		else pending.delete(name);
		if (isNews)
			log.info(
				{ requester: csr.spec.username, because },
				decision === 'pending'
					? `left ${name} pending: the requester may not have it approved without a person`
					: `${decision} ${name}`,
			);
	}

	return async (name) => {
		const csr = find(name);
		if (csr === undefined) pending.delete(name);
		else await continueTrace(queue, csr.metadata.annotations, () => retryOnConflict(csr, () => csrs.get(name), decide));
		const times = pending.get(name);
		return times === undefined ? undefined : Math.min(FIRST_RETRY_MS * 2 ** (times - 1), LAST_RETRY_MS);
	};
}

export function startCsrApproving(options: ApprovingOptions): WorkQueue {
	const approve = createApprover(options);
	const work = async (name: string) => {
		const againMs = await approve(name);
		if (againMs !== undefined) approving.add(name, againMs);
	};
	const approving = startWorkQueue(queue, work, options.log, options.observeQueue);
	return approving;
}
