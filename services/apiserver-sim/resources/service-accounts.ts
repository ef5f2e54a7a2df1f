/** Service accounts, and the tokens that they issue. @source pkg/registry/core/serviceaccount */
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, ObjectMeta } from '../../../lib/kube/types.ts';
import type { Strategy } from '../registry.ts';
import type { ResourceStorage } from '../request/api-request.ts';
import { kindStrategy } from './kind.ts';
import { type AdmittedTokenIssuer, issueToken } from './token-requests.ts';

interface ServiceAccount extends KubeObject {
	readonly secrets?: readonly { readonly name?: string }[];
}

const ENFORCE = 'kubernetes.io/enforce-mountable-secrets';
const ENFORCED_IS_DEPRECATED =
	`metadata.annotations[${ENFORCE}]: deprecated in v1.32+; ` +
	'prefer separate namespaces to isolate access to mounted secrets';
const isEnforced = (metadata: ObjectMeta | undefined): boolean => Object.hasOwn(metadata?.annotations ?? {}, ENFORCE);

/** A Secret is of the account's namespace. @source cleanSecretReferences */
const withSecretNames = (account: ServiceAccount): ServiceAccount =>
	account.secrets === undefined
		? account
		: { ...account, secrets: account.secrets.map(({ name }) => (name === undefined ? {} : { name })) };

export const serviceAccounts: Strategy<ServiceAccount> = {
	...kindStrategy<ServiceAccount>(resources.serviceAccounts, {
		warningsOf: ({ metadata }, previous) =>
			isEnforced(metadata) && !isEnforced(previous?.metadata) ? [ENFORCED_IS_DEPRECATED] : [],
	}),
	prepareForCreate: withSecretNames,
	prepareForUpdate: withSecretNames,
};

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
