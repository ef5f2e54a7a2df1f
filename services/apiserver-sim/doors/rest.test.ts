import assert from 'node:assert/strict';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, UserInfo } from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import type { Attributes } from '../authorize/attributes.ts';
import { userNamed } from '../authorize/fixtures.test.ts';
import type { ApiRequest, ResourceStorage } from '../request/api-request.ts';
import { type Doors, openDoors } from './fixtures.test.ts';
import type { Conversion } from './negotiate.ts';
import { requireEventForm } from './table.ts';

const created = '2026-01-31T12:00:00Z';
const object = {
	apiVersion: 'v1',
	metadata: { labels: { b: '<', a: '&' }, uid: '1', creationTimestamp: created, name: 'a' },
	kind: 'Node',
};
const labels = '{"a":"\\u0026","b":"\\u003c"}';
const nodeInfo = [
	...['machineID', 'systemUUID', 'bootID', 'kernelVersion', 'osImage', 'containerRuntimeVersion', 'kubeletVersion'],
	...['kubeProxyVersion', 'operatingSystem', 'architecture'],
].map((name) => `"${name}":""`);
const nodeStatus = `{"daemonEndpoints":{"kubeletEndpoint":{"Port":0}},"nodeInfo":{${nodeInfo.join(',')}}}`;
const metadata = `{"name":"a","uid":"1","creationTimestamp":"${created}","labels":${labels}}`;
const item = `{"metadata":${metadata},"spec":{},"status":${nodeStatus}}`;
const line = `{"kind":"Node","apiVersion":"v1",${item.slice(1)}\n`;
const asTable = 'as=Table;v=v1;g=meta.k8s.io';
const protobuf = 'application/vnd.kubernetes.protobuf';

