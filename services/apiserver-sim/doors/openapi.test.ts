import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import protobuf from 'protobufjs';
import { apiVersionOf, resources } from '../../../lib/kube/resources.ts';
import { projectPath } from '../../../lib/paths.ts';
import { OpenApi, type OpenApiAnswer, type OpenApiRequest } from './openapi.ts';

const startMs = Date.parse('2026-01-31T12:00:00.500Z');
const protobufType = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf';

interface Document {
	readonly paths: Record<string, Record<string, { readonly 'x-kubernetes-action'?: string }>>;
	readonly components: { readonly schemas: Record<string, { 'x-kubernetes-group-version-kind'?: object[] }> };
	readonly definitions: Record<string, unknown>;
}
const read = ({ body }: OpenApiAnswer): Document => JSON.parse(Buffer.from(body).toString()) as Document;

describe('OpenAPI', () => {
	const openApi = new OpenApi(() => startMs);
	const ask = async (path: string, more: Partial<OpenApiRequest> = {}): Promise<OpenApiAnswer> => {
		const nothing = { hash: '', accept: '', ifNoneMatch: undefined, ifModifiedSince: undefined };
		const answer = await openApi.answer({ ...nothing, path, ...more });
		return answer ?? assert.fail(`${path} is not found`);
	};
	const urls = async () => {
		const { paths } = read(await ask('/openapi/v3')) as unknown as {
			paths: Record<string, { serverRelativeURL: string }>;
		};
		return Object.values(paths).map(({ serverRelativeURL }) => new URL(serverRelativeURL, 'https://localhost'));
	};

	it('lists a document for each group version, under its hash', async () => {
		const roots = Object.values(resources).map((row) => `${row.group === '' ? 'api' : 'apis'}/${apiVersionOf(row)}`);
		const found = await urls();
		assert.deepEqual(
			found.map(({ pathname }) => pathname.slice('/openapi/v3/'.length)),
			[...new Set(roots)],
		);
		for (const { pathname, searchParams } of found) {
			const { body, headers } = await ask(pathname, { hash: searchParams.get('hash') ?? '' });
			const hash = createHash('sha512').update(body).digest('hex').toUpperCase();
			assert.equal(searchParams.get('hash'), hash);
			assert.equal(headers.Etag, `"${hash}"`);
			assert.equal(headers['Cache-Control'], 'public, immutable');
			assert.equal(headers.Expires, 'Sun, 31 Jan 2027 12:00:00 GMT');
		}
	});

	it('describes every row of the resources, and every verb of it', async () => {
		const actions: Readonly<Record<string, string>> = { create: 'post', update: 'put', patch: 'patch', get: 'get' };
		for (const row of Object.values(resources)) {
			const root = `/${row.group === '' ? 'api' : 'apis'}/${apiVersionOf(row)}`;
			const { paths, components } = read(await ask(`/openapi/v3${root}`));
			const place = `${root}/${row.namespaced ? 'namespaces/{namespace}/' : ''}${row.resource}`;
			for (const verb of row.verbs.filter((one) => one in actions)) {
				const path = verb === 'create' ? place : `${place}/{name}`;
				assert.ok(paths[path]?.[actions[verb] ?? ''], `${verb} ${path}`);
			}
			for (const { name } of row.subresources) assert.ok(paths[`${place}/{name}/${name}`], `${place}/${name}`);
			const { group, version, kind } = row;
			const kinds = Object.values(components.schemas).flatMap((one) => one['x-kubernetes-group-version-kind'] ?? []);
			assert.ok(
				kinds.some((one) => JSON.stringify(one) === JSON.stringify({ group, kind, version })),
				kind,
			);
		}
	});

	it('refers to no schema that it does not contain', async () => {
		const documents = [...(await urls()).map(({ pathname }) => pathname), '/openapi/v2'];
		for (const path of documents) {
			const answer = await ask(path);
			const text = Buffer.from(answer.body).toString();
			const { components, definitions } = read(answer);
			const known = Object.keys(components?.schemas ?? definitions);
			for (const [, name = ''] of text.matchAll(/"#\/(?:components\/schemas|definitions)\/([^"]+)"/g))
				assert.ok(known.includes(name), `${path}: ${name}`);
		}
	});

	it('leads a client with an old hash to the present document', async () => {
		const { status, headers } = await ask('/openapi/v3/api/v1', { hash: 'ABC' });
		assert.equal(status, 301);
		assert.match(headers.Location ?? '', /^\/openapi\/v3\/api\/v1\?hash=[0-9A-F]{128}$/);
	});

	it('answers 304 to a client that has the document', async () => {
		const { headers } = await ask('/openapi/v2');
		assert.equal((await ask('/openapi/v2', { ifNoneMatch: `"x", ${headers.Etag}` })).status, 304);
		assert.equal((await ask('/openapi/v2', { ifNoneMatch: '"x"' })).status, 200);
		const list = await ask('/openapi/v3');
		assert.equal(list.headers['Last-Modified'], 'Sat, 31 Jan 2026 12:00:00 GMT');
		assert.equal((await ask('/openapi/v3', { ifModifiedSince: list.headers['Last-Modified'] })).status, 304);
		assert.equal((await ask('/openapi/v3', { ifModifiedSince: 'Sat, 31 Jan 2026 11:59:59 GMT' })).status, 200);
		assert.equal((await ask('/openapi/v3', { ifModifiedSince: 'yesterday' })).status, 200);
	});

	it('writes version 2 as JSON, and in the protobuf form for older clients', async () => {
		const json = await ask('/openapi/v2', { accept: 'application/json, */*' });
		const encoded = await ask('/openapi/v2', { accept: protobufType });
		assert.equal(encoded.headers['Content-Type'], 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf');
		assert.notEqual(encoded.headers.Etag, json.headers.Etag);
		const root = await new protobuf.Root().load(projectPath('scripts/openapi/openapi-v2.proto'), { keepCase: true });
		const document = root.lookupType('openapi.v2.Document').decode(encoded.body) as unknown as {
			definitions: { additional_properties: { name: string; value: { description: string } }[] };
			paths: { path: { name: string }[] };
		};
		const { definitions, paths } = read(json);
		const names = document.definitions.additional_properties.map(({ name }) => name);
		assert.deepEqual(names.toSorted(), Object.keys(definitions).toSorted());
		assert.deepEqual(document.paths.path.map(({ name }) => name).toSorted(), Object.keys(paths).toSorted());
	});

	it('refuses a client that accepts no form, and knows no other path', async () => {
		assert.equal((await ask('/openapi/v2', { accept: 'text/html' })).status, 406);
		assert.equal((await ask('/openapi/v3/api/v1', { accept: 'text/html' })).status, 406);
		const nothing = { hash: '', accept: '', ifNoneMatch: undefined, ifModifiedSince: undefined };
		for (const path of ['/openapi', '/openapi/v1', '/openapi/v3/', '/openapi/v3/constructor', '/openapi/v2/x'])
			assert.equal(await openApi.answer({ ...nothing, path }), undefined, path);
	});
});
