import assert from 'node:assert/strict';
import { type ApiResource, resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Call } from '../../../lib/rpc/server.ts';
import type { Pipeline, UnauthenticatedRequest } from '../pipeline.ts';
import { type ApiRequest, type Credentials, defaultOptions } from '../request/api-request.ts';
import { resourceHandlers } from './grpc.ts';

const metadata = { name: 'n', uid: 'u' };
const stored: KubeObject & { spec: object } = { apiVersion: 'v1', kind: 'Node', metadata, spec: { podCIDR: 'c' } };

/** The request that the pipeline gets for a call of a method, and the answer of the method. */
async function asked(
	resource: ApiResource,
	method: string,
	message: object,
	metadata: Readonly<Record<string, string>> = {},
	object: KubeObject = stored,
): Promise<{ request: Partial<ApiRequest>; answer: unknown }> {
	let request: Partial<ApiRequest> = {};
	const take = async ({ complete, ...rest }: UnauthenticatedRequest) => {
		request = { ...rest, ...(await complete?.(() => undefined)) } as unknown as ApiRequest;
	};
	const pipeline: Pipeline = {
		execute: (one) => take(one).then(() => object),
		list: (one) => take(one).then(() => ({ items: [object], resourceVersion: '5' })),
		watch: (one) =>
			take(one).then(async function* () {
				yield { type: 'ADDED' as const, object };
			}),
		connect: () => assert.fail(),
		refuse: () => assert.fail(),
		authorizePath: () => assert.fail(),
	};
	const call = {
		method,
		peer: { address: '', certificate: { state: 'none' } },
		metadata: (key: string) => metadata[key],
		metadataPairs: [],
		hasMetadata: () => false,
		signal: new AbortController().signal,
	} as unknown as Call;
	const { unary, streams, bidi } = resourceHandlers(resource, pipeline, new AbortController().signal);
	const answer = await (unary[method] ?? bidi[method])?.(message as never, call);
	for await (const event of streams[method]?.(message as never, call) ?? []) return { request, answer: event };
	return { request, answer };
}
const has = (request: Partial<ApiRequest>, expected: Partial<ApiRequest>) =>
	assert.deepEqual({ ...request, ...expected }, request);

