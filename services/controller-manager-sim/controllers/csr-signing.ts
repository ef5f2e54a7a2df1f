/**
 * Sends approved requests to ca-service and writes the certificates into their status. It has no key; a request gets
 * one certificate, also if it is sent repeatedly, because its UID goes with it.
 */
import { hasCode } from '../../../lib/errors.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import { type CertificateSigningRequest, wellKnown } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import { continueTrace } from '../../../lib/trace.ts';
import type { CaClient, SignRequest } from '../clients.ts';
import { isDecided, isIssued, withCondition } from '../csr-conditions.ts';
import type { RecordDecision } from '../csr-events.ts';
import { retryOnConflict } from '../retry-on-conflict.ts';

const signers: readonly string[] = [
	wellKnown.signers.client,
	wellKnown.signers.clientKubelet,
	wellKnown.signers.serving,
];

/**
 * True for a request that is approved, not denied, not failed, not signed yet, and for a signer that is handled here.
 *
 * @source pkg/controller/certificates/signer
 */
export const isToBeSigned = (csr: CertificateSigningRequest): boolean =>
	isDecided(csr, 'Approved') &&
	!isDecided(csr, 'Denied', 'Failed') &&
	!isIssued(csr) &&
	signers.includes(csr.spec.signerName);

const signRequestOf = ({ metadata, spec }: CertificateSigningRequest): SignRequest => ({
	csr: spec.request,
	signerName: spec.signerName,
	usages: spec.usages,
	requestId: metadata.uid ?? '',
	...(spec.expirationSeconds === undefined ? {} : { expirationSeconds: spec.expirationSeconds }),
});

const queue = 'csr-signing';

export interface SigningOptions {
	readonly csrs: Pick<ApiClient['certificateSigningRequests'], 'get' | 'updateStatus'>;
	readonly ca: CaClient;
	/** The cached request of that name. */
	readonly find: (name: string) => CertificateSigningRequest | undefined;
	readonly recordDecision: RecordDecision;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

/** @returns has the request with a name signed, if it is ready; throws to be called again */
export function createSigning(options: SigningOptions): (name: string) => Promise<void> {
	const { csrs, ca, find, recordDecision, log } = options;

	async function sign(csr: CertificateSigningRequest): Promise<void> {
		if (!isToBeSigned(csr)) return;
		const name = csr.metadata.name ?? '';
		try {
			const certificate = await ca.sign(signRequestOf(csr));
			await csrs.updateStatus({ ...csr, status: { ...csr.status, certificate } });
			log.info({ requester: csr.spec.username, signer: csr.spec.signerName }, `signed ${name}`);
		} catch (error) {
			// A retry does not repair an invalid request.
			if (!hasCode(error, 'SIGNER_VALIDATION_FAILURE', 'CSR_MALFORMED', 'CSR_SIGNATURE_INVALID')) throw error;
			await csrs.updateStatus(withCondition(csr, 'Failed', 'SignerValidationFailure', error.message));
			recordDecision(csr, 'Failed', error.message);
			log.warn(
				{ requester: csr.spec.username, signer: csr.spec.signerName, violation: error.message },
				`failed ${name}`,
			);
		}
	}

	return async (name) => {
		const csr = find(name);
		if (csr !== undefined)
			await continueTrace(queue, csr.metadata.annotations, () => retryOnConflict(csr, () => csrs.get(name), sign));
	};
}

export const startCsrSigning = (options: SigningOptions): WorkQueue =>
	startWorkQueue(queue, createSigning(options), options.log, options.observeQueue);
