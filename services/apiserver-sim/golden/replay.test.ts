/**
 * Sends a recorded request to an API server in this process that has the objects of the recording. No tests, and
 * nothing that a service may import.
 */
import { encodeProtobuf } from '../../../lib/kube/codec/protobuf.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject, Secret, UserInfo } from '../../../lib/kube/types.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import type { Store } from '../../../lib/store/store.ts';
import { bootstrapTokens } from '../authenticate/bootstrap-token.ts';
import { issuer, tokenIssuer } from '../authenticate/fixtures.test.ts';
import { serviceAccountTokens } from '../authenticate/service-account-token.ts';
import { unionOfTokens } from '../authenticate/token-authenticator.ts';
import { createAuthenticator } from '../authenticate/union.ts';
import { defaultRbac } from '../authorize/default-roles.ts';
import { rbacSource, userNamed } from '../authorize/fixtures.test.ts';
import { kubeadmRbac } from '../authorize/kubeadm-rbac.ts';
import { createNodeAuthorizer } from '../authorize/node.ts';
import { PodGraph } from '../authorize/node-graph.ts';
import { privilegedGroups } from '../authorize/privileged-groups.ts';
import { createRbacAuthorizer } from '../authorize/rbac.ts';
import { unionOf } from '../authorize/union.ts';
import { type Doors, openDoors } from '../doors/fixtures.test.ts';
import { openIdDocuments } from '../doors/openid.ts';
import { cacheOf, memoryTokens, storeOfEachTest } from '../fixtures.test.ts';
import { createObjectReader } from '../registry/object-reader.ts';
import { forStore } from '../registry/stored-objects.ts';
import { storeKey } from '../registry.ts';
import { infoOfPath } from '../request/info.ts';
import { createResources } from '../resources/index.ts';
import { framesOf } from './answer.ts';
import type { Exchange } from './exchange.ts';