describe('the gRPC door', () => {
	const { nodes, pods, serviceAccounts } = resources;

	it('reads the options of a list', async () => {
		const message = { labelSelector: 'a=b', limit: 1000, resourceVersion: '4', resourceVersionMatch: 'Exact' };
		const { request, answer } = await asked(pods, 'List', { namespace: 'ns', ...message });
		has(request, { ...message, verb: 'list', namespace: 'ns', limit: 500 });
		assert.deepEqual(answer, { metadata: { resourceVersion: '5' }, items: [stored] });
	});

	it('passes on the user to impersonate', async () => {
		let asked: Credentials['impersonation'] | undefined;
		const execute: Pipeline['execute'] = async (_request, { impersonation }) => {
			asked = impersonation;
			return stored;
		};
		const { unary } = resourceHandlers(nodes, { execute } as Pipeline, new AbortController().signal);
		const get = (sent: Readonly<Record<string, string>>) =>
			unary.Get?.({ name: 'n' } as never, {
				method: 'Get',
				peer: { address: '', certificate: { state: 'none' } },
				metadata: (key) => sent[key],
				metadataPairs: Object.entries(sent),
				hasMetadata: (prefix) => Object.keys(sent).some((key) => key.startsWith(prefix)),
				signal: new AbortController().signal,
			});
		await get({ 'user-agent': 'a', 'impersonate-user': 'alice' });
		assert.deepEqual(asked, [['impersonate-user', 'alice']]);
		await get({ 'user-agent': 'a' });
		assert.deepEqual(asked, []);
	});

	it('reads the options of a watch', async () => {
		const options = { sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan', allowWatchBookmarks: true };
		const { request, answer } = await asked(pods, 'Watch', { ...options, timeoutSeconds: 3 });
		has(request, { ...options, verb: 'watch', timeoutSeconds: 3 });
		assert.deepEqual(answer, { type: 'ADDED', object: stored });
	});

	it('makes an update of each renewal of a Lease', async () => {
		const metadata = { namespace: 'kube-node-lease', name: 'n', resourceVersion: '4' };
		const { request, answer } = await asked(resources.leases, 'Renew', { metadata });
		has(request, { verb: 'update', namespace: 'kube-node-lease', name: 'n', subresource: '' });
		assert.deepEqual(request.object, { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata });
		assert.equal(answer, stored);
	});

	it('answers with the metadata alone when a reader asks for no more', async () => {
		const { spec: _spec, ...withoutSpec } = stored;
		const only = { metadataOnly: true };
		assert.deepEqual((await asked(nodes, 'Get', { name: 'n', ...only })).answer, withoutSpec);
		assert.deepEqual((await asked(nodes, 'Get', { name: 'n' })).answer, stored);
		const list = { metadata: { resourceVersion: '5' }, items: [withoutSpec] };
		assert.deepEqual((await asked(nodes, 'List', only)).answer, list);
		assert.deepEqual((await asked(nodes, 'Watch', only)).answer, { type: 'ADDED', object: withoutSpec });
		const managed = { ...stored, metadata: { ...stored.metadata, managedFields: [] } };
		assert.deepEqual((await asked(nodes, 'Get', { name: 'n', ...only }, {}, managed)).answer, withoutSpec);
	});

	it('leaves out managedFields when a client asks for it, and only then', async () => {
		const managed = { ...stored, metadata: { ...stored.metadata, managedFields: [{ manager: 'kubelet' }] } };
		const answerOf = async (method: string, metadata: Record<string, string>) =>
			(await asked(nodes, method, { name: 'n', metadata: { name: 'n' }, ...patch }, metadata, managed)).answer;
		const patch = { type: 'merge', document: '{}' };
		for (const [preference, shown] of [
			['omit', stored],
			['keep', managed],
		] as const) {
			const metadata = { 'managed-fields': preference };
			for (const method of ['Get', 'Create', 'Update', 'UpdateStatus', 'Patch'])
				assert.deepEqual(await answerOf(method, metadata), shown, method);
			assert.deepEqual((await asked(nodes, 'List', {}, metadata, managed)).answer, {
				metadata: { resourceVersion: '5' },
				items: [shown],
			});
			const event = { type: 'ADDED', object: shown };
			assert.deepEqual((await asked(nodes, 'Watch', {}, metadata, managed)).answer, event);
		}
	});

	it('reads a patch', async () => {
		const patch = { type: 'apply', document: '{"spec":{}}' };
		const options = { fieldManager: 'me', force: true, fieldValidation: 'Strict' as const };
		const message = { name: 'n', ...patch, ...options, dryRun: ['All'] };
		const { request } = await asked(nodes, 'PatchStatus', message);
		has(request, {
			...options,
			verb: 'patch',
			name: 'n',
			subresource: 'status',
			dryRun: true,
			patch: { type: 'apply', document: { spec: {} } },
		});
	});

	it('API_BAD_REQUEST: refuses a patch of another type or with a document that is no JSON', async () => {
		for (const patch of [{ type: 'other', document: '{}' }, { type: 'merge', document: '{' }, {}])
			await assert.rejects(asked(nodes, 'Patch', { name: 'n', ...patch }), { code: 'API_BAD_REQUEST' });
	});

	it('reads the options of a deletion, of one object and of a collection', async () => {
		const options = { gracePeriodSeconds: 0, propagationPolicy: 'Orphan' as const };
		const one = await asked(nodes, 'Delete', { name: 'n', ...options, preconditions: { uid: 'u' } });
		has(one.request, { ...options, verb: 'delete', name: 'n', preconditions: { uid: 'u' } });
		const all = await asked(pods, 'DeleteCollection', { labelSelector: 'a', dryRun: ['All'], ...options });
		has(all.request, { ...options, verb: 'deletecollection', labelSelector: 'a', dryRun: true });
	});

	it('API_INVALID: refuses options that upstream refuses', async () => {
		await assert.rejects(asked(nodes, 'Delete', { propagationPolicy: 'Never' }), { code: 'API_INVALID' });
		await assert.rejects(asked(nodes, 'Create', {}, { 'dry-run': 'Some' }), { code: 'API_INVALID' });
		await assert.rejects(asked(nodes, 'List', { resourceVersionMatch: 'Newest' }), { code: 'API_INVALID' });
	});

	it('reads the options of a write from metadata', async () => {
		const metadata = { 'dry-run': 'All', 'field-manager': 'me', 'field-validation': 'Ignore' };
		const { request } = await asked(nodes, 'Create', { metadata: { name: 'n' } }, metadata);
		has(request, { verb: 'create', name: '', dryRun: true, fieldManager: 'me', fieldValidation: 'Ignore' });
		has((await asked(nodes, 'Update', { metadata: { name: 'n' } })).request, {
			name: 'n',
			dryRun: defaultOptions.dryRun,
			fieldValidation: 'Warn',
		});
	});

	it('names the parent of a created subresource, and the kind of its object', async () => {
		const metadata = { name: 'p', namespace: 'ns' };
		const { request: eviction } = await asked(pods, 'CreateEviction', { metadata });
		has(eviction, { verb: 'create', subresource: 'eviction', name: 'p', namespace: 'ns' });
		assert.deepEqual(eviction.object, { apiVersion: 'policy/v1', kind: 'Eviction', metadata });
		const { request: token } = await asked(serviceAccounts, 'CreateToken', { metadata });
		assert.equal(token.object?.kind, 'TokenRequest');
	});
});
