/** The texts of a rotation: one line when it succeeded, one for each refusal. */
import { rfc3339, rfc3339Micro } from '../../../lib/clock.ts';
import { hasCode, type KubejoinError } from '../../../lib/errors.ts';
import type { NodeIdentity } from '../identity.ts';

export function rotatedText({ nodeName, serial, notAfter }: NodeIdentity, atMs: number): string {
	const certificate = `serial ${serial}, valid until ${rfc3339(notAfter)}`;
	return `[kubelet] ${nodeName} rotated its client certificate at ${rfc3339Micro(atMs)}, ${certificate}`;
}

function refusedText(nodeName: string, { code, message }: KubejoinError, retryMs: number): string {
	const retry = `it retries in ${(retryMs / 1_000).toFixed(1)} s`;
	return `[kubelet] ${nodeName} could not renew its client certificate (${code}): ${message}; ${retry}`;
}

/**
 * Prints each decision about a request. Another problem, such as an unavailable server, is printed once and not for
 * each attempt.
 */
export function refusalReporter(say: (sentence: string) => void) {
	let lastMessage = '';
	return {
		refused(nodeName: string, error: KubejoinError, retryMs: number): void {
			const isDecision = hasCode(error, 'CSR_DENIED', 'CSR_FAILED', 'CSR_TIMEOUT');
			if (isDecision || error.message !== lastMessage) say(refusedText(nodeName, error, retryMs));
			lastMessage = error.message;
		},
		rotated(): void {
			lastMessage = '';
		},
	};
}
