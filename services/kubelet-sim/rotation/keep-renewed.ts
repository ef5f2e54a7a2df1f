/**
 * The certificate manager: renews the node's certificate at a random time before it expires, so that nodes that joined
 * together do not renew together.
 *
 * @source client-go util/certificate certificate_manager.go nextRotationDeadline, Start
 */
import { randomBytes } from 'node:crypto';
import { asKubejoinError, type KubejoinError } from '../../../lib/errors.ts';
import { isExpired, type NodeIdentity } from '../identity.ts';
import type { JoinContext } from '../join/join-context.ts';
import { isUnderWay, rotationWorkflow } from './rotation.ts';

export interface RenewalEvents {
	readonly onRotated: (identity: NodeIdentity, atMs: number) => void;
	/** Called after a failed attempt, with the time to the next. */
	readonly onRefused: (error: KubejoinError, retryMs: number) => void;
}
/** At least 0 and less than 1. */
export type RandomFraction = () => number;

/** 48 random bits: in a year, a resolution below one microsecond. */
export const randomFraction: RandomFraction = () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48;

/** Between 70 % and 90 % of the validity. */
export const rotationDeadline = (
	{ notBefore, notAfter }: Pick<NodeIdentity, 'notBefore' | 'notAfter'>,
	lot: number,
): number => notBefore + (notAfter - notBefore) * (0.7 + 0.2 * lot);

const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 32_000;

/** 2, 4, 8, 16, then 32 seconds, plus up to 10 %. @differs upstream's 32 seconds have no jitter */
export const retryAfterMs = (failures: number, lot: number): number =>
	Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LAST_RETRY_MS) * (1 + 0.1 * lot);

/** Resolves when the signal aborts, or when the certificate has expired. */
export async function keepRenewed(
	tools: JoinContext,
	first: NodeIdentity,
	{ onRotated, onRefused }: RenewalEvents,
	lot: RandomFraction = randomFraction,
): Promise<void> {
	const { clock, waitUntil, signal } = tools;
	const workflow = rotationWorkflow(tools);
	let present = first;
	let failures = 0;
	let dueMs = (await isUnderWay(tools, first)) ? clock() : rotationDeadline(first, lot());
	for (;;) {
		await waitUntil(Math.min(dueMs, present.notAfter), signal);
		if (signal.aborted || isExpired(present, clock)) return;
		try {
			const attributes = { 'k8s.node.name': present.nodeName };
			({ identity: present } = await workflow.run({ present }, () => undefined, clock, attributes));
			failures = 0;
			dueMs = rotationDeadline(present, lot());
			onRotated(present, clock());
		} catch (error) {
			if (signal.aborted) return;
			const retryMs = retryAfterMs(++failures, lot());
			dueMs = clock() + retryMs;
			onRefused(asKubejoinError(error), retryMs);
		}
	}
}
