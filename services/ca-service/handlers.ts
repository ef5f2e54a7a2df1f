/** From the wire to the CA and back. It decides nothing. */
import { limits } from '../../lib/limits.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { SigningRequest } from './sign.ts';

export interface HandlerOptions {
	readonly sign: (request: SigningRequest) => Promise<LedgerEntry>;
	readonly ledger: Pick<Ledger, 'list'>;
	/** The certificates to trust, as PEM. */
	readonly trustBundle: string;
}

interface SignRequest {
	readonly csr?: string;
	readonly signerName?: string;
	readonly usages?: readonly string[];
	readonly expirationSeconds?: number;
	readonly requestId?: string;
}

const MAX_ENTRIES = limits.ledgerPageEntries.value;

export const unaryHandlers = ({ sign, ledger, trustBundle }: HandlerOptions) => ({
	async Sign({ csr = '', signerName = '', usages = [], requestId = '', expirationSeconds }: SignRequest) {
		const csrPem = Buffer.from(csr, 'base64').toString('utf8');
		const { certificate } = await sign({
			requestId,
			csrPem,
			signerName,
			usages,
			expirationSeconds,
		});
		return { certificate: Buffer.from(certificate).toString('base64') };
	},
	TrustBundle: () => ({ certificates: trustBundle }),
	async Ledger({ from = 0, limit = 0 }: { from?: number; limit?: number }) {
		const count = limit < 1 ? MAX_ENTRIES : Math.min(limit, MAX_ENTRIES);
		return {
			entries: (await ledger.list(Math.max(from, 0), count)).map(
				({ requestDigest: _, certificate: __, ...entry }) => entry,
			),
		};
	},
});
