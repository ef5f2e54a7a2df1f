import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeProtobuf } from '../../../lib/kube/codec/protobuf.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import { userNamed } from '../authorize/fixtures.test.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';
import { type Doors, openDoors } from './fixtures.test.ts';

const json = 'application/json';
const configMaps = '/api/v1/namespaces/default/configmaps';
const map = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { k: 'v' } };

describe('writes over HTTPS', () => {
	let doors: Doors;
	let reached: ApiRequest[];
	/** Of the object that a deletion answers with. */
	let deletionTimestamp: string | undefined;
	let isCreated: boolean;

	const endpoint: ResourceStorage = {
		create: answer,
		update: answer,
		patch: answer,
		delete: answer,
		async deletecollection(request) {
			reached.push(request);
			return { items: [map], resourceVersion: '7' };
		},
		subresources: ['status', 'token', 'eviction'],
	};
	async function answer(request: ApiRequest): Promise<KubeObject> {
		reached.push(request);
		if (isCreated) request.created();
		const { name, namespace, resource } = request;
		const metadata = {
			name,
			namespace,
			uid: 'u',
			...(deletionTimestamp && { deletionTimestamp, finalizers: ['a/b'] }),
		};
		return request.object ?? { apiVersion: 'v1', kind: resource.kind, metadata };
	}

	beforeEach(async () => {
		[reached, deletionTimestamp, isCreated] = [[], undefined, false];
		doors = await openDoors({
			authenticate: async () => userNamed('u'),
			authorizer: { authorize: () => ({ decision: 'Allow', reason: '' }) },
			endpoints: new Map(Object.values(resources).map((resource) => [resource, endpoint])),
		});
	});
	afterEach(() => doors.close());
	async function send(method: string, path: string, body: unknown, type = json, accept = '*/*') {
		const sent = typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body);
		const headers: Record<string, string> = { accept, ...(type === '' ? {} : { 'content-type': type }) };
		const { status, headers: received, text } = await doors.rest(method, path, headers, sent);
		return { status, warning: received.warning, object: JSON.parse(text) };
	}
	const refusal = async (...request: Parameters<typeof send>) => {
		const { status, object } = await send(...request);
		return `${status} ${object.message}`;
	};

	it('offers a Table for objects and their status, and not for reviews and actions', async () => {
		const statusOf = async (path: string, object: object, method = 'POST') =>
			(await send(method, path, object, json, 'application/json;as=Table;v=v1;g=meta.k8s.io')).status;
		const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
		assert.equal(await statusOf(configMaps, map), 201);
		const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'a' } };
		assert.equal(await statusOf('/api/v1/nodes/a/status', node, 'PUT'), 200);
		const reviews = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
		assert.equal(await statusOf(reviews, review), 406);
		const token = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest' };
		assert.equal(await statusOf('/api/v1/namespaces/default/serviceaccounts/a/token', token), 406);
		assert.deepEqual(
			reached.map(({ resource }) => resource.resource),
			['configmaps', 'nodes'],
		);
	});

	it('reads a body in JSON, YAML and protobuf, and takes one without a type for JSON', async () => {
		const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n';
		for (const [body, type] of [
			[map, json],
			[map, 'application/json; charset=utf-8'],
			[map, ''],
			[yaml, 'application/yaml'],
			[encodeProtobuf(map), 'application/vnd.kubernetes.protobuf'],
		] as const) {
			assert.equal((await send('POST', configMaps, body, type)).status, 201, type);
			const { data, metadata } = (reached.at(-1)?.object ?? {}) as Partial<KubeObject & { data: object }>;
			assert.deepEqual([data, metadata?.name, metadata?.namespace], [map.data, 'a', 'default'], type);
		}
		assert.equal((await send('PUT', `${configMaps}/a`, map)).status, 200);
		assert.equal(reached.at(-1)?.name, 'a');
	});

	it('refuses a body of another type, of another kind, or that cannot be read, with upstream’s texts', async () => {
		const forms = 'application/json, application/yaml, application/vnd.kubernetes.protobuf';
		const unrecognized =
			"400 the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind";
		const rows: [Parameters<typeof send>, string][] = [
			[
				['POST', configMaps, map, 'text/plain'],
				`415 the body of the request was in an unknown format - accepted media types include: ${forms}`,
			],
			[['PATCH', `${configMaps}/a`, map, json], '415 415: Unsupported Media Type'],
			[['PATCH', `${configMaps}/a`, '{', 'application/merge-patch+json'], '400 invalid JSON patch'],
			[['POST', configMaps, ''], `${unrecognized}; json parse error: unexpected end of JSON input (<empty>)`],
			[['POST', configMaps, '{'], `${unrecognized}; json parse error: unexpected end of JSON input ({)`],
			[
				['POST', configMaps, { ...map, kind: 'Secret' }],
				'400 Secret in version "v1" cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): ' +
					'unknown conversion',
			],
			[
				['POST', configMaps, { ...map, metadata: { name: 'a', namespace: 'other' } }],
				'400 the namespace of the provided object does not match the namespace sent on the request',
			],
			[
				['POST', configMaps, ' '.repeat(limits.restBodyBytes.value + 1)],
				'413 Request entity too large: limit is 3145728',
			],
		];
		for (const [request, wanted] of rows) assert.equal(await refusal(...request), wanted);
		for (const path of ['/api/v1/configmaps', `${configMaps}/a`, `${configMaps}/a?dryRun=All`])
			assert.match(await refusal('POST', path, map), /^405 /, path);
		for (const method of ['PUT', 'PATCH']) assert.match(await refusal(method, configMaps, map), /^405 /);
		assert.deepEqual(reached, []);
	});

	it('warns of unknown fields, refuses them when asked to, or passes over them', async () => {
		const object = { ...map, foo: 1, metadata: { name: 'a', bar: 2 } };
		const warned = await send('POST', configMaps, object);
		assert.equal(warned.status, 201);
		assert.match(String(warned.warning), /299 - "unknown field \\"foo\\""/);
		const strict =
			'400 ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "metadata.bar", ' +
			'unknown field "foo"';
		assert.equal(await refusal('POST', `${configMaps}?fieldValidation=Strict`, object), strict);
		const ignored = await send('POST', `${configMaps}?fieldValidation=Ignore`, object);
		assert.deepEqual([ignored.status, ignored.warning], [201, undefined]);
	});

	it('takes the last of two values in YAML, and refuses, warns or is silent about the first one', async () => {
		const body =
			'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: v\n  k: w\nunknown: 1\nkind: ConfigMap\n';
		const lines = ['line 7: key "k" already set in map', 'line 9: key "kind" already set in map'];
		const yaml = 'application/yaml';
		const strict = await refusal('POST', `${configMaps}?fieldValidation=Strict`, body, yaml);
		const problems = `strict decoding error: yaml: unmarshal errors:\n  ${lines.join('\n  ')}, unknown field "unknown"`;
		assert.equal(strict, `400 ConfigMap in version "v1" cannot be handled as a ConfigMap: ${problems}`);
		for (const [validation, warnings] of [
			['Ignore', []],
			['Warn', [...lines, 'unknown field "unknown"']],
		] as const) {
			const { status, warning } = await send('POST', `${configMaps}?fieldValidation=${validation}`, body, yaml);
			const shown = warnings.map((text) => `299 - "${text.replaceAll('"', '\\"')}"`);
			assert.deepEqual([status, warning ?? ''], [201, shown.join(', ')]);
			assert.deepEqual((reached.at(-1)?.object as { data?: object } | undefined)?.data, { k: 'w' });
		}
	});

	it('carries the options to the endpoint', async () => {
		await send('POST', `${configMaps}?dryRun=All&fieldManager=me`, map);
		assert.deepEqual([reached.at(-1)?.dryRun, reached.at(-1)?.fieldManager], [true, 'me']);
		const patched = `${configMaps}/a?fieldManager=me&force=true`;
		isCreated = true;
		assert.equal((await send('PATCH', patched, 'a: 1', 'application/apply-patch+yaml')).status, 201);
		const { patch, force } = reached.at(-1) ?? {};
		assert.deepEqual([patch, force], [{ type: 'apply', document: { a: 1 } }, true]);
		const token = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec: {} };
		await send('POST', '/api/v1/namespaces/default/serviceaccounts/a/token', token);
		assert.deepEqual([reached.at(-1)?.subresource, reached.at(-1)?.name], ['token', 'a']);
	});

	it('answers a deletion with a status, or with the object that still exists', async () => {
		const options = {
			kind: 'DeleteOptions',
			apiVersion: 'v1',
			propagationPolicy: 'Orphan',
			preconditions: { uid: 'u' },
		};
		const deleted = await send('DELETE', `${configMaps}/a`, options);
		assert.deepEqual(deleted.object, {
			...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' },
			details: { name: 'a', kind: 'configmaps', uid: 'u' },
		});
		assert.deepEqual([reached[0]?.propagationPolicy, reached[0]?.preconditions], ['Orphan', { uid: 'u' }]);
		deletionTimestamp = '2026-01-31T12:00:00Z';
		assert.equal((await send('DELETE', `${configMaps}/a`, '', '')).object.kind, 'ConfigMap');
		deletionTimestamp = undefined;
		const pod = await send('DELETE', '/api/v1/namespaces/default/pods/a?gracePeriodSeconds=0', '', '');
		assert.deepEqual([pod.object.kind, reached.at(-1)?.gracePeriodSeconds], ['Pod', 0]);
		const all = await send('DELETE', `${configMaps}?dryRun=All`, '', '');
		assert.deepEqual([all.object.kind, reached.at(-1)?.dryRun], ['ConfigMapList', true]);
	});

	it('refuses a body with the text and the first bytes of it, and options of a deletion without them', async () => {
		const problem =
			"couldn't get version/kind; json parse error: invalid character '\\x1f' looking for beginning of value";
		const zipped = Buffer.from([0x1f, 0x8b, 0x08]);
		const refusal = async (method: string, body: Uint8Array | string): Promise<string> => {
			const path = method === 'POST' ? configMaps : `${configMaps}/a`;
			const { text } = await doors.rest(method, path, { 'content-type': json }, body);
			return (JSON.parse(text) as { message: string }).message;
		};
		assert.equal(
			await refusal('POST', zipped),
			`the object provided is unrecognized (must be of type ConfigMap): ${problem} (1f8b08)`,
		);
		assert.equal(await refusal('DELETE', zipped), problem);
		const scheme = 'in scheme "pkg/api/legacyscheme/scheme.go:30"';
		assert.equal(
			await refusal('DELETE', '{"kind":"ConfigMap","apiVersion":"v1"}'),
			`no kind "ConfigMap" is registered for version "v1" ${scheme}`,
		);
	});

	it('no body is an internal error, and none is left without an answer', async () => {
		const types = ['', json, 'application/yaml', 'application/vnd.kubernetes.protobuf', 'application/merge-patch+json'];
		const nested = fc.integer({ min: 1, max: 20_000 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth));
		const body = fc.oneof(fc.string(), fc.uint8Array(), fc.json(), nested, fc.uint8Array().map(inEnvelope));
		const request = fc.tuple(
			fc.constantFrom('POST', 'PUT', 'PATCH', 'DELETE'),
			fc.constantFrom(configMaps, `${configMaps}/a`, '/api/v1/nodes/a/status'),
			body,
			fc.constantFrom(...types),
		);
		await fc.assert(
			fc.asyncProperty(request, async ([method, path, sent, type]) => {
				const headers: Record<string, string> = type === '' ? {} : { 'content-type': type };
				const { status } = await doors.rest(method, path, headers, sent);
				assert.ok(status < 500, `${status}`);
			}),
			{ numRuns: 150 },
		);
	});
});

const inEnvelope = (bytes: Uint8Array): Uint8Array => Buffer.concat([Buffer.from('k8s\0'), bytes]);
