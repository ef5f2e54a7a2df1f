/** Service accounts, and the tokens that they issue. @source pkg/registry/core/serviceaccount */
import { resources } from '../../../lib/kube/resources.ts';
import type { ResourceStorage } from '../request/api-request.ts';
import { kindStrategy } from './kind.ts';
import { type AdmittedTokenIssuer, issueToken } from './token-requests.ts';

export const serviceAccounts = kindStrategy(resources.serviceAccounts);

/** The storage, with the subresource `token`. */
export const withTokens = (stored: ResourceStorage, issuer: AdmittedTokenIssuer): ResourceStorage => ({
	...stored,
	subresources: [...stored.subresources, 'token'],
	create: async (request) => {
		if (request.subresource === 'token') return issueToken(request, issuer);
		if (stored.create === undefined) throw new TypeError('service accounts are stored');
		return stored.create(request);
	},
});
