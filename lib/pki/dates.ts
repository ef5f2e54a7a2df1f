/**
 * Whether a certificate is valid at a time, and if not, both times, because the reader has to find out which clock is
 * wrong.
 */
import { rfc3339 } from '../clock.ts';

/**
 * `current time T1 is before T2`, or `after`; undefined if it is valid. In milliseconds since the epoch.
 *
 * @source crypto/x509 CertificateInvalidError
 */
export function datesProblem(fromMs: number, toMs: number, nowMs: number): string | undefined {
	if (nowMs < fromMs) return `current time ${rfc3339(nowMs)} is before ${rfc3339(fromMs)}`;
	return nowMs > toMs ? `current time ${rfc3339(nowMs)} is after ${rfc3339(toMs)}` : undefined;
}

/** The text of Go before the two times. */
export const invalidNow = 'certificate has expired or is not yet valid';
