/**
 * Who a request comes from. A client certificate of the cluster CA, then a bearer token, then the anonymous user. A
 * credential that is not valid is a 401, one that cannot be checked a 503; neither becomes anonymous. The caller reads
 * only `Unauthorized`; log and trace have the reason.
 * @source kubeapiserver/authenticator/config.go, apiserver authentication/request/{x509,bearertoken,union,anonymous}
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '../../lib/clock.ts';
import { causeText, KubejoinError } from '../../lib/errors.ts';
import { type UserInfo, wellKnown } from '../../lib/kube/types.ts';
import { datesProblem, invalidNow } from '../../lib/pki/dates.ts';
import type { PeerCertificate } from '../../lib/rpc/peer.ts';
import { setSpanAttributes } from '../../lib/trace.ts';
import type { Credentials } from './request/api-request.ts';

export interface VerifiedUser {
	readonly username: string;
	readonly groups: string[];
}
/** Returns undefined for an invalid token, and throws if it cannot check the token. */
export type VerifyToken = (token: string) => Promise<VerifiedUser | undefined>;
export type Authenticate = (credentials: Credentials) => Promise<UserInfo>;

/** Upstream keeps a success for 10 s, so that a node's burst of calls is one look-up; failures are never kept. */
export const TOKEN_CACHE_MS = 10_000;
const TOKEN_CACHE_SIZE = 4096;

const anonymous = (): UserInfo => ({ username: wellKnown.anonymous, groups: [wellKnown.groups.unauthenticated] });
const known = (user: UserInfo): UserInfo =>
	user.groups.includes(wellKnown.groups.authenticated)
		? user
		: { ...user, groups: [...user.groups, wellKnown.groups.authenticated] };

/**
 * @throws API_UNAUTHORIZED, AUTHENTICATOR_UNAVAILABLE (only token-store could say whether the token is valid)
 * @differs upstream answers 401 when its token authenticators fail as well; here the caller gets 503 with Retry-After,
 *   and a join retries
 */
export function createAuthenticator(verifyToken: VerifyToken, clock: Clock): Authenticate {
	const verified = cacheSuccesses(verifyToken, clock);
	return async ({ peer, authorization }) => {
		const problems: string[] = [];
		const certificate = userOfCertificate(peer.certificate, clock());
		if (typeof certificate === 'object') return known(certificate);
		if (certificate !== undefined) problems.push(certificate);
		const token = bearerToken(authorization);
		if (token !== undefined) {
			const user = await verified(token).catch((error: unknown) => {
				setSpanAttributes({
					'kubejoin.unauthorized.why': [...problems, `the token cannot be checked: ${causeText(error)}`],
				});
				throw new KubejoinError('AUTHENTICATOR_UNAVAILABLE', { retryAfterSeconds: 1 }, { cause: error });
			});
			if (user !== undefined) return known(user);
			problems.push('invalid bearer token');
		}
		if (problems.length === 0) return anonymous();
		setSpanAttributes({ 'kubejoin.unauthorized.why': problems });
		throw new KubejoinError(
			'API_UNAUTHORIZED',
			{},
			{ cause: new Error(`Unable to authenticate the request: [${problems.join(', ')}]`) },
		);
	};
}

/**
 * The user, or why the certificate is invalid, or undefined without a certificate. The validity is checked on each
 * request, because connections live long.
 */
function userOfCertificate(certificate: PeerCertificate, nowMs: number): UserInfo | string | undefined {
	if (certificate.state === 'none') return undefined;
	if (certificate.state === 'unverified') return `x509: ${certificate.problem}`;
	const { commonName, organizations, fingerprint, notBefore, notAfter } = certificate;
	const dates = datesProblem(notBefore, notAfter, nowMs);
	if (dates !== undefined) return `x509: ${invalidNow}: ${dates}`;
	if (commonName === '') return 'x509: the certificate has no common name';
	return {
		username: commonName,
		groups: [...organizations],
		extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${fingerprint}`] },
	};
}

/**
 * The token; a header of another scheme, or one with two spaces, holds none and is passed over.
 * @source apiserver/pkg/authentication/request/bearertoken
 */
function bearerToken(authorization: string | undefined): string | undefined {
	const [scheme = '', token = ''] = authorization?.trim().split(' ') ?? [];
	return scheme.toLowerCase() === 'bearer' && token !== '' ? token : undefined;
}

/** Upstream warns its caller of this one. */
export const hasExtraSpace = (authorization: string | undefined): boolean =>
	/^bearer {2}/i.test(authorization?.trim() ?? '');

function cacheSuccesses(verifyToken: VerifyToken, clock: Clock): VerifyToken {
	const users = new LRUCache<string, VerifiedUser>({
		max: TOKEN_CACHE_SIZE,
		// lru-cache keeps an entry until its age exceeds the ttl.
		ttl: TOKEN_CACHE_MS - 1,
		ttlResolution: 0,
		perf: { now: clock },
	});
	return async (token) => {
		const known = users.get(token);
		if (known !== undefined) return known;
		const user = await verifyToken(token);
		if (user !== undefined) users.set(token, user);
		return user;
	};
}
