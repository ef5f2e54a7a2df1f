/**
 * Who a request comes from. A client certificate of the cluster CA, then a bearer token, then the anonymous user. A
 * credential that is not valid is a 401, one that cannot be checked a 503; neither becomes anonymous. The caller reads
 * only `Unauthorized`; log and trace have the reason.
 * @source kubeapiserver/authenticator/config.go, apiserver authentication/request/{union,anonymous}
 */
import type { Clock } from '../../../lib/clock.ts';
import { KubejoinError } from '../../../lib/errors.ts';
import { type UserInfo, wellKnown } from '../../../lib/kube/types.ts';
import type { PeerCertificate } from '../../../lib/rpc/peer.ts';
import { setSpanAttributes } from '../../../lib/trace.ts';
import type { Credentials } from '../request/api-request.ts';
import { bearerToken } from './bearer-token.ts';
import { type AuthenticateToken, invalidBearerToken } from './token-authenticator.ts';
import { type WebSocketToken, webSocketToken } from './web-socket-token.ts';
import { userOfCertificate } from './x509.ts';

/** A certificate needs no wait. */
export type Authenticate = (credentials: Credentials) => Promise<UserInfo> | UserInfo;

const anonymous: UserInfo = { username: wellKnown.anonymous, groups: [wellKnown.groups.unauthenticated] };

/** @source apiserver/pkg/authentication/group AuthenticatedGroupAdder */
export function withAuthenticatedGroup(user: UserInfo): UserInfo {
	const { authenticated, unauthenticated } = wellKnown.groups;
	const isComplete =
		user.username === wellKnown.anonymous ||
		user.groups.includes(authenticated) ||
		user.groups.includes(unauthenticated);
	return isComplete ? user : { ...user, groups: [...user.groups, authenticated] };
}

function tokensOf({ authorization, webSocketProtocols }: Credentials): readonly WebSocketToken[] {
	const token = bearerToken(authorization);
	const ofWebSocket = webSocketProtocols === undefined ? undefined : webSocketToken(webSocketProtocols);
	return [...(token === undefined ? [] : [{ token }]), ...(ofWebSocket === undefined ? [] : [ofWebSocket])];
}

/**
 * @param audiences  those of the API server; a token must be for one of them
 * @throws API_UNAUTHORIZED, AUTHENTICATOR_UNAVAILABLE (the token cannot be checked)
 * @differs upstream answers 401 when its token authenticators fail as well; here the caller gets 503 with Retry-After,
 *   and a join retries
 */
export function createAuthenticator(
	authenticateToken: AuthenticateToken,
	audiences: readonly string[],
	clock: Clock,
): Authenticate {
	/** One object for all requests with a credential that is remembered, so that its permissions are found once. */
	const users = new WeakMap<PeerCertificate | UserInfo, UserInfo>();
	const userOf = (credential: PeerCertificate | UserInfo, found: UserInfo): UserInfo => {
		const user = users.get(credential) ?? withAuthenticatedGroup(found);
		users.set(credential, user);
		return user;
	};
	const byToken = async (credentials: Credentials, problems: string[]): Promise<UserInfo> => {
		for (const credential of tokensOf(credentials)) {
			if ('problem' in credential) {
				problems.push(credential.problem);
				continue;
			}
			const verdict = await authenticateToken(credential.token, audiences).catch((error: unknown) => {
				setSpanAttributes({ 'kubejoin.unauthorized.why': [...problems, 'the token cannot be checked'] });
				throw error;
			});
			if (verdict !== undefined && 'user' in verdict) return userOf(verdict.user, verdict.user);
			problems.push(verdict?.problem ?? invalidBearerToken);
		}
		if (problems.length === 0) return anonymous;
		setSpanAttributes({ 'kubejoin.unauthorized.why': problems });
		throw new KubejoinError(
			'API_UNAUTHORIZED',
			{},
			{ cause: new Error(`Unable to authenticate the request: [${problems.join(', ')}]`) },
		);
	};
	return (credentials) => {
		const { certificate } = credentials.peer;
		const found = userOfCertificate(certificate, clock());
		if (typeof found === 'object') return userOf(certificate, found);
		return byToken(credentials, found === undefined ? [] : [found]);
	};
}
