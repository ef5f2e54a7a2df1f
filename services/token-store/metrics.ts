/** Metrics of the token store: the outcomes of token authentication, without the tokens. */
import { Counter } from 'prom-client';
import type { ErrorCode } from '../../lib/errors.ts';
import type { Registry } from '../../lib/metrics.ts';

/** `accepted`, or the code of the refusal. */
export type Verdict = 'accepted' | ErrorCode;

/** @returns counts a verdict */
export function verificationMetrics(registry: Registry): (verdict: Verdict) => void {
	const verifications = new Counter({
		name: 'kubejoin_token_verifications_total',
		help: 'Bootstrap tokens that were shown, by verdict: accepted, or the code that says why not.',
		labelNames: ['verdict'],
		registers: [registry],
	});
	verifications.inc({ verdict: 'accepted' }, 0);
	return (verdict) => verifications.inc({ verdict });
}