describe('the HTTPS side of the door', () => {
	let doors: Doors;
	let isHealthy = true;
	let reached: ApiRequest[];
	let objects: KubeObject[];
	let observed: Promise<string>[];
	let lines: string[];
	let exceeded: string[];
	let refused: (attributes: Attributes) => boolean;

	const nodes: ResourceStorage = {
		async get(request) {
			reached.push(request);
			if (request.name === 'broken') throw new Error('the password is hunter2');
			return object;
		},
		async list(request) {
			reached.push(request);
			return { items: objects, resourceVersion: '7' };
		},
		subresources: ['status'],
	};
	beforeEach(async () => {
		isHealthy = true;
		[reached, observed, lines, exceeded] = [[], [], [], []];
		objects = [object];
		refused = () => false;
		doors = await openDoors({
			async authenticate({ authorization }): Promise<UserInfo> {
				if (authorization === 'Bearer later')
					throw new KubejoinError('AUTHENTICATOR_UNAVAILABLE', { retryAfterSeconds: 1 });
				return userNamed('u');
			},
			authorizer: {
				authorize: (attributes) => ({ decision: refused(attributes) ? 'NoOpinion' : 'Allow', reason: '' }),
			},
			endpoints: new Map([[resources.nodes, nodes]]),
			ready: () => {
				if (!isHealthy) throw new Error('gone');
			},
			observe: (info, method) => {
				let end: (status: number) => void = () => undefined;
				observed.push(
					new Promise((resolve) => {
						end = (status) => resolve(`${method} ${info.path} ${info.verb} ${status}`);
					}),
				);
				return end;
			},
			write: (text) => lines.push(text),
			count: (limit) => exceeded.push(limit),
		});
	});
	afterEach(() => doors.close());
	const get = (path: string, headers: Record<string, string | string[]> = {}, method = 'GET') =>
		doors.rest(method, path, headers);
	const message = async (path: string, headers = {}, method = 'GET') => {
		const { status, text } = await get(path, headers, method);
		return `${status} ${JSON.parse(text).message}`;
	};

	it('writes an object as upstream does: one line, in upstream’s order, without HTML', async () => {
		const { status, headers, text } = await get('/api/v1/nodes/a');
		assert.deepEqual([status, headers['content-type'], text], [200, 'application/json', line]);
		assert.equal((await get('/api/v1/nodes/a/status')).text, line);
		assert.deepEqual(
			reached.map(({ verb, name, subresource }) => [verb, name, subresource]),
			[
				['get', 'a', ''],
				['get', 'a', 'status'],
			],
		);
	});

	it('lists without the kind of the items; a parameter that it does not know changes nothing', async () => {
		const list = `{"kind":"NodeList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[${item}]}\n`;
		for (const query of ['', '/', '?unknown=1&includeObject=None&timeout=5s&limit=500&resourceVersion=0', '?limit=-1'])
			assert.equal((await get(`/api/v1/nodes${query}`)).text, list, query);
		const selected = await get('/api/v1/nodes?fieldSelector=metadata.name%3Da&fieldSelector=b');
		assert.deepEqual(
			[selected.text, reached.at(-1)?.fieldSelector],
			[list, [{ field: 'metadata.name', operator: '=', value: 'a' }]],
		);
	});

	it('compresses a long answer for a client that accepts it, and no short one', async () => {
		const list = async (name: string, encoding: string) => {
			objects = [{ ...object, metadata: { name: 'a', annotations: { [name]: name.repeat(1024) } } }];
			const { headers, body } = await doors.restBytes('GET', '/api/v1/nodes', { 'accept-encoding': encoding });
			const { 'content-encoding': found, vary } = headers;
			const text = found === 'gzip' ? gunzipSync(body).toString() : body.toString();
			assert.equal(JSON.parse(text).items[0].metadata.annotations[name].length, name.length * 1024);
			return [found, vary];
		};
		const long = 'x'.repeat(200);
		assert.deepEqual(await list(long, 'deflate, gzip;q=1.0'), ['gzip', 'Accept-Encoding']);
		assert.deepEqual(await list(long, 'br'), [undefined, undefined]);
		assert.deepEqual(await list('x', 'gzip'), [undefined, undefined]);
	});

	it('answers any query and any Accept without an internal error', async () => {
		const options = ['watch', 'limit', 'continue', 'resourceVersion', 'resourceVersionMatch', 'sendInitialEvents'];
		const more = ['labelSelector', 'fieldSelector', 'timeoutSeconds', 'timeout', 'pretty', 'includeObject'];
		const value = fc.oneof(fc.string(), fc.integer().map(String), fc.constantFrom('true', '0', 'Exact', 'None', 'a=b'));
		const query = fc.dictionary(fc.constantFrom(...options, ...more), value);
		const part = fc.constantFrom(
			'application/json',
			'*/*',
			protobuf,
			'as=Table',
			'g=meta.k8s.io',
			'v=v1',
			'q=0.5',
			',',
		);
		const accept = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(';'));
		const path = fc.constantFrom('/api/v1/nodes', '/api/v1/nodes/a', '/api/v1/watch/nodes', '/apis', '/version', '/');
		await fc.assert(
			fc.asyncProperty(path, query, accept, async (to, asked, accepted) => {
				const { status } = await get(`${to}?${new URLSearchParams(asked)}`, { accept: accepted });
				assert.ok(status < 500 || status === 504, `${status}`);
			}),
			{ numRuns: 200 },
		);
	});

	it('is pretty for people', async () => {
		const pretty = JSON.stringify(JSON.parse(line), undefined, 2).replace('&', '\\u0026').replace('<', '\\u003c');
		for (const agent of ['curl/8', 'Wget/1', 'Mozilla/5.0 (X11)'])
			assert.equal((await get('/api/v1/nodes/a', { 'user-agent': agent })).text, pretty);
		assert.equal((await get('/api/v1/nodes/a?pretty=true')).text, pretty);
		assert.equal((await get('/api/v1/nodes/a', { accept: 'application/json;pretty=1' })).text, pretty);
		for (const query of ['?pretty=false', '?pretty=yes'])
			assert.equal((await get(`/api/v1/nodes/a${query}`, { 'user-agent': 'curl/8' })).text, line);
	});

	it('writes the media type that is accepted: JSON, YAML or protobuf', async () => {
		const inYaml = `  creationTimestamp: "${created}"\n  labels:\n    a: "&"\n    b: <\n  name: a\n  uid: "1"\n`;
		const yaml = `apiVersion: v1\nkind: Node\nmetadata:\n${inYaml}spec: {}\n`;
		for (const [accept, text] of [
			['*/*', line],
			['text/html, */*;q=0.1', line],
			['application/json;stream=watch', line],
			['application/yaml', yaml],
			['application/json;q=0', line],
			['application/json;q=0,application/yaml', yaml],
			['application/json;q=0.5,application/yaml', yaml],
		] as const)
			assert.ok((await get('/api/v1/nodes/a', { accept })).text.startsWith(text), accept);
		for (const accept of [protobuf, `${protobuf},application/json`, `${protobuf};${asTable},${protobuf}`]) {
			const { headers, text } = await get('/api/v1/nodes/a', { accept });
			assert.deepEqual([headers['content-type'], text.slice(0, 4)], [protobuf, 'k8s\0'], accept);
		}
		assert.equal(
			(await get('/api/v1/nodes/a', { accept: 'application/yaml' })).headers['content-type'],
			'application/yaml',
		);
	});

	it('refuses a list as the form of an event', () => {
		const form = (kind: Conversion['kind']) => ({ conversion: { kind, version: 'v1' } as const });
		assert.throws(
			() => requireEventForm(resources.nodes, form('PartialObjectMetadataList')),
			(error) => hasCode(error, 'API_NOT_ACCEPTABLE'),
		);
		for (const kind of ['PartialObjectMetadata', 'Table'] as const) requireEventForm(resources.nodes, form(kind));
		requireEventForm(resources.nodes, {});
	});

	it('passes over a parameter that is empty', async () => {
		for (const query of ['export=', 'export=false', 'timeout='])
			assert.equal((await get(`/api/v1/nodes/a?${query}`)).status, 200, query);
	});

	it('406 once the request is allowed; in JSON if the client accepts no supported form', async () => {
		const only = `406 only the following media types are accepted: application/json, application/yaml, ${protobuf}`;
		for (const accept of [`${protobuf};${asTable}`, 'application/json;as=Foo;v=v1;g=meta.k8s.io'])
			assert.equal(await message('/api/v1/nodes/a', { accept }), only, accept);
		const partial = 'application/json;v=v1;g=meta.k8s.io;as=PartialObjectMetadata';
		assert.equal(
			await message('/api/v1/nodes', { accept: partial }),
			'406 you requested PartialObjectMetadata, but the requested object is a list (*core.NodeList)',
		);
		assert.equal(
			await message('/api/v1/nodes/a', { accept: `${partial}List` }),
			'406 you requested PartialObjectMetadataList, but the requested object is not a list (*core.Node)',
		);
		reached = [];
		assert.deepEqual(reached, []);
		refused = () => true;
		const { status, text } = await get('/api/v1/nodes/a', { accept: 'text/html' });
		assert.deepEqual([status, text.startsWith('{\n  "kind": "Status"')], [403, true]);
	});

	it('400 for an invalid query, after authorization', async () => {
		const list = (query: string) => message(`/api/v1/nodes?${query}`);
		const int64 = 'strconv.ParseInt: parsing';
		assert.equal(await list('limit='), `400 ${int64} "": invalid syntax`);
		assert.equal(await list('limit=9223372036854775808'), `400 ${int64} "9223372036854775808": value out of range`);
		assert.equal(await list('timeoutSeconds=1.5'), `400 ${int64} "1.5": invalid syntax`);
		assert.equal(await list(`limit=${'9'.repeat(5000)}`), `400 ${int64} "${'9'.repeat(256)}...": value out of range`);
		const version = 'invalid resource version: resourceVersion: Invalid value:';
		assert.equal(
			await list('resourceVersion=-1'),
			`400 ${version} "-1": strconv.ParseUint: parsing "-1": invalid syntax`,
		);
		assert.match(await message('/api/v1/nodes/a?resourceVersion=abc'), /^400 invalid resource version/);
		assert.match(await message('/api/v1/nodes/a?export=true'), /^400 the export parameter, deprecated since v1.14/);
		const token = 'invalid continue token: continue key is not valid:';
		assert.equal(await list('continue=a.b'), `400 ${token} illegal base64 data at input byte 1`);
		const json = Buffer.from('{"v":"meta.k8s.io/v1"}').toString('base64url');
		assert.equal(
			await list(`continue=${json}`),
			`400 ${token} incorrect encoded start resourceVersion (version meta.k8s.io/v1)`,
		);
		assert.match(
			await list('resourceVersionMatch=Foo&resourceVersion=1'),
			/^422 .*Unsupported value: "Foo": supported/,
		);
		assert.match(
			await list('resourceVersionMatch=Exact&resourceVersion=0'),
			/^422 .*is forbidden for resourceVersion "0"$/,
		);
		assert.equal(reached.length, 0);
		refused = () => true;
		for (const query of ['limit=abc', 'fieldSelector=!!', 'continue=a', 'sendInitialEvents=true'])
			assert.match(await list(query), /^403 /, query);
		assert.match(await list('timeout=abc'), /^400 invalid timeout specified/, 'upstream reads it first');
	});

	it('404 and 405 come after authorization, for any method and for a watch', async () => {
		const paths = ['/api/v1/nodes', '/api/v1/nodes/a', '/api/v1/nodes/a/status', '/api/v1/nodes?watch=true'];
		const methods = ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];
		for (const path of paths)
			for (const method of methods) assert.equal((await get(path, {}, method)).status, 405, `${method} ${path}`);
		for (const watch of [
			'/api/v1/nodes?watch',
			'/api/v1/nodes?watch=1',
			'/api/v1/watch/nodes',
			'/api/v1/watch/nodes/a',
		])
			assert.equal((await get(watch)).status, 405, watch);
		assert.equal((await get('/api/v1/nodes?watch=False')).status, 200);
		for (const path of ['/api/v1/nodes/a/proxy/x', '/api/v1/nodes/a/nosuch', '/api/v1/pods', '/api/v1/proxy/nodes/a'])
			for (const method of ['GET', ...methods]) assert.equal((await get(path, {}, method)).status, 404, path);
		refused = () => true;
		for (const path of [...paths, '/api/v1/pods', '/api/v1/nodes/a/nosuch'])
			for (const method of ['GET', ...methods]) assert.equal((await get(path, {}, method)).status, 403, path);
		assert.equal(
			await message('/api/v1/nodes', {}, 'POST'),
			'403 nodes is forbidden: User "u" cannot create resource "nodes" in API group "" at the cluster scope',
		);
		assert.match(await message('/api/v1/nodes/a', {}, 'PATCH'), /User "u" cannot patch resource "nodes"/);
		assert.match(await message('/api/v1/nodes', {}, 'DELETE'), /User "u" cannot deletecollection resource "nodes"/);
		assert.match(await message('/api/v1/nodes/a/status'), /User "u" cannot get resource "nodes\/status"/);
	});

	it('refuses impersonation over each path, and a header that names no user with 400', async () => {
		refused = ({ verb }) => verb.startsWith('impersonate');
		for (const path of ['/api/v1/nodes', '/api/v1/nodes/a', '/version', '/healthz', '/nosuch']) {
			const { status, headers, text } = await get(path, { 'IMPERSONATE-User': 'alice' });
			assert.deepEqual([status, headers['x-content-type-options']], [403, 'nosniff'], path);
			assert.match(text, /cannot impersonate-on:user-info:(get|list) /);
			for (const header of ['impersonate-group', 'Impersonate-Uid', 'Impersonate-Extra-a'])
				assert.equal((await get(path, { [header]: 'alice' })).status, 400, `${header} ${path}`);
		}
		assert.equal((await get('/api/v1/nodes', { 'Impersonate-User': ['', 'alice'] })).status, 400);
		assert.deepEqual(reached, []);
	});

	it('counts the log lines about refused credentials of one address that it suppresses', async () => {
		const { value: most } = limits.logLinesPerSecond;
		// Each second allows as many lines again, and a busy machine takes several.
		for (let asked = 0; exceeded.length === 0 && asked < 100 * most; asked++)
			await get('/api/v1/nodes', { authorization: 'Bearer later' });
		assert.deepEqual([...new Set(exceeded)], ['logLinesPerSecond']);
		assert.ok(lines.length >= most, `${lines.length} lines`);
	});

	it('503 and when to retry, when the credential cannot be checked', async () => {
		const { status, headers, text } = await get('/api/v1/nodes', { authorization: 'Bearer later' });
		const { reason, details } = JSON.parse(text);
		assert.deepEqual(
			[status, headers['retry-after'], reason, details],
			[503, '1', 'ServiceUnavailable', { retryAfterSeconds: 1 }],
		);
	});

	it('notifies an observer of the start and the end of each request', async () => {
		for (const path of ['/api/v1/nodes/a?pretty', '/api/v1/nodes/broken', '/api/v1/nodes?watch=true', '/nothing', '/%'])
			await get(path);
		await get('/healthz', {}, 'POST');
		assert.deepEqual(await Promise.all(observed), [
			'GET /api/v1/nodes/a get 200',
			'GET /api/v1/nodes/broken get 500',
			'GET /api/v1/nodes watch 405',
			'GET /nothing get 404',
			'GET  get 400',
			'POST /healthz post 200',
		]);
	});

	it('does not reveal unexpected errors', async () => {
		const { status, text } = await get('/api/v1/nodes/broken');
		assert.equal(status, 500);
		assert.ok(!text.includes('hunter2'));
	});

	it('health is computed, and says which check failed; one check is a path of its own', async () => {
		const text = async (path: string) => {
			const answer = await get(path);
			return `${answer.status} ${answer.text}`;
		};
		for (const path of ['/readyz', '/livez', '/healthz', '/livez/ping', '/readyz/store'])
			assert.equal(await text(path), '200 ok', path);
		for (const path of [
			'/healthz/',
			'/livez/store',
			'/readyz/nosuch',
			'/readyz/ping/x',
			'/readyz/toString',
			'/nosuchz',
		])
			assert.equal(await text(path), '404 404 page not found\n', path);
		isHealthy = false;
		assert.equal(await text('/readyz'), '500 [+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n');
		assert.match(await text('/readyz/store'), /^500 internal server error: store failed: reason withheld/);
		assert.equal(await text('/readyz?exclude=store'), '200 ok');
		assert.equal(
			await text('/readyz?verbose&exclude=store&exclude=x'),
			'200 [+]ping ok\n[+]store excluded: ok\nwarn: some health checks cannot be excluded: no matches for "x"\n' +
				'readyz check passed\n',
		);
	});

	it('the version is consistent with itself, and is read only', async () => {
		for (const path of ['/version', '/version/']) {
			const { gitVersion, major, minor } = JSON.parse((await get(path)).text);
			assert.ok(gitVersion.startsWith(`v${major}.${minor}.`));
		}
		assert.equal((await get('/version', {}, 'PUT')).status, 405);
	});

	it('serves the metrics of the process', async () => {
		const { status, headers } = await get('/metrics');
		assert.deepEqual([status, headers['content-type']], [200, 'text/plain; version=0.0.4; charset=utf-8']);
	});

	it('a target of any form is answered: absolute, `*`, encoded, malformed, long', async () => {
		const status = async (target: string, method = 'GET') => (await get(target, {}, method)).status;
		assert.equal((await get('https://host:1/api/v1/nodes/a')).text, line);
		assert.equal((await get('/api/v1/nodes/%61')).text, line);
		assert.equal(await status('https://host'), 404);
		assert.equal(await status('*', 'OPTIONS'), 404);
		for (const bad of ['/%', '/api/v1/nodes/%zz', '/%ff']) assert.equal(await status(bad), 400, bad);
		for (const path of ['//', '//healthz', '///', '/api//v1/nodes', '/api/v1//nodes', '/a'.repeat(4_000)])
			assert.equal(await status(path), 404, path.slice(0, 20));
		assert.equal(await status('/api/v1/nodes/a%2Fstatus'), 200, 'an encoded slash divides');
		assert.equal(await status('/api/v1/nodes/%00'), 200);
		assert.equal(await status(`/api/v1/nodes/${'a'.repeat(8_000)}`), 400);
	});

	it('errors and log lines hold at most 256 characters of the input, none of them a control', async () => {
		refused = () => true;
		for (const path of [`/${'x'.repeat(8_000)}`, `/api/v1/${'x'.repeat(8_000)}`, `/apis/${'x'.repeat(8_000)}/v1/n`]) {
			const { text } = await get(path);
			assert.ok(text.length < 2_000, String(text.length));
		}
		lines.length = 0;
		await get(`/%1b%5d0;%0a${'%e2%80%ae'}${'x'.repeat(8_000)}`);
		assert.ok(lines.length > 0 && lines.every((one) => one.length < 2_000));
		assert.ok(lines.every((one) => !/\p{Cc}|\p{Cf}/u.test(one.trimEnd())));
	});

	it('anything at all is answered, and nothing of it is 500', async () => {
		const part = fc.oneof(fc.webFragments(), fc.constantFrom('api', 'v1', 'nodes', 'a', '..', '%2e', '%', '', 'watch'));
		const target = fc.array(part).map((parts) => `/${parts.join('/')}`.replaceAll('#', ''));
		const method = fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS', 'TRACE', 'PROPFIND');
		const accept = fc.stringMatching(/^[ -~]*$/);
		await fc.assert(
			fc.asyncProperty(method, target, accept, async (m, path, value) => {
				const { status } = await get(path, { accept: value }, m);
				assert.ok(status >= 200 && status < 500, `${m} ${path}: ${status}`);
			}),
		);
	});
});
