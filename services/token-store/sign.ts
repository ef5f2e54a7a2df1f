/** Signing with the tokens that may sign. The secrets are used here and go nowhere. */

import { field, idOfName, isForUse } from '../../lib/kube/bootstrap-token.ts';
import { millisecondsLeft } from '../../lib/kube/expiration.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { signDetached } from '../../lib/pki/jws.ts';

export interface DetachedSignature {
	readonly tokenId: string;
	/** `header..signature` */
	readonly jws: string;
}

/**
 * One signature over the content for each token that may sign.
 *
 * @param now  milliseconds since the epoch
 * @source pkg/controller/bootstrap/util validateSecretForSigning
 */
export const signWithTokens = (tokens: readonly Secret[], content: string, now: number): DetachedSignature[] =>
	tokens
		.filter((token) => maySign(token, now))
		.map((token) => {
			const tokenId = field(token, 'token-id');
			return { tokenId, jws: signDetached(content, tokenId, field(token, 'token-secret')) };
		});

function maySign(token: Secret, now: number): boolean {
	const id = idOfName(token.metadata.name ?? '');
	if (id === undefined || field(token, 'token-id') !== id || field(token, 'token-secret') === '') return false;
	return millisecondsLeft(field(token, 'expiration'), now) > 0 && isForUse(token, 'signing');
}
