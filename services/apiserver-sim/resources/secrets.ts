/** Secrets of type bootstrap.kubernetes.io/token, which token-store keeps; apiserver-sim stores no secret itself. */
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { configKeyProblems, subdomainProblems } from '../../../lib/kube/names.ts';
import { invalid, metadataProblems, nameProblems, requireValid } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import { type Secret, wellKnown } from '../../../lib/kube/types.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';
import { matchesFields, requireSelectable, selectedName } from '../selectors.ts';
import type { TokenStoreClient } from '../token-store-client.ts';

const typeMeta = { apiVersion: 'v1', kind: 'Secret' };
const notFound = (name: string) =>
	new KubejoinError('API_NOT_FOUND', { resource: resources.secrets.resource, group: '', name });
const fieldsOf = ({ metadata, type }: Secret) => ({
	'metadata.name': metadata.name ?? '',
	'metadata.namespace': metadata.namespace ?? '',
	type: type ?? '',
});

/**
 * Problems of a Secret, checked before token-store receives it. token-store refuses an absent name, because it accepts
 * only names of tokens.
 * @source pkg/apis/core/validation/validation.go ValidateSecret
 */
const secretProblems = ({ metadata = {}, data = {} }: Secret): FieldProblem[] => [
	...((metadata.name ?? '') === '' ? [] : nameProblems(metadata, subdomainProblems)),
	...metadataProblems(metadata),
	...Object.keys(data).flatMap((key) => configKeyProblems(key).map((detail) => invalid(`data[${key}]`, key, detail))),
];

export function secretsEndpoint(tokens: TokenStoreClient): ResourceStorage {
	async function find({ namespace, name }: Pick<ApiRequest, 'namespace' | 'name'>): Promise<Secret> {
		const found = namespace === wellKnown.kubeSystem ? (await tokens.list(name)).items[0] : undefined;
		if (found === undefined) throw notFound(name);
		return { ...found, ...typeMeta };
	}
	return {
		subresources: [],
		get: find,
		async create({ object, namespace }) {
			const secret = object as Secret;
			requireValid(resources.secrets, secret.metadata?.name ?? '', secretProblems(secret));
			return { ...(await tokens.create({ ...secret, metadata: { ...secret.metadata, namespace } })), ...typeMeta };
		},
		async list({ namespace, fieldSelector }) {
			requireSelectable(fieldsOf({ ...typeMeta, metadata: {} }), fieldSelector);
			const isElsewhere = namespace !== '' && namespace !== wellKnown.kubeSystem;
			const { items, resourceVersion } = await tokens.list(selectedName(fieldSelector) ?? '');
			const secrets = isElsewhere ? [] : items.map((secret) => ({ ...secret, ...typeMeta }));
			return { items: secrets.filter((secret) => matchesFields(fieldsOf(secret), fieldSelector)), resourceVersion };
		},
		async delete(request) {
			const found = await find(request);
			await tokens.delete(request.name, request.preconditions);
			return found;
		},
	};
}
