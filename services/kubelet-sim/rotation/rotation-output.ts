/** What a rotation tells the person who watches: one line when it is done, one for each refusal. */
import { rfc3339, rfc3339Micro } from '../../../lib/clock.ts';
import { hasCode, type KubejoinError } from '../../../lib/errors.ts';
import type { NodeIdentity } from '../identity.ts';

export const rotatedText = ({ nodeName, serial, notAfter }: NodeIdentity, atMs: number): string =>
	`[kubelet] ${nodeName} rotated its client certificate at ${rfc3339Micro(atMs)}, serial ${serial}, good until ${rfc3339(notAfter)}`;

export const refusedText = (nodeName: string, { code, message }: KubejoinError, retryMs: number): string =>
	`[kubelet] ${nodeName} could not renew its client certificate (${code}): ${message}; it asks again in ${(retryMs / 1_000).toFixed(1)} s`;

/** The line of a refusal. What is not a decision about a request, as a server that is away, is told once and not for each attempt. */
export function refusalTeller(say: (sentence: string) => void) {
	let said = '';
	return {
		refused(nodeName: string, error: KubejoinError, retryMs: number): void {
			const isDecision = hasCode(error, 'CSR_DENIED', 'CSR_FAILED', 'CSR_TIMEOUT');
			if (isDecision || error.message !== said) say(refusedText(nodeName, error, retryMs));
			said = error.message;
		},
		rotated(): void {
			said = '';
		},
	};
}
