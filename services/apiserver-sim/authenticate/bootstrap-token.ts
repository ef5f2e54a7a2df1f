/** Bootstrap tokens, which token-store verifies. @source plugin/pkg/auth/authenticator/token/bootstrap */
import { KubejoinError } from '../../../lib/errors.ts';
import type { AuthenticateToken } from './token-authenticator.ts';

export interface VerifiedUser {
	readonly username: string;
	readonly groups: string[];
}
/** Returns undefined for an invalid token, and throws if it cannot check the token. */
export type VerifyToken = (token: string) => Promise<VerifiedUser | undefined>;

/**
 * A bootstrap token names no audience, so it is for those of the API server.
 * @source apiserver/pkg/authentication/authenticator/audagnostic.go
 */
export const bootstrapTokens =
	(verify: VerifyToken, ownAudiences: readonly string[]): AuthenticateToken =>
	async (token, requested) => {
		const audiences = ownAudiences.filter((audience) => requested.includes(audience));
		if (audiences.length === 0) return undefined;
		const user = await verify(token).catch((error: unknown) => {
			throw new KubejoinError('AUTHENTICATOR_UNAVAILABLE', { retryAfterSeconds: 1 }, { cause: error });
		});
		return user === undefined ? undefined : { user: { ...user }, audiences };
	};
