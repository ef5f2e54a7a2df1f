/** What serving means here: the CA has not expired and the ledger can be read. */
import { type Clock, rfc3339 } from '../../lib/clock.ts';
import { KubejoinError } from '../../lib/errors.ts';
import type { Issuer } from '../../lib/pki/certificate.ts';
import type { HealthChecks } from '../../lib/rpc/health.ts';
import type { Ledger } from './ledger.ts';

export const readyChecks = (
	{ notAfter }: Pick<Issuer, 'notAfter'>,
	ledger: Pick<Ledger, 'list' | 'size'>,
	clock: Clock,
): HealthChecks => ({
	ca() {
		if (clock() >= notAfter) throw new KubejoinError('SIGNER_EXPIRED', { notAfter: rfc3339(notAfter) });
	},
	async ledger() {
		await ledger.list(Math.max(ledger.size - 1, 0), 1);
	},
});
