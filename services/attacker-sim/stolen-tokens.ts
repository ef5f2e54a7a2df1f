/** Bootstrap tokens in the attacker's hands: one that it was given, or all of them, for whoever has the CA's key can read them as an admin. */
import { field, type PresentedToken, parseToken } from '../../lib/kube/bootstrap-token.ts';
import { type Secret, wellKnown } from '../../lib/kube/types.ts';

/** An admin whom no RBAC rule binds: with the CA's key anybody can be made one. */
export const superAdmin = { organizations: [wellKnown.groups.masters], commonName: 'kubernetes-super-admin' } as const;

/** The tokens in Secrets that an admin has read. */
export const tokensIn = (secrets: readonly Secret[]): PresentedToken[] =>
	secrets
		.filter(({ type }) => type === wellKnown.bootstrapSecretType)
		.flatMap((secret) => parseToken(`${field(secret, 'token-id')}.${field(secret, 'token-secret')}`) ?? []);
