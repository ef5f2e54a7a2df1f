/**
 * Whether a presented token is a bootstrap token that authenticates now, and as which user. On any problem, no user is
 * authenticated; the reason is only for the log of the service. No error contains a secret.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { type Clock, rfc3339 } from '../../lib/clock.ts';
import { KubejoinError } from '../../lib/errors.ts';
import { field, isForUse, type PresentedToken, parseToken, secretName } from '../../lib/kube/bootstrap-token.ts';
import { millisecondsLeft } from '../../lib/kube/expiration.ts';
import { type Secret, wellKnown } from '../../lib/kube/types.ts';

export interface TokenUser {
	/** `system:bootstrap:<id>` */
	readonly username: string;
	/** Sorted, without duplicates. */
	readonly groups: readonly string[];
}

const groupForm = /^system:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]$/;

/**
 * Verify a token: nine checks in upstream's order, of which each `throws` below is one or two.
 *
 * @param presented  the whole token, `<id>.<secret>`
 * @param find       the Secret of that name
 * @throws TOKEN_MALFORMED, TOKEN_UNKNOWN, TOKEN_DELETED, TOKEN_RECORD_INVALID, TOKEN_SECRET_WRONG, TOKEN_EXPIRED,
 *   TOKEN_USAGE_MISSING, TOKEN_GROUPS_INVALID
 * @throws STORE_UNAVAILABLE  the token cannot be checked, so it does not authenticate
 * @source plugin/pkg/auth/authenticator/token/bootstrap
 */
export async function verifyToken(
	presented: string,
	find: (name: string) => Promise<Secret | undefined>,
	clock: Clock,
): Promise<TokenUser> {
	const token = parseToken(presented);
	if (token === undefined) throw new KubejoinError('TOKEN_MALFORMED', {});
	const { id } = token;
	const secret = await find(secretName(id));
	if (secret === undefined) throw new KubejoinError('TOKEN_UNKNOWN', { id });
	if (secret.metadata.deletionTimestamp !== undefined) throw new KubejoinError('TOKEN_DELETED', { id });
	checkRecord(secret, token);
	checkExpiration(secret, id, clock());
	if (!isForUse(secret, 'authentication'))
		throw new KubejoinError('TOKEN_USAGE_MISSING', { id, usage: 'authentication' });
	return { username: `${wellKnown.bootstrapUserPrefix}${id}`, groups: groupsOf(secret, id) };
}

function checkRecord(secret: Secret, { id, secret: presentedSecret }: PresentedToken): void {
	if (secret.type !== wellKnown.bootstrapSecretType || secret.data === undefined) {
		throw new KubejoinError('TOKEN_RECORD_INVALID', {
			id,
			problem: `it is not a Secret of type ${wellKnown.bootstrapSecretType} with data`,
		});
	}
	if (!isSameSecret(field(secret, 'token-secret'), presentedSecret))
		throw new KubejoinError('TOKEN_SECRET_WRONG', { id });
	if (field(secret, 'token-id') !== id)
		throw new KubejoinError('TOKEN_RECORD_INVALID', { id, problem: 'its token-id is not the id in its name' });
}

/** Digests have one length, so neither the time nor the comparison reveals anything about a secret. */
const isSameSecret = (kept: string, presented: string): boolean => timingSafeEqual(digest(kept), digest(presented));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

function checkExpiration(secret: Secret, id: string, now: number): void {
	const expiration = field(secret, 'expiration');
	if (millisecondsLeft(expiration, now) <= 0)
		throw new KubejoinError('TOKEN_EXPIRED', { id, expiration, now: rfc3339(now) });
}

function groupsOf(secret: Secret, id: string): string[] {
	const listed = field(secret, 'auth-extra-groups');
	const extra = listed === '' ? [] : listed.split(',');
	const wrong = extra.find((group) => !groupForm.test(group));
	if (wrong !== undefined) throw new KubejoinError('TOKEN_GROUPS_INVALID', { id, group: wrong });
	return [...new Set([wellKnown.groups.bootstrappers, ...extra])].sort();
}