const endpoint = '10.99.0.2:6443';
/** No kubelet ran on the nodes of the recordings. */
const noKubelet = new Error('dial tcp 10.99.0.2:10250: connect: connection refused');
const token = 'abcdef.0123456789abcdef';
const bootstrapper = {
	username: 'system:bootstrap:abcdef',
	groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token'],
};
const userOf = (username: string, group: string): UserInfo => ({
	...userNamed(username, group, 'system:authenticated'),
	extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${'0'.repeat(64)}`] },
});
export const administrator = 'certificate CN=kubernetes-admin O=kubeadm:cluster-admins';
const users: Readonly<Record<string, UserInfo>> = {
	[administrator]: userOf('kubernetes-admin', 'kubeadm:cluster-admins'),
	'certificate CN=system:node:node-kubelet O=system:nodes': userOf('system:node:node-kubelet', 'system:nodes'),
};

export interface Server {
	readonly doors: Doors;
	readonly put: (object: KubeObject) => Promise<void>;
	readonly remove: (object: KubeObject) => Promise<void>;
	/** The revision of the store. */
	readonly version: () => Promise<number>;
	/** The version that the store gave to an object of the recording, by its recorded version. */
	readonly versions: ReadonlyMap<string, string>;
}

export async function openServer(store: Store, at: string): Promise<Server> {
	const clock = () => Date.parse(at);
	const rbac = rbacSource(defaultRbac(), kubeadmRbac());
	const memory = memoryTokens();
	const tokens = { ...memory.client, verify: async (given: string) => (given === token ? bootstrapper : undefined) };
	const authorizer = unionOf({
		'kubernetes.io/system-privileged-group': privilegedGroups,
		node: createNodeAuthorizer(new PodGraph()),
		rbac: createRbacAuthorizer(rbac),
	});
	const tokensOf = tokenIssuer(createObjectReader(store), clock);
	const kindsOfTokens = [serviceAccountTokens(tokensOf), bootstrapTokens(tokens.verify, tokensOf.audiences)];
	const authenticateToken = unionOfTokens(kindsOfTokens, () => undefined);
	const authenticate = createAuthenticator(authenticateToken, tokensOf.audiences, clock);
	const doors = await openDoors({
		authenticate: async (credentials) => users[credentials.authorization ?? ''] ?? authenticate(credentials),
		authorizer,
		endpoints: createResources({
			...{ store, tokens, authorizer, rbac, clock, authenticateToken },
			...{ cache: cacheOf(store), countRefusal: () => undefined, tokenIssuer: tokensOf },
			readCsr: createCsrReader(),
			kubelets: { lookup: async () => [], allowsLoopback: false },
		}),
		clock,
		kubelets: { send: () => Promise.reject(noKubelet), close: () => undefined },
		documents: await openIdDocuments(issuer, endpoint, tokensOf.key),
	});
	const versions = new Map<string, string>();
	return {
		doors,
		versions,
		version: async () => (await store.list('', { limit: 1 })).revision,
		async put(object) {
			if ((object as Secret).type === 'bootstrap.kubernetes.io/token')
				return void (await tokens.create(object as Secret));
			const key = keyOf(object);
			if (key === undefined) return;
			const found = await store.get(key);
			const stored = forStore(object);
			const { revision } = found ? await store.update(key, stored, found.revision) : await store.create(key, stored);
			versions.set(object.metadata.resourceVersion ?? '', String(revision));
		},
		async remove(object) {
			const key = keyOf(object) ?? '';
			const found = await store.get(key);
			if (found !== undefined) await store.delete(key, found.revision);
		},
	};
}

/** With the namespace `demo`. */
export function demoServerOfEachTest(): () => Server {
	const store = storeOfEachTest();
	let server: Server;
	beforeEach(async () => {
		server = await openServer(store(), '2026-11-26T13:00:00Z');
		await server.put(namespaceNamed('demo'));
		await server.put(defaultAccount('demo'));
	});
	afterEach(() => server.doors.close());
	return () => server;
}

/** Undefined for a kind that is not served. */
function keyOf({ apiVersion, kind, metadata }: KubeObject): string | undefined {
	const resource = Object.values(resources).find(
		(row) => row.kind === kind && apiVersion === (row.group === '' ? row.version : `${row.group}/${row.version}`),
	);
	return resource && storeKey(resource, metadata.namespace ?? '', metadata.name ?? '');
}

const namespaceNamed = (name: string): KubeObject => ({
	apiVersion: 'v1',
	kind: 'Namespace',
	metadata: { name, uid: '00000000-0000-4000-8000-000000000000', labels: { 'kubernetes.io/metadata.name': name } },
	...{ spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } },
});

const defaultAccount = (namespace: string): KubeObject => ({
	apiVersion: 'v1',
	kind: 'ServiceAccount',
	metadata: { namespace, name: 'default', uid: '00000000-0000-4000-8000-000000000001' },
});

export type Received = Awaited<ReturnType<Doors['restBytes']>>;

export async function replay(exchange: Exchange, server: Server): Promise<Received> {
	const { method, stored = [], shape } = exchange;
	const { doors, put } = server;
	const path = new URL(exchange.path, 'https://server').pathname;
	const info = infoOfPath(method, path);
	const isStored = (name: string) =>
		stored.some(({ kind, metadata }) => kind === 'Namespace' && metadata.name === name);
	if (info.isResource && info.namespace !== '' && info.resource !== resources.namespaces && !isStored(info.namespace)) {
		await put(namespaceNamed(info.namespace));
		if (info.resource === resources.pods) await put(defaultAccount(info.namespace));
	}
	for (const object of stored) await put(object);
	if (shape.startsWith('WATCH')) return replayWatch(exchange, server);
	const headers = headersOf(exchange);
	for (const [condition, validator] of Object.entries({
		'if-none-match': 'etag',
		'if-modified-since': 'last-modified',
	})) {
		if (headers[condition] === undefined) continue;
		const { [condition]: _left, ...unconditional } = headers;
		const { headers: before } = await doors.restBytes(method, exchange.path, unconditional);
		headers[condition] = String(before[validator]);
	}
	return doors.restBytes(method, await currentPath(exchange, doors), headers, bodyOf(exchange, server));
}

const headersOf = ({ headers, as, status }: Exchange): Record<string, string> => {
	if (as === 'no credentials') return { ...headers };
	const known = status === 401 ? token.replaceAll('0', '1') : token;
	return { ...headers, authorization: as.startsWith('Bearer') ? `Bearer ${known}` : as };
};

/** A document of OpenAPI is under the hash of its content, which the root lists. */
async function currentPath({ path, as }: Exchange, doors: Doors): Promise<string> {
	const document = /^\/openapi\/v3\/(.+)\?hash=/.exec(path)?.[1];
	if (document === undefined) return path;
	const { text } = await doors.rest('GET', '/openapi/v3', { authorization: as });
	return JSON.parse(text).paths[document]?.serverRelativeURL ?? path;
}

/** With the versions that the objects have here. */
function bodyOf({ sent, sentAs }: Exchange, { versions }: Server): string | Uint8Array {
	if (sent === undefined) return '';
	const text = JSON.stringify(sent).replace(
		/"resourceVersion":"(\d+)"/g,
		(all, version) => `"resourceVersion":"${versions.get(version) ?? all.match(/\d+/)?.[0]}"`,
	);
	if (sentAs !== 'protobuf') return text;
	// A kind without a form in protobuf is not served: the server does not read the body.
	return encodeProtobuf(JSON.parse(text)) ?? '';
}

/** The watch begins before the recorded events happen, or with the objects that they show. */
async function replayWatch(exchange: Exchange, server: Server): Promise<Received> {
	const { path, shape, answer, answeredAs, changed } = exchange;
	const { doors, put, remove } = server;
	const wanted = (Array.isArray(answer) ? answer : []) as { type: string; object: KubeObject }[];
	const events = changed ?? wanted.filter(({ type }) => type !== 'BOOKMARK');
	const isInitial = shape.includes('sendInitialEvents') || !shape.includes('resourceVersion');
	for (const { type, object } of events) if (isInitial || type !== 'ADDED') await put(object);
	const version = await server.version();
	const received = doors.restUntil(
		path.replace(/resourceVersion=\d+/, `resourceVersion=${version}`),
		headersOf(exchange),
		(body) => framesOf(body, answeredAs).length >= wanted.length,
	);
	for (const { type, object } of isInitial ? [] : events) {
		if (type === 'DELETED') await remove(object);
		else await put(object);
	}
	return received;
}
