/** The attacker's bootstrap tokens: a stolen one, or all, because a holder of the CA key can read them as an admin. */
import { field, type PresentedToken, parseToken } from '../../lib/kube/bootstrap-token.ts';
import { type Secret, wellKnown } from '../../lib/kube/types.ts';

/** An admin beyond RBAC. A holder of the CA key can issue this certificate. */
export const superAdmin = { organizations: [wellKnown.groups.masters], commonName: 'kubernetes-super-admin' } as const;

/** The tokens in bootstrap token Secrets. */
export const tokensIn = (secrets: readonly Secret[]): PresentedToken[] =>
	secrets
		.filter(({ type }) => type === wellKnown.bootstrapSecretType)
		.flatMap((secret) => parseToken(`${field(secret, 'token-id')}.${field(secret, 'token-secret')}`) ?? []);
