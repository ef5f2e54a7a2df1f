/** Whether now lies in the time in which a certificate is good, and if not, both times: whoever reads it has to find out which clock is wrong. */
import { rfc3339 } from '../clock.ts';

/** `current time T1 is before T2`, or `after`; undefined when it is good now. Milliseconds since 1970. @source crypto/x509 CertificateInvalidError */
export function datesProblem(fromMs: number, toMs: number, nowMs: number): string | undefined {
	if (nowMs < fromMs) return `current time ${rfc3339(nowMs)} is before ${rfc3339(fromMs)}`;
	return nowMs > toMs ? `current time ${rfc3339(nowMs)} is after ${rfc3339(toMs)}` : undefined;
}

/** What stands before it. */
export const invalidNow = 'certificate has expired or is not yet valid';
