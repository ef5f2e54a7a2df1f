import assert from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import type { Attributes, Decision } from './authorize/attributes.ts';
import { userNamed } from './authorize/fixtures.test.ts';
import { fakeAuthorizer, refusalOf, request } from './fixtures.test.ts';
import { createPipeline } from './pipeline.ts';
import type { ApiRequest, Credentials, ResourceStorage, Verb } from './request/api-request.ts';
import { parseFieldSelector } from './selectors.ts';

const user = userNamed('u', 'g');
const credentials: Credentials = {
	peer: { address: '10.0.0.1:1', certificate: { state: 'none' } },
	authorization: undefined,
	impersonation: [],
};
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } };

describe('the pipeline', () => {
	/** What reached the endpoint. */
	let reached: string[];
	const note = ({ verb, subresource, user: { username } }: ApiRequest) =>
		void reached.push(`${username} ${verb} ${subresource}`.trim());
	const one = async (asked: ApiRequest) => {
		note(asked);
		return node;
	};
	const nodes: ResourceStorage = {
		create: one,
		get: one,
		update: one,
		delete: one,
		list: async (asked) => {
			note(asked);
			return { items: [node], resourceVersion: '1' };
		},
		async *watch(asked) {
			note(asked);
			yield { type: 'ADDED', object: node };
		},
		subresources: ['status'],
	};
	const reviews: ResourceStorage = { create: one, subresources: [] };
	const endpoints = new Map([
		[resources.nodes, nodes],
		[resources.selfSubjectReviews, reviews],
	]);
	const pipelineOf = (authorizer: { authorize(attributes: Attributes): Decision }) =>
		createPipeline(async () => user, authorizer, endpoints);
	const all = fakeAuthorizer(
		...['create', 'get', 'list', 'watch', 'update', 'delete'].flatMap((verb) =>
			['', '/status', '/approval'].flatMap((sub) => [`u ${verb} nodes${sub} a`, `u ${verb} nodes${sub}`]),
		),
		...['create', 'get', 'list', 'watch'].flatMap((verb) => [`u ${verb} selfsubjectreviews`, `u ${verb} configmaps`]),
	);
	const asked = (verb: Verb, more: Partial<ApiRequest> = {}) => request(verb, resources.nodes, more);
	beforeEach(() => {
		reached = [];
	});

	it('an allowed request reaches the endpoint, as the user who was authenticated', async () => {
		const pipeline = pipelineOf(all);
		for (const verb of ['create', 'get', 'update', 'delete'] as const)
			assert.equal(await pipeline.execute(asked(verb, { name: 'a' }), credentials), node);
		await pipeline.execute(asked('update', { name: 'a', subresource: 'status' }), credentials);
		assert.deepEqual(await pipeline.list(asked('list'), credentials), { items: [node], resourceVersion: '1' });
		for await (const { type } of await pipeline.watch(asked('watch'), credentials)) assert.equal(type, 'ADDED');
		assert.deepEqual(reached, ['u create', 'u get', 'u update', 'u delete', 'u update status', 'u list', 'u watch']);
	});

	it('401: who is not known reaches neither the authorizer nor the endpoint', async () => {
		const authorizer = fakeAuthorizer();
		const pipeline = createPipeline(
			() => Promise.reject(new KubejoinError('API_UNAUTHORIZED', {})),
			authorizer,
			endpoints,
		);
		assert.equal(await refusalOf(pipeline.execute(asked('get'), credentials)), '401 Unauthorized: Unauthorized');
		assert.equal(await refusalOf(pipeline.list(asked('list'), credentials)), '401 Unauthorized: Unauthorized');
		assert.equal(await refusalOf(pipeline.watch(asked('watch'), credentials)), '401 Unauthorized: Unauthorized');
		assert.equal(
			await refusalOf(pipeline.authorizePath('/version', 'get', credentials)),
			'401 Unauthorized: Unauthorized',
		);
		assert.deepEqual([authorizer.asked, reached], [[], []]);
	});

	it('403: nothing reaches the endpoint that was not allowed; no opinion is no', async () => {
		for (const decision of ['NoOpinion', 'Deny'] as const) {
			const pipeline = pipelineOf({ authorize: () => ({ decision, reason: '' }) });
			for (const verb of ['create', 'get', 'update', 'delete'] as const)
				assert.match(await refusalOf(pipeline.execute(asked(verb), credentials)), /^403 Forbidden/);
			assert.match(await refusalOf(pipeline.list(asked('list'), credentials)), /^403 Forbidden/);
			assert.match(await refusalOf(pipeline.watch(asked('watch'), credentials)), /^403 Forbidden/);
		}
		assert.deepEqual(reached, []);
	});

	it('403 in upstream’s words', async () => {
		const pipeline = pipelineOf({ authorize: () => ({ decision: 'NoOpinion', reason: '' }) });
		const refused = (verb: Verb, more: Partial<ApiRequest>) =>
			refusalOf(pipeline.execute({ ...asked(verb), ...more }, credentials));
		const cannot = (verb: string, resource: string) =>
			`is forbidden: User "u" cannot ${verb} resource "${resource}" in API group`;
		assert.equal(
			await refused('get', { name: 'a' }),
			`403 Forbidden: nodes "a" ${cannot('get', 'nodes')} "" at the cluster scope`,
		);
		assert.equal(
			await refused('create', {}),
			`403 Forbidden: nodes ${cannot('create', 'nodes')} "" at the cluster scope`,
		);
		assert.equal(
			await refused('update', { name: 'a', subresource: 'status' }),
			`403 Forbidden: nodes "a" ${cannot('update', 'nodes/status')} "" at the cluster scope`,
		);
		assert.equal(
			await refused('get', { resource: resources.leases, namespace: 'ns', name: 'a' }),
			`403 Forbidden: leases.coordination.k8s.io "a" ${cannot('get', 'leases')} "coordination.k8s.io" ` +
				'in the namespace "ns"',
		);
		const because = pipelineOf({ authorize: () => ({ decision: 'Deny', reason: 'because' }) });
		assert.equal(
			await refusalOf(because.execute(asked('get', { name: 'a' }), credentials)),
			`403 Forbidden: nodes "a" ${cannot('get', 'nodes')} "" at the cluster scope: because`,
		);
		assert.equal(
			await refusalOf(pipeline.authorizePath('/version', 'get', credentials)),
			'403 Forbidden: forbidden: User "u" cannot get path "/version"',
		);
	});

	it('what could not be evaluated is 500, not 403, unless it was allowed all the same', async () => {
		const pipeline = (decision: Decision['decision']) =>
			pipelineOf({ authorize: () => ({ decision, reason: '', error: 'no roles' }) });
		await assert.rejects(
			pipeline('NoOpinion').execute(asked('get', { name: 'a' }), credentials),
			new Error('authorization could not be evaluated: no roles'),
		);
		assert.deepEqual(reached, []);
		await pipeline('Allow').execute(asked('get', { name: 'a' }), credentials);
	});

	it('list and watch of one name are authorized for that name, and for no other', async () => {
		const authorizer = fakeAuthorizer('u list nodes a', 'u watch nodes a');
		const pipeline = pipelineOf(authorizer);
		const select = (text: string) => ({ fieldSelector: parseFieldSelector(text) });
		await pipeline.list(asked('list', select('metadata.name=a')), credentials);
		for await (const _ of await pipeline.watch(asked('watch', select('metadata.name=a')), credentials));
		for (const text of ['metadata.name=b', 'metadata.name!=a', '']) {
			assert.match(await refusalOf(pipeline.list(asked('list', select(text)), credentials)), /^403/);
			assert.match(await refusalOf(pipeline.watch(asked('watch', select(text)), credentials)), /^403/);
		}
		// A name that is only sent, and not selected by, gains nothing.
		assert.match(await refusalOf(pipeline.list(asked('list', { name: 'a' }), credentials)), /^403/);
		assert.deepEqual(reached, ['u list', 'u watch']);
	});

	const notAllowed = '405 MethodNotAllowed: the server does not allow this method on the requested resource';
	const notFound = '404 NotFound: the server could not find the requested resource';

	it('405: a verb that is not offered; 404: a resource or a subresource that is not served', async () => {
		const pipeline = pipelineOf({ authorize: () => ({ decision: 'Allow', reason: '' }) });
		const review = (verb: Verb) => request(verb, resources.selfSubjectReviews);
		const status = (verb: string) => ({ ...asked('get', { name: 'a', subresource: 'status' }), verb });
		assert.equal(await refusalOf(pipeline.execute(review('get'), credentials)), notAllowed);
		assert.equal(await refusalOf(pipeline.list(review('list'), credentials)), notAllowed);
		assert.equal(await refusalOf(pipeline.watch(review('watch'), credentials)), notAllowed);
		for (const verb of ['list', 'watch', 'patch', 'deletecollection', 'constructor', ''])
			assert.equal(await refusalOf(pipeline.execute({ ...asked('get'), verb }, credentials)), notAllowed, verb);
		for (const verb of ['create', 'delete', 'patch'])
			assert.equal(await refusalOf(pipeline.execute(status(verb), credentials)), notAllowed, verb);
		assert.equal(await refusalOf(pipeline.execute(request('get', resources.configMaps), credentials)), notFound);
		for (const subresource of ['approval', 'proxy', 'toString'])
			for (const verb of ['get', 'update'])
				assert.equal(await refusalOf(pipeline.execute({ ...status(verb), subresource }, credentials)), notFound);
		assert.equal(await refusalOf(pipeline.refuse(asked('get', { name: 'a' }), credentials)), notAllowed);
		assert.deepEqual(reached, []);
		await pipeline.execute(status('get'), credentials);
		await pipeline.execute(status('update'), credentials);
		assert.deepEqual(reached, ['u get status', 'u update status']);
	});

	it('400: no name, or one that could not be in a path; also in a field selector, which then is none', async () => {
		const authorizer = fakeAuthorizer('u get nodes', 'u get nodes ..', 'u get nodes a/b%', 'u list nodes');
		const pipeline = pipelineOf(authorizer);
		const named = (name: string) => refusalOf(pipeline.execute(asked('get', { name }), credentials));
		assert.equal(await named(''), '400 BadRequest: Name parameter required.');
		assert.equal(await named('..'), `400 BadRequest: Name parameter invalid: "..": may not be '..'`);
		assert.equal(
			await named('a/b%'),
			`400 BadRequest: Name parameter invalid: "a/b%": may not contain '/';may not contain '%'`,
		);
		const fieldSelector = parseFieldSelector('metadata.name=..');
		await pipeline.list(asked('list', { fieldSelector }), credentials);
		assert.deepEqual(reached, ['u list']);
	});

	it('400 and a count for a name that is too long, before it is authorized', async () => {
		const counted: string[] = [];
		const authorizer = fakeAuthorizer();
		const pipeline = createPipeline(
			async () => user,
			authorizer,
			endpoints,
			(limit) => counted.push(limit),
		);
		const long = 'é'.repeat(129);
		const object = { ...node, metadata: { name: long } };
		const resource = { ...resources.nodes, group: long };
		for (const more of [{ name: long }, { namespace: long }, { object }, { resource }]) {
			const refusal = await refusalOf(pipeline.execute(asked('create', more), credentials));
			assert.match(
				refusal,
				/^400 BadRequest: [A-Z][a-z ]+ parameter invalid: "é{129}": must be no more than 256 bytes$/,
			);
		}
		assert.deepEqual([authorizer.asked, counted], [[], new Array(4).fill('requestNameBytes')]);
		assert.match(await refusalOf(pipeline.execute(asked('get', { name: long.slice(1) }), credentials)), /^403/);
	});

	it('reports problems of the rest of a request only after it was allowed', async () => {
		const complete = () => {
			throw new KubejoinError('API_BAD_REQUEST', { problem: 'no' });
		};
		const list = { ...asked('list'), complete };
		assert.match(await refusalOf(pipelineOf(fakeAuthorizer()).list(list, credentials)), /^403/);
		assert.equal(await refusalOf(pipelineOf(all).list(list, credentials)), '400 BadRequest: no');
		assert.deepEqual(reached, []);
	});

	it('runs a request as the user that its headers name, if its caller may impersonate that user', async () => {
		const asking: Credentials = { ...credentials, impersonation: [['impersonate-user', 'alice']] };
		const get = () => asked('get', { name: 'a' });
		await pipelineOf(fakeAuthorizer('u impersonate users alice', 'alice get nodes a')).execute(get(), asking);
		assert.deepEqual(reached, ['alice get']);
		const ofCaller = fakeAuthorizer('u impersonate users alice', 'u get nodes a');
		assert.match(await refusalOf(pipelineOf(ofCaller).execute(get(), asking)), /User "alice" cannot get/);
		const ofOther = fakeAuthorizer('alice get nodes a', 'u get nodes a');
		const path = (pipeline = pipelineOf(ofOther)) => pipeline.authorizePath('/version', 'get', asking);
		for (const work of [pipelineOf(ofOther).execute(get(), asking), pipelineOf(ofOther).refuse(get(), asking), path()])
			assert.match(await refusalOf(work), /^403 .*User "u" cannot impersonate-on:user-info:get/);
		const authenticate = () => Promise.reject(new KubejoinError('API_UNAUTHORIZED', {}));
		const unauthenticated = createPipeline(authenticate, all, endpoints);
		assert.match(await refusalOf(unauthenticated.execute(get(), asking)), /^401/);
		assert.deepEqual(reached, ['alice get']);
	});

	it('403 comes before 404 and 405: a stranger learns nothing of what there is', async () => {
		const refusal = await refusalOf(
			pipelineOf(fakeAuthorizer()).execute(request('get', resources.configMaps), credentials),
		);
		assert.match(refusal, /^403 Forbidden/);
	});

	describe('scope', () => {
		const seen: (string | undefined)[] = [];
		const authorized: string[] = [];
		const everything: ResourceStorage = {
			...{ create: keep, get: keep, update: keep, delete: keep, subresources: ['status'] },
			async list(asked) {
				await keep(asked);
				return { items: [], resourceVersion: '1' };
			},
			async *watch(asked) {
				await keep(asked);
				yield { type: 'ADDED', object: node };
			},
		};
		async function keep({ namespace, object }: ApiRequest) {
			seen.push(namespace, object?.metadata.namespace);
			return node;
		}
		const pipeline = createPipeline(
			async () => user,
			{
				authorize(attributes) {
					authorized.push(attributes.resourceRequest ? attributes.namespace : '');
					return { decision: 'Allow', reason: '' };
				},
			},
			new Map(Object.values(resources).map((resource) => [resource, everything])),
		);
		const sent = { apiVersion: 'v1', kind: 'K', metadata: { name: 'a', namespace: 'default' } };
		async function askAll(resource: ApiResource, more: Partial<ApiRequest>) {
			const offers = (verb: Verb) => resource.verbs.includes(verb);
			for (const verb of (['create', 'get', 'update', 'delete'] as const).filter(offers))
				await pipeline.execute(request(verb, resource, more), credentials);
			if (!offers('list')) return;
			await pipeline.list(request('list', resource, more), credentials);
			for await (const _ of await pipeline.watch(request('watch', resource, more), credentials));
		}
		beforeEach(() => {
			seen.length = 0;
			authorized.length = 0;
		});

		for (const resource of Object.values(resources).filter(({ namespaced }) => !namespaced)) {
			const own = resource === resources.namespaces ? 'a' : '';
			it(`${resource.resource}: a namespace reaches neither the authorizer nor the endpoint`, async () => {
				await askAll(resource, { namespace: 'default', name: 'a', object: sent });
				assert.deepEqual(new Set(authorized), new Set([own]));
				assert.deepEqual(new Set(seen), new Set([own, undefined]));
			});
		}

		it('authorizes a namespaced resource in the namespace of the request, and stores its object there', async () => {
			const { namespace: _none, ...metadata } = sent.metadata;
			for (const object of [sent, { ...sent, metadata }, { ...sent, metadata: { ...metadata, namespace: '' } }])
				await askAll(resources.roles, { namespace: 'default', name: 'a', object });
			assert.deepEqual([new Set(authorized), new Set(seen)], [new Set(['default']), new Set(['default'])]);
		});

		it('400: the object names another namespace than the request, which is the one that was authorized', async () => {
			for (const namespace of ['', 'other'])
				for (const verb of ['create', 'update'] as const)
					assert.equal(
						await refusalOf(
							pipeline.execute(request(verb, resources.roles, { namespace, name: 'a', object: sent }), credentials),
						),
						'400 BadRequest: the namespace of the provided object does not match the namespace sent on the request',
					);
			assert.deepEqual([new Set(authorized), seen], [new Set(['', 'other']), []]);
		});
	});

	it('a path is authorized as a path', async () => {
		const pipeline = pipelineOf(fakeAuthorizer('u get /version'));
		await pipeline.authorizePath('/version', 'get', credentials);
		assert.match(await refusalOf(pipeline.authorizePath('/metrics', 'get', credentials)), /^403/);
	});
});
