/**
 * Approves the requests of nodes for client certificates, if the requester may have one. Whether it may is the API
 * server's answer to a SubjectAccessReview; this controller has no opinion of its own. It denies a request beyond the
 * bounds of its token. Every other request stays pending until a person decides.
 */
import type { ApiClient, Unsent } from '../../../lib/kube/client.ts';
import { signerViolation } from '../../../lib/kube/signer-rules.ts';
import { boundsOf } from '../../../lib/kube/token-bounds.ts';
import { type CertificateSigningRequest, type SubjectAccessReview, wellKnown } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import { createCsrReader, type ReadCsr } from '../../../lib/pki/csr-reader.ts';
import { continueTrace, setSpanAttributes } from '../../../lib/trace.ts';
import { isDecided, isIssued, withCondition } from '../csr-conditions.ts';
import type { RecordDecision } from '../csr-events.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';
import { breachOf } from '../token-bounds.ts';

const queue = 'csr-approving';

export interface Recognition {
	/** The requester must be allowed to create certificatesigningrequests/<this>. */
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
 * The kinds of an undecided request, in the order in which their permissions are checked.
 *
 * @returns nothing for a request that is decided or is not a node's for a client certificate
 * @source pkg/controller/certificates/approver sarapprove.go
 */
export function recognise(csr: CertificateSigningRequest, readCsr: ReadCsr): readonly Recognition[] {
	if (isIssued(csr) || isDecided(csr, 'Approved', 'Denied') || csr.spec.signerName !== wellKnown.signers.clientKubelet)
		return [];
	const commonName = nodeCommonName(csr, readCsr);
	if (commonName === undefined) return [];
	return csr.spec.username === commonName ? [selfNodeClient, nodeClient] : [nodeClient];
}

/** The common name of a request that follows the rules of the signer; the signer reports violations itself. */
function nodeCommonName({ spec }: CertificateSigningRequest, readCsr: ReadCsr): string | undefined {
	try {
		const csr = readCsr(spec.request);
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
	readonly recordDecision: RecordDecision;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 30_000;

/** Decides requests, and remembers the ones that it left pending. */
class CsrApprover {
	readonly #options: ApprovingOptions;
	readonly #readCsr = createCsrReader();
	/** How often each request was left pending. It is logged once, and checked less and less often. */
	readonly #pending = new Map<string, number>();
	/** Requests of one token are decided one after another, so that two nodes cannot both be its first. */
	readonly #deciding = new Map<string, Promise<void>>();

	constructor(options: ApprovingOptions) {
		this.#options = options;
	}

	/**
	 * Decides the request with a name, if possible here; throws to be called again.
	 *
	 * @returns milliseconds after which a pending request is checked again, because a permission can be granted meanwhile
	 * @source pkg/controller/certificates: such a request is retried with a growing pause
	 */
	async approve(name: string): Promise<number | undefined> {
		const { csrs, find } = this.#options;
		const csr = find(name);
		if (csr === undefined) this.#pending.delete(name);
		else
			await continueTrace(queue, csr.metadata.annotations, () =>
				retryOnConflict(
					csr,
					() => csrs.get(name),
					(current) => this.#decide(current),
				),
			);
		const times = this.#pending.get(name);
		return times === undefined ? undefined : Math.min(FIRST_RETRY_MS * 2 ** (times - 1), LAST_RETRY_MS);
	}

	async #decide(csr: CertificateSigningRequest): Promise<void> {
		const recognitions = recognise(csr, this.#readCsr);
		const { username = '', groups } = csr.spec;
		const { node, isForOneNode } = boundsOf(groups);
		if (recognitions.length === 0) this.#pending.delete(csr.metadata.name ?? '');
		else if (isForOneNode)
			await this.#inTurn(username, async () =>
				this.#denyOrApprove(csr, recognitions, await this.#requestsOf(username)),
			);
		else if (node !== undefined) await this.#denyOrApprove(csr, recognitions, []);
		else await this.#approve(csr, recognitions);
	}

	/** From the API and not from the cache, so that a decision just made counts. */
	async #requestsOf(username: string): Promise<readonly CertificateSigningRequest[]> {
		const ofUser = (csr: CertificateSigningRequest) => (csr.spec.username === username ? csr : undefined);
		return (await this.#options.csrs.list({ keep: ofUser })).items;
	}

	async #inTurn(username: string, work: () => Promise<void>): Promise<void> {
		const turn = (this.#deciding.get(username) ?? Promise.resolve()).then(work, work);
		this.#deciding.set(username, turn);
		try {
			await turn;
		} finally {
			if (this.#deciding.get(username) === turn) this.#deciding.delete(username);
		}
	}

	/** @differs upstream's tokens are valid for any node and any number of nodes */
	async #denyOrApprove(
		csr: CertificateSigningRequest,
		recognitions: readonly Recognition[],
		others: readonly CertificateSigningRequest[],
	): Promise<void> {
		const breach = breachOf(csr, others, this.#readCsr);
		if (breach === undefined) return this.#approve(csr, recognitions);
		await this.#options.csrs.updateApproval(withCondition(csr, 'Denied', breach.reason, breach.message));
		this.#options.recordDecision(csr, 'Denied', breach.message);
		this.#report(csr, 'denied', breach.message);
	}

	async #approve(csr: CertificateSigningRequest, recognitions: readonly Recognition[]): Promise<void> {
		const { csrs, subjectAccessReviews, recordDecision } = this.#options;
		const { username } = csr.spec;
		const reasons: string[] = [];
		for (const { subresource, message } of recognitions) {
			const { status } = await subjectAccessReviews.create(accessReview(csr, subresource));
			if (status?.allowed !== true) {
				const because = status?.reason ? `: ${status.reason}` : '';
				reasons.push(`${username} may not create certificatesigningrequests/${subresource}${because}`);
				continue;
			}
			await csrs.updateApproval(withCondition(csr, 'Approved', 'AutoApproved', message));
			recordDecision(csr, 'Approved', message);
			const reason = status.reason || `${username} may create certificatesigningrequests/${subresource}`;
			return this.#report(csr, 'approved', reason);
		}
		this.#report(csr, 'pending', reasons.join('; '));
	}

	/** For the owner, in the log and in the trace; the requester receives nothing of it. */
	#report(csr: CertificateSigningRequest, decision: 'approved' | 'denied' | 'pending', because: string): void {
		const { name = '' } = csr.metadata;
		const requester = csr.spec.username;
		setSpanAttributes({
			'kubejoin.request.what': `certificatesigningrequests.certificates.k8s.io ${name}`,
			'kubejoin.user': requester ?? '',
			'kubejoin.decision': decision,
			'kubejoin.decision.reason': because,
		});
		const times = this.#pending.get(name) ?? 0;
		if (decision === 'pending') this.#pending.set(name, times + 1);
		else this.#pending.delete(name);
		if (decision !== 'pending') this.#options.log.info({ requester, because }, `${decision} ${name}`);
		else if (times === 0)
			this.#options.log.info(
				{ requester, because },
				`left ${name} pending: the requester may not have it approved without a person`,
			);
	}
}

export function createApprover(options: ApprovingOptions): CsrApprover['approve'] {
	const approver = new CsrApprover(options);
	return (name) => approver.approve(name);
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
