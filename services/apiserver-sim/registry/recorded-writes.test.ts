/** Writes to a real kube-apiserver 1.37.2 by kubectl, kubelet and kubeadm, applied to the same objects. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { KubejoinError } from '../../../lib/errors.ts';
import type { JsonObject } from '../../../lib/json-object.ts';
import { goForm } from '../../../lib/kube/schema/go-form.ts';
import { typeOfKind } from '../../../lib/kube/schema/schema.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import { tokenIssuer } from '../authenticate/fixtures.test.ts';
import { defaultRbac } from '../authorize/default-roles.ts';
import { rbacSource } from '../authorize/fixtures.test.ts';
import { createRbacAuthorizer } from '../authorize/rbac.ts';
import { admin, cacheOf, request, storeOfEachTest } from '../fixtures.test.ts';
import { storeKey } from '../registry.ts';
import type { ApiRequest, PatchType } from '../request/api-request.ts';
import { infoOfPath, type ResourceInfo } from '../request/info.ts';
import { createResources } from '../resources/index.ts';
import { failureStatus } from '../status.ts';
import { createObjectReader } from './object-reader.ts';
import { forStore } from './stored-objects.ts';

interface Recorded {
	readonly command: string;
	readonly method: 'POST' | 'PUT' | 'PATCH';
	readonly path: string;
	readonly contentType: string;
	readonly userAgent: string;
	readonly query: { readonly fieldManager?: string; readonly dryRun?: string; readonly force?: string };
	readonly live?: KubeObject;
	readonly sent: KubeObject;
	readonly status: number;
	readonly answer: KubeObject;
}
const lines = gunzipSync(readFileSync(new URL('recorded-writes.jsonl.gz', import.meta.url))).toString();
const recorded: readonly Recorded[] = lines
	.trim()
	.split('\n')
	.map((line) => JSON.parse(line));

const patchTypes: Readonly<Record<string, PatchType>> = {
	'application/json-patch+json': 'json',
	'application/merge-patch+json': 'merge',
	'application/strategic-merge-patch+json': 'strategic',
	'application/apply-patch+yaml': 'apply',
};
const noTokens = () => assert.fail('no bootstrap token is written');
const verbs = { POST: 'create', PUT: 'update', PATCH: 'patch' } as const;

interface Entry {
	readonly time?: string;
	readonly subresource?: string;
}
const entriesOf = ({ metadata }: KubeObject): Entry[] => ((metadata as JsonObject).managedFields ?? []) as Entry[];

/** The time of the write, which is that of the newest entry. */
const timeOf = (answer: KubeObject): string =>
	entriesOf(answer)
		.map(({ time = '' }) => time)
		.sort()
		.at(-1) ?? '2026-01-01T00:00:00Z';

/** The object that a client reads, without the values that differ between two runs. */
function comparable(object: KubeObject, isNew: boolean): object {
	const named = JSON.stringify(object).replace(/kube-api-access-\w{5}/g, 'kube-api-access-xxxxx');
	const read = goForm(typeOfKind(object), JSON.parse(named)) as KubeObject;
	const { resourceVersion: _version, uid, ...metadata } = read.metadata;
	return { ...read, metadata: { ...metadata, uid: isNew ? '' : uid } };
}

describe('writes that a real kube-apiserver answered', () => {
	const store = storeOfEachTest();

	async function endpointOf(info: ResourceInfo, clock: () => number) {
		const rbac = rbacSource(defaultRbac());
		const authorizer = createRbacAuthorizer(rbac);
		const endpoints = createResources({
			store: store(),
			cache: cacheOf(store()),
			tokens: { create: noTokens, update: noTokens, list: noTokens, delete: noTokens, verify: noTokens },
			authorizer,
			rbac,
			clock,
			countRefusal: () => undefined,
			readCsr: createCsrReader(),
			authenticateToken: async () => undefined,
			tokenIssuer: tokenIssuer(createObjectReader(store()), clock),
			kubelets: { lookup: async () => [], allowsLoopback: false },
		});
		const endpoint = endpoints.get(info.resource);
		assert.ok(endpoint, info.resource.resource);
		return endpoint;
	}

	async function answerTo({ method, path, contentType, userAgent, query, live, sent, answer }: Recorded) {
		const info = infoOfPath(method, path);
		assert.ok(info.isResource);
		const { resource, namespace, name, subresource } = info;
		const time = answer.kind === 'Status' ? timeOf(live ?? answer) : timeOf(answer);
		const endpoint = await endpointOf(info, () => Date.parse(time));
		if (namespace !== '') {
			const of = { apiVersion: 'v1', metadata: { name: namespace } };
			await store().create(`namespaces/${namespace}`, { ...of, kind: 'Namespace' });
			const account = { ...of, kind: 'ServiceAccount', metadata: { name: 'default', namespace } };
			if (resource.resource === 'pods') await store().create(`serviceaccounts/${namespace}/default`, account);
		}
		const stored = live && (await store().create(storeKey(resource, namespace, name), forStore(live)));
		const asked: Partial<ApiRequest> = {
			user: admin,
			namespace,
			name,
			subresource,
			userAgent,
			fieldManager: query.fieldManager ?? '',
			dryRun: query.dryRun !== undefined,
			force: query.force === 'true',
			fieldValidation: 'Strict',
		};
		const metadata = { ...sent?.metadata };
		if (metadata?.resourceVersion && stored) metadata.resourceVersion = String(stored.revision);
		const object = sent?.metadata ? { ...sent, metadata } : sent;
		if (method !== 'PATCH') return endpoint[verbs[method]]?.(request(verbs[method], resource, { ...asked, object }));
		const type = patchTypes[contentType] ?? 'json';
		return endpoint.patch?.(request('patch', resource, { ...asked, patch: { type, document: object } }));
	}

	for (const [at, row] of recorded.entries()) {
		const { command, method, path, status, answer, live } = row;
		it(`${command}: ${method} ${path} (${at})`, async () => {
			const { message: wantedMessage = '' } = answer as { message?: string };
			try {
				const written = await answerTo(row);
				assert.ok(written);
				assert.ok(status < 300, `upstream refuses it: ${wantedMessage}`);
				// The request of a certificate records its user.
				if (written.kind === 'CertificateSigningRequest') assert.deepEqual(entriesOf(written), entriesOf(answer));
				else assert.deepEqual(comparable(written, live === undefined), comparable(answer, live === undefined));
			} catch (error) {
				if (!(error instanceof KubejoinError)) throw error;
				const { code, message = '', ...refusal } = failureStatus(error);
				assert.equal(code, status, error.message);
				const version = live?.metadata.resourceVersion ?? '';
				const found = message.replace(/(resourceVersion\\":\\")\d+/, `$1${version}`);
				assert.equal(found, wantedMessage);
				const { details = {} } = answer as { details?: object };
				if (command.includes('conflict')) assert.deepEqual(refusal.details, details);
			}
		});
	}
});
