/** The claims of a service-account token. @source pkg/serviceaccount/claims.go */
import { randomUUID } from 'node:crypto';
import { serviceAccountUsername } from '../../../lib/kube/service-account-user.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';

interface Reference {
	readonly name: string;
	readonly uid?: string;
}
/** Sorted, as upstream writes them into the token. */
export interface KubernetesClaims {
	readonly namespace: string;
	readonly node?: Reference;
	readonly pod?: Reference;
	readonly secret?: Reference;
	readonly serviceaccount: Reference;
	/** In seconds since 1970, as every time of a token. */
	readonly warnafter?: number;
}
export interface TokenClaims {
	readonly aud: readonly string[];
	readonly exp: number;
	readonly iat: number;
	readonly iss: string;
	readonly jti: string;
	readonly 'kubernetes.io': KubernetesClaims;
	readonly nbf: number;
	readonly sub: string;
}

/** The object that a token is bound to. A pod brings the node that it runs on, which may not exist. */
export interface BoundObjects {
	readonly pod?: KubeObject;
	readonly secret?: KubeObject;
	readonly node?: Pick<KubeObject, 'metadata'>;
}

export interface ClaimsOptions extends BoundObjects {
	readonly serviceAccount: KubeObject;
	readonly issuer: string;
	readonly audiences: readonly string[];
	readonly expirationSeconds: number;
	/** The token is valid longer than its holder asked for; from then on its use is a warning. */
	readonly warnAfterSeconds?: number;
	readonly nowMs: number;
}

const referenceTo = ({ metadata: { name = '', uid } }: Pick<KubeObject, 'metadata'>): Reference =>
	uid === undefined ? { name } : { name, uid };

export function newClaims(options: ClaimsOptions): TokenClaims {
	const { serviceAccount, issuer, audiences, expirationSeconds, warnAfterSeconds, nowMs, node, pod, secret } = options;
	const { namespace = '', name = '' } = serviceAccount.metadata;
	const now = Math.floor(nowMs / 1000);
	return {
		aud: audiences,
		exp: now + expirationSeconds,
		iat: now,
		iss: issuer,
		jti: randomUUID(),
		'kubernetes.io': {
			namespace,
			...(node === undefined ? {} : { node: referenceTo(node) }),
			...(pod === undefined ? {} : { pod: referenceTo(pod) }),
			...(secret === undefined ? {} : { secret: referenceTo(secret) }),
			serviceaccount: referenceTo(serviceAccount),
			...(warnAfterSeconds === undefined ? {} : { warnafter: now + warnAfterSeconds }),
		},
		nbf: now,
		sub: serviceAccountUsername({ namespace, name }),
	};
}
