/** Deletes old certificate requests once an hour. It never deletes a Node or a certificate in use. */
import { X509Certificate } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import type { Clock } from '../../../lib/clock.ts';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import type { Informer } from '../../../lib/kube/informer.ts';
import { boundsOf } from '../../../lib/kube/token-bounds.ts';
import { type CertificateSigningRequest, wellKnown } from '../../../lib/kube/types.ts';
import { type ObserveQueue, startWorkQueue, type WorkQueue } from '../../../lib/kube/work-queue.ts';
import type { Log } from '../../../lib/log.ts';
import { conditionOf, type Decision, isDecided, isIssued } from '../csr-conditions.ts';
import type { Token, TokenInformer } from '../token-informer.ts';

const FIRST_SWEEP_MS = 60_000;
const HOUR_MS = 3_600_000;
const PENDING_MS = 24 * HOUR_MS;

/**
 * Why a request can go.
 *
 * @returns undefined for one that stays
 * @source pkg/controller/certificates/cleaner
 */
export function reasonToDelete(csr: CertificateSigningRequest, now: number): string | undefined {
	const isOlder = (time: string | undefined, ageMs: number) => time !== undefined && now - Date.parse(time) > ageMs;
	const isOld = (type: Decision) => isOlder(conditionOf(csr, type)?.lastUpdateTime, HOUR_MS);
	if (isIssued(csr) && isOld('Approved')) return 'it was issued more than an hour ago';
	if (isOld('Denied')) return 'it was denied more than an hour ago';
	if (isOld('Failed')) return 'it failed more than an hour ago';
	const isPending = (csr.status?.conditions ?? []).length === 0;
	if (isPending && isOlder(csr.metadata.creationTimestamp, PENDING_MS)) return 'it was pending for more than a day';
	if (isIssued(csr) && conditionOf(csr, 'Approved') !== undefined && isExpired(csr, now))
		return 'its certificate has expired';
	if (!isIssued(csr) && isOlder(conditionOf(csr, 'Approved')?.lastUpdateTime, PENDING_MS))
		return 'it was approved more than a day ago and never issued';
	return undefined;
}

function isExpired({ status }: CertificateSigningRequest, now: number): boolean {
	try {
		return Date.parse(new X509Certificate(Buffer.from(status?.certificate ?? '', 'base64')).validTo) < now;
	} catch {
		return false;
	}
}

export interface CleanerOptions {
	readonly csrs: Pick<ApiClient['certificateSigningRequests'], 'delete'>;
	readonly cache: Pick<Informer<CertificateSigningRequest>, 'list'>;
	readonly secrets: Pick<ApiClient['secrets'], 'delete'>;
	readonly tokens: Pick<TokenInformer, 'get' | 'isSynced'>;
	readonly clock: Clock;
	readonly log: Log;
	readonly observeQueue?: ObserveQueue | undefined;
}

const TURN_ITEMS = 100;

/**
 * One sweep over all requests; other work runs in between. A request that cannot be deleted does not block the others.
 *
 * @throws the first refusal of the API; the next sweep checks all again
 */
export async function sweep(options: CleanerOptions): Promise<void> {
	const { cache, clock } = options;
	const refusals: unknown[] = [];
	for (const [index, csr] of cache.list().entries()) {
		if (index % TURN_ITEMS === TURN_ITEMS - 1) await turn();
		const reason = reasonToDelete(csr, clock());
		if (reason === undefined) continue;
		try {
			await remove(csr, reason, options);
		} catch (error) {
			if (!isAboutOneRequest(error)) throw error;
			refusals.push(error);
		}
	}
	if (refusals.length > 0) throw refusals[0];
}

/** The API server answered, so it can be asked about the next one. */
const isAboutOneRequest = (error: unknown): boolean =>
	error instanceof KubejoinError && error.code.startsWith('API_') && error.code !== 'API_UNAUTHORIZED';

async function remove(csr: CertificateSigningRequest, reason: string, options: CleanerOptions): Promise<void> {
	const { name = '', uid } = csr.metadata;
	if (!(await forgetToken(csr, options))) return;
	try {
		await options.csrs.delete(name, uid === undefined ? {} : { preconditions: { uid } });
		options.log.info({ reason }, `deleted ${name}`);
	} catch (error) {
		if (!hasCode(error, 'API_NOT_FOUND', 'API_CONFLICT')) throw error;
	}
}

/**
 * Only the request shows that a token for one node was used. So the token is deleted first.
 *
 * @returns whether the request can go
 */
async function forgetToken(csr: CertificateSigningRequest, { secrets, tokens, log }: CleanerOptions): Promise<boolean> {
	const { groups, username = '' } = csr.spec;
	if (!boundsOf(groups).isForOneNode || !isDecided(csr, 'Approved')) return true;
	// Without the tokens it is unknown whether it still exists.
	if (!tokens.isSynced()) return false;
	const id = username.slice(wellKnown.bootstrapUserPrefix.length);
	const token: Token | undefined = tokens.get(`${wellKnown.bootstrapSecretPrefix}${id}`);
	if (token === undefined) return true;
	try {
		await secrets.delete(token.name, { namespace: wellKnown.kubeSystem, preconditions: { uid: token.uid } });
		log.info({ reason: 'it is for one node, which has joined' }, `deleted the token ${id}`);
		return true;
	} catch (error) {
		if (hasCode(error, 'TOKEN_NOT_FOUND', 'API_NOT_FOUND')) return true;
		// Another token of this ID has come meanwhile: the next sweep looks at it.
		if (hasCode(error, 'API_CONFLICT')) return false;
		throw error;
	}
}

/** Sweeps a minute after the start, when the cache is full, and an hour after every sweep. */
export function startCsrCleaner(options: CleanerOptions): WorkQueue {
	const work = async (key: string) => {
		await sweep(options);
		queue.add(key, HOUR_MS);
	};
	const queue = startWorkQueue('csr-cleaner', work, options.log, options.observeQueue);
	queue.add('sweep', FIRST_SWEEP_MS);
	return queue;
}
