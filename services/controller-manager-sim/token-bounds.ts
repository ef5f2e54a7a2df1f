/**
 * Whether a request exceeds the bounds of its bootstrap token. The owner of a token chooses its bounds at its creation.
 */
import { boundsOf } from '../../lib/kube/token-bounds.ts';
import { type CertificateSigningRequest, wellKnown } from '../../lib/kube/types.ts';
import type { ReadCsr } from '../../lib/pki/csr-reader.ts';
import { isDecided } from './csr-conditions.ts';

/** For the condition Denied. */
export interface Breach {
	readonly reason: 'TokenForOtherNode' | 'TokenUsed';
	readonly message: string;
}

/** @param others  all requests that there are, this one as well */
export function breachOf(
	csr: CertificateSigningRequest,
	others: readonly CertificateSigningRequest[],
	readCsr: ReadCsr,
): Breach | undefined {
	const { node, isForOneNode } = boundsOf(csr.spec.groups);
	const wanted = nodeOf(csr, readCsr);
	const token = tokenName(csr);
	if (node !== undefined && node !== wanted)
		return { reason: 'TokenForOtherNode', message: `${token} is for node "${node}", and not for "${wanted}"` };
	if (!isForOneNode) return undefined;
	const used = others.find(
		(other) =>
			other.spec.username === csr.spec.username && isDecided(other, 'Approved') && nodeOf(other, readCsr) !== wanted,
	);
	return used === undefined
		? undefined
		: { reason: 'TokenUsed', message: `${token} is for one node, and "${nodeOf(used, readCsr)}" used it` };
}

/** `bootstrap token "abcdef"` */
const tokenName = ({ spec: { username = '' } }: CertificateSigningRequest): string =>
	username.startsWith(wellKnown.bootstrapUserPrefix)
		? `bootstrap token "${username.slice(wellKnown.bootstrapUserPrefix.length)}"`
		: `"${username}"`;

/** The node that a certificate of this request would speak for; empty when it cannot be read. */
function nodeOf({ spec }: CertificateSigningRequest, readCsr: ReadCsr): string {
	try {
		return readCsr(spec.request).subject.commonName.replace(wellKnown.nodeUserPrefix, '');
	} catch {
		return '';
	}
}
