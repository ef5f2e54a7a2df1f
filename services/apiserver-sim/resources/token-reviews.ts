/**
 * Reviews a bearer token: the API server authenticates it as it would authenticate a request with it. The token is in
 * the answer, as upstream, and in no log.
 * @source pkg/registry/authentication/tokenreview/storage.go
 */
import { KubejoinError } from '../../../lib/errors.ts';
import { apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import type { TokenReview } from '../../../lib/kube/types.ts';
import { bearerToken } from '../authenticate/bearer-token.ts';
import { type AuthenticateToken, invalidBearerToken } from '../authenticate/token-authenticator.ts';
import { withAuthenticatedGroup } from '../authenticate/union.ts';
import type { ResourceStorage } from '../request/api-request.ts';

/** @param ownAudiences  of the API server; the default of a review */
export const tokenReviews = (
	authenticateToken: AuthenticateToken,
	ownAudiences: readonly string[],
): ResourceStorage => ({
	subresources: [],
	async create({ object }) {
		const { spec, metadata } = object as TokenReview;
		const sent = spec?.token ?? '';
		if (sent === '')
			throw new KubejoinError('API_BAD_REQUEST', { problem: 'token is required for TokenReview in authentication' });
		const wanted = spec?.audiences ?? [];
		const token = bearerToken(`Bearer ${sent}`);
		const verdict =
			token === undefined ? undefined : await authenticateToken(token, wanted.length === 0 ? ownAudiences : wanted);
		return {
			apiVersion: apiVersionOf(resources.tokenReviews),
			kind: resources.tokenReviews.kind,
			metadata: metadata ?? {},
			spec: { ...spec },
			status:
				verdict !== undefined && 'user' in verdict
					? { authenticated: true, user: withAuthenticatedGroup(verdict.user), audiences: [...verdict.audiences] }
					: {
							user: {},
							error: verdict === undefined ? invalidBearerToken : `[${invalidBearerToken}, ${verdict.problem}]`,
						},
		} as TokenReview;
	},
});
