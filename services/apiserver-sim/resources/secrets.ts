/**
 * Secrets of every type. token-store keeps the data of bootstrap tokens.
 *
 * @source pkg/apis/core/validation/validation.go ValidateSecret, ValidateSecretUpdate; pkg/apis/core/v1/conversion.go
 */
import type { FieldProblem } from '../../../lib/errors.ts';
import { configKeyProblems } from '../../../lib/kube/names.ts';
import { invalid, required, tooLong } from '../../../lib/kube/object-meta.ts';
import { resources } from '../../../lib/kube/resources.ts';
import { type KubeObject, type Secret, type WatchEvent, wellKnown } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import { createStorage, type RegistryContext, type Strategy } from '../registry.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';
import type { TokenStoreClient } from '../token-store-client.ts';
import { immutableContent } from './field-rules.ts';
import { SecretStore } from './secret-store.ts';
import { tlsWarnings } from './tls-warnings.ts';

export const secrets: Strategy<Secret> = {
	resource: resources.secrets,
	subresources: [],
	fields: ({ type = '' }) => ({ type }),
	// @source pkg/apis/core/v1 SetDefaults_Secret, Convert_v1_Secret_To_core_Secret
	setDefaults: (secret) => withType(withTexts(secret)),
	validate: secretProblems,
	reportsChangesFirst: true,
	warningsOf: tlsWarnings,
	validateUpdate: (next, previous) => [
		...(next.type === previous.type ? [] : [invalid('type', next.type, 'field is immutable')]),
		...immutableContent(next, previous, ['data']),
	],
};

const withType = (secret: Secret): Secret => ({ ...secret, type: secret.type || 'Opaque' });

/** `stringData` is for writers only: its texts become values of `data`. */
function withTexts({ stringData, ...secret }: Secret): Secret {
	if (stringData === undefined || stringData === null) return secret;
	const texts = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')]);
	return { ...secret, data: { ...secret.data, ...Object.fromEntries(texts) } };
}

function secretProblems(secret: Secret): FieldProblem[] {
	const { data = {} } = secret;
	const bytes = Object.values(data).reduce((sum, value) => sum + Buffer.byteLength(value, 'base64'), 0);
	const max = limits.configMapBytes.value;
	return [
		...Object.keys(data).flatMap((key) => configKeyProblems(key).map((detail) => invalid(`data[${key}]`, key, detail))),
		...(bytes > max ? [tooLong('data', max, 'configMapBytes')] : []),
		...typeProblems(secret),
	];
}

const serviceAccountName = 'kubernetes.io/service-account.name';
const demand = (data: Readonly<Record<string, string>>, key: string): FieldProblem[] =>
	Object.hasOwn(data, key) ? [] : [required(`data[${key}]`)];

function typeProblems({ type, data = {}, metadata }: Secret): FieldProblem[] {
	switch (type) {
		case 'kubernetes.io/service-account-token':
			return metadata.annotations?.[serviceAccountName]
				? []
				: [required(`metadata.annotations[${serviceAccountName}]`)];
		case 'kubernetes.io/dockercfg':
			return jsonProblems(data, '.dockercfg');
		case 'kubernetes.io/dockerconfigjson':
			return jsonProblems(data, '.dockerconfigjson');
		case 'kubernetes.io/basic-auth':
			return Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password')
				? []
				: [required('data[username]'), required('data[password]')];
		case 'kubernetes.io/ssh-auth':
			return data['ssh-privatekey'] ? [] : [required('data[ssh-privatekey]')];
		case 'kubernetes.io/tls':
			return [...demand(data, 'tls.crt'), ...demand(data, 'tls.key')];
		default:
			return [];
	}
}

function jsonProblems(data: Readonly<Record<string, string>>, key: string): FieldProblem[] {
	if (!Object.hasOwn(data, key)) return [required(`data[${key}]`)];
	const problem = jsonObjectProblem(Buffer.from(data[key] ?? '', 'base64').toString());
	return problem === undefined ? [] : [invalid(`data[${key}]`, '<secret contents redacted>', problem)];
}

/** Without a part of the text, which is secret. */
function jsonObjectProblem(text: string): string | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === 'object' && !Array.isArray(value) ? undefined : 'it is not a JSON object';
	} catch {
		return 'it is not JSON';
	}
}

/** The storage of Secrets over both stores. */
export function secretsStorage(context: RegistryContext, tokens: TokenStoreClient): ResourceStorage {
	const store = new SecretStore(context.store, tokens);
	const storage = createStorage(secrets, { ...context, store });
	return {
		...storage,
		async list(request) {
			await reconciledFor(request, store);
			const list = await storage.list(request);
			return { ...list, items: await store.withData(list.items) };
		},
		async watch(request) {
			await reconciledFor(request, store);
			return withData(await storage.watch(request), store);
		},
		async deletecollection(request) {
			await reconciledFor(request, store);
			return storage.deletecollection(request);
		},
	};
}

/** Namespaces without tokens need no token-store. */
async function reconciledFor({ namespace }: ApiRequest, store: SecretStore): Promise<void> {
	if (namespace === '' || namespace === wellKnown.kubeSystem) await store.reconcile();
}

async function* withData(
	events: AsyncIterable<WatchEvent<KubeObject>>,
	store: SecretStore,
): AsyncGenerator<WatchEvent<KubeObject>> {
	for await (const event of events) {
		const [object = event.object] = event.type === 'DELETED' ? [] : await store.withData([event.object]);
		yield { ...event, object };
	}
}
