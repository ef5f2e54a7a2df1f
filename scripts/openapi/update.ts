/**
 * `npx tsx scripts/openapi/update.ts DIRECTORY`: takes the OpenAPI documents of a release of Kubernetes, keeps the
 * served resources and the schemas that they use, and writes proto/openapi. Run it when a row is added to
 * lib/kube/resources.ts, or for another release.
 *
 * DIRECTORY is that of the module k8s.io/kubernetes.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { type ApiResource, apiVersionOf, resources } from '../../lib/kube/resources.ts';
import { projectPath } from '../../lib/paths.ts';
import { addEnumerations, enumerationsIn, type Schemas } from './enumerations.ts';
import { encodeSwagger } from './swagger-protobuf.ts';

type Json = Record<string, unknown>;

const directory = process.argv[2] ?? '';
const target = projectPath('proto/openapi');
const rows: readonly ApiResource[] = Object.values(resources);

const readJson = (file: string): Json =>
	JSON.parse(readFileSync(join(directory, 'api/openapi-spec', file), 'utf8')) as Json;
const enumerations = enumerationsIn(
	readFileSync(join(directory, 'pkg/generated/openapi/zz_generated.openapi.go'), 'utf8'),
);
const objectIn = (value: unknown): Json => value as Json;
const only = (object: Json, isKept: (name: string) => boolean): Json =>
	Object.fromEntries(Object.entries(object).filter(([name]) => isKept(name)));

/** `api/v1`, `apis/GROUP/v1` */
const rootOf = ({ group, version }: Pick<ApiResource, 'group' | 'version'>): string =>
	`${group === '' ? 'api' : 'apis'}/${apiVersionOf({ group, version })}`;
const roots = [...new Set(rows.map(rootOf))];

/** The plural that a path of the root is about. */
function resourceOf(path: string, root: string): string {
	const parts = path.slice(root.length + 2).split('/');
	if (parts[0] === 'watch') parts.shift();
	return (parts[0] === 'namespaces' && parts.length > 2 && parts[1] === '{namespace}' ? parts[2] : parts[0]) ?? '';
}

function isServed(path: string): boolean {
	const root = roots.find((one) => path.startsWith(`/${one}/`));
	if (root === undefined) return false;
	const resource = resourceOf(path, root);
	if (resource === '') return true;
	const subresource = path.split('}/').at(-1) ?? '';
	return rows.some(
		(row) =>
			rootOf(row) === root &&
			row.resource === resource &&
			(!path.includes(`/${resource}/{name}/`) ||
				row.subresources.some(({ name }) => name === subresource || subresource.startsWith(`${name}/`))),
	);
}

/** The schemas that a document refers to, and those that they refer to. */
function used(document: unknown, schemas: Json, prefix: string): Json {
	const namesIn = (node: unknown) =>
		JSON.stringify(node)
			.split(`"${prefix}`)
			.slice(1)
			.map((text) => text.slice(0, text.indexOf('"')));
	const found = new Set<string>();
	const open = namesIn(document);
	for (let name = open.pop(); name !== undefined; name = open.pop()) {
		if (found.has(name)) continue;
		found.add(name);
		open.push(...namesIn(schemas[name]));
	}
	return only(schemas, (name) => found.has(name));
}

interface Entry {
	readonly file: string;
	/** Of the document, SHA-512 in upper case. */
	readonly hash: string;
}

function write(name: string, body: Uint8Array): Entry {
	const params = { [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS };
	const file = `${name.replaceAll('/', '__')}.br`;
	writeFileSync(join(target, file), brotliCompressSync(body, { params }));
	return { file, hash: createHash('sha512').update(body).digest('hex').toUpperCase() };
}
const toBytes = (document: unknown): Uint8Array => Buffer.from(JSON.stringify(document));

function v3Document(root: string): Json {
	const document = readJson(`v3/${root.replaceAll('/', '__')}_openapi.json`);
	const paths = only(objectIn(document.paths), isServed);
	const components = objectIn(document.components);
	const schemas = used(paths, objectIn(components.schemas), '#/components/schemas/');
	addEnumerations(schemas as Schemas, enumerations);
	return { ...document, paths, components: { ...components, schemas } };
}

function v2Document(): Json {
	const document = readJson('swagger.json');
	const paths = only(objectIn(document.paths), isServed);
	const parameters = used(paths, objectIn(document.parameters), '#/parameters/');
	const definitions = used([paths, parameters], objectIn(document.definitions), '#/definitions/');
	addEnumerations(definitions as Schemas, enumerations);
	return { ...document, paths, definitions, parameters };
}

mkdirSync(target, { recursive: true });
for (const file of readdirSync(target)) if (file.endsWith('.br')) rmSync(join(target, file));
const swagger = v2Document();
const index = {
	v3: Object.fromEntries(roots.map((root) => [root, write(`v3-${root}.json`, toBytes(v3Document(root)))])),
	v2: { json: write('v2.json', toBytes(swagger)), protobuf: write('v2.pb', await encodeSwagger(swagger)) },
};
writeFileSync(join(target, 'index.json'), `${JSON.stringify(index, undefined, '\t')}\n`);
