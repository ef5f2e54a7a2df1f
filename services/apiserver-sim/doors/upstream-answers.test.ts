/** Requests to a real kube-apiserver 1.37.2, and its answers, byte for byte. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import { bootstrapTokens } from '../authenticate/bootstrap-token.ts';
import { tokenIssuer } from '../authenticate/fixtures.test.ts';
import { createAuthenticator } from '../authenticate/union.ts';
import { defaultRbac } from '../authorize/default-roles.ts';
import { rbacSource } from '../authorize/fixtures.test.ts';
import { kubeadmRbac } from '../authorize/kubeadm-rbac.ts';
import { createRbacAuthorizer } from '../authorize/rbac.ts';
import { admin, cacheOf, clock, storeOfEachTest } from '../fixtures.test.ts';
import { createObjectReader } from '../registry/object-reader.ts';
import { storeKey } from '../registry.ts';
import { createResources } from '../resources/index.ts';
import type { TokenStoreClient } from '../token-store-client.ts';
import { type Doors, openDoors } from './fixtures.test.ts';

interface Recorded {
	readonly who: 'anon' | 'admin';
	readonly method: string;
	readonly path: string;
	readonly headers: Readonly<Record<string, string>>;
	readonly send?: string;
	readonly status: number;
	readonly type: string;
	readonly body: string;
	readonly retryAfter?: string;
	readonly warning?: string;
}

const recorded: readonly Recorded[] = JSON.parse(
	readFileSync(new URL('upstream-answers.json', import.meta.url), 'utf8'),
);
const token = 'abcdef.0123456789abcdef';
const bootstrapper = {
	username: 'system:bootstrap:abcdef',
	groups: ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token'],
};
const noTokens: TokenStoreClient = {
	create: () => assert.fail('nothing is written'),
	list: async () => ({ items: [], resourceVersion: '1' }),
	update: () => assert.fail('nothing is written'),
	delete: () => assert.fail('nothing is written'),
	verify: async (presented) => (presented === token ? bootstrapper : undefined),
};

const stored = [
	[resources.nodes, '', 'node-1'],
	[resources.namespaces, '', 'default'],
	[resources.configMaps, 'kube-public', 'cluster-info'],
] as const;

describe('the answers of a real kube-apiserver', () => {
	const store = storeOfEachTest();
	let doors: Doors;

	beforeEach(async () => {
		const rbac = rbacSource(defaultRbac(), kubeadmRbac());
		const authorizer = createRbacAuthorizer(rbac);
		const issuer = tokenIssuer(createObjectReader(store()), clock);
		const authenticateToken = bootstrapTokens(noTokens.verify, issuer.audiences);
		const authenticate = createAuthenticator(authenticateToken, issuer.audiences, clock);
		for (const [resource, namespace, name] of stored) {
			const typeMeta = { apiVersion: 'v1', kind: resource.kind };
			const metadata = resource.namespaced ? { name, namespace } : { name };
			const object: KubeObject = { ...typeMeta, metadata };
			await store().create(storeKey(resource, namespace, name), object);
		}
		doors = await openDoors({
			authenticate: (credentials) =>
				credentials.authorization === 'Admin' ? Promise.resolve(admin) : authenticate(credentials),
			authorizer,
			endpoints: createResources({
				store: store(),
				cache: cacheOf(store()),
				tokens: noTokens,
				authorizer,
				rbac,
				clock,
				countRefusal: () => undefined,
				readCsr: createCsrReader(),
				authenticateToken,
				tokenIssuer: issuer,
				kubelets: { lookup: async () => [], allowsLoopback: false },
			}),
		});
	});
	afterEach(() => doors.close());

	/** The version that the server has is another one here. */
	const comparable = (body: string) => body.replace(/(current: )\d+/, '$1N');

	it(`are given to ${recorded.length} requests`, async () => {
		const different: object[] = [];
		for (const { who, method, path, headers, send, body, type, status, retryAfter, warning } of recorded) {
			const credentials: Record<string, string> = who === 'admin' ? { authorization: 'Admin' } : {};
			const answer = await doors.rest(method, path, { ...headers, ...credentials }, send);
			const { 'content-type': gotType, 'retry-after': gotRetry, warning: gotWarning } = answer.headers;
			const got = [answer.status, gotType, gotRetry, gotWarning, comparable(answer.text)];
			const wanted = [status, type, retryAfter, warning, comparable(body)];
			try {
				assert.deepEqual(got, wanted);
			} catch {
				different.push({ request: `${method} ${path}`, headers, got, wanted });
			}
		}
		assert.deepEqual(different, []);
		assert.ok(recorded.length > 80);
	});
});
