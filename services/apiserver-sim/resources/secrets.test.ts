import assert from 'node:assert/strict';
import { resources } from '../../../lib/kube/resources.ts';
import type { Secret } from '../../../lib/kube/types.ts';
import { refusalOf, request } from '../fixtures.test.ts';
import { parseFieldSelector } from '../selectors.ts';
import type { TokenStoreClient } from '../token-store-client.ts';
import { secretsEndpoint } from './secrets.ts';

const type = 'bootstrap.kubernetes.io/token';
const token = (id: string) =>
	({ metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system', uid: id }, type }) as Secret;
const whole = (id: string): Secret => ({ ...token(id), apiVersion: 'v1', kind: 'Secret' });

describe('Secrets', () => {
	let calls: unknown[];
	const tokens: TokenStoreClient = {
		create: async (secret) => {
			calls.push(secret);
			return token('aaaaaa');
		},
		list: async (name) => ({
			items: ['aaaaaa', 'bbbbbb'].map(token).filter(({ metadata }) => name === '' || metadata.name === name),
			resourceVersion: '7',
		}),
		delete: async (...args) => void calls.push(args),
		verify: () => assert.fail('verified'),
	};
	const endpoint = secretsEndpoint(tokens);
	const asked = (verb: 'get' | 'list' | 'create' | 'delete', more: object = {}) =>
		request(verb, resources.secrets, { namespace: 'kube-system', ...more });
	beforeEach(() => {
		calls = [];
	});

	it('are created, read and deleted at token-store, and only there', async () => {
		const name = 'bootstrap-token-aaaaaa';
		assert.deepEqual(await endpoint.get?.(asked('get', { name })), whole('aaaaaa'));
		const { metadata: _metadata, ...rest } = token('aaaaaa');
		assert.deepEqual(
			await endpoint.create?.(asked('create', { object: { ...rest, metadata: { name } } })),
			whole('aaaaaa'),
		);
		const preconditions = { uid: 'aaaaaa' };
		assert.deepEqual(await endpoint.delete?.(asked('delete', { name, preconditions })), whole('aaaaaa'));
		assert.deepEqual(calls, [{ ...rest, metadata: { name, namespace: 'kube-system' } }, [name, preconditions]]);
	});

	it('422 for metadata and keys that upstream refuses, before token-store sees them', async () => {
		const metadata = { name: 'bootstrap-token-aaaaaa', labels: { a: '-' }, annotations: { 'a/b/c': '' } };
		const object = { ...token('aaaaaa'), metadata, data: { 'a b': '' } };
		const text = await refusalOf(endpoint.create?.(asked('create', { object })) ?? assert.fail());
		assert.match(
			text,
			/^422 Invalid: Secret "bootstrap-token-aaaaaa" is invalid: \[metadata\.labels: Invalid value: "-": a valid label/,
		);
		assert.match(text, /metadata\.annotations: Invalid value: "a\/b\/c": a valid label key must consist of/);
		assert.match(text, /data\[a b\]: Invalid value: "a b": a valid config key must consist of/);
		const named = { ...token('aaaaaa'), metadata: { name: 'A_b' } };
		assert.match(
			await refusalOf(endpoint.create?.(asked('create', { object: named })) ?? assert.fail()),
			/^422 Invalid: Secret "A_b" is invalid: metadata\.name: Invalid value: "A_b": a lowercase RFC 1123 subdomain/,
		);
		assert.deepEqual(calls, []);
	});

	it('404 for every other name, and in every other namespace', async () => {
		for (const more of [{ name: 'other' }, { name: 'bootstrap-token-aaaaaa', namespace: 'default' }]) {
			for (const verb of ['get', 'delete'] as const) {
				assert.equal(
					await refusalOf(endpoint[verb]?.(asked(verb, more)) ?? assert.fail()),
					`404 NotFound: secrets "${more.name}" not found`,
				);
			}
		}
		assert.deepEqual(calls, []);
	});

	it('are listed by namespace, by name and, as kubeadm does, by type', async () => {
		const list = async (text: string, namespace = 'kube-system') => {
			const { items, resourceVersion } =
				(await endpoint.list?.(asked('list', { namespace, fieldSelector: parseFieldSelector(text) }))) ?? assert.fail();
			assert.equal(resourceVersion, '7');
			return items.map(({ metadata }) => metadata.uid);
		};
		assert.deepEqual(await list(''), ['aaaaaa', 'bbbbbb']);
		assert.deepEqual(await list('', ''), ['aaaaaa', 'bbbbbb']);
		assert.deepEqual(await list('', 'default'), []);
		assert.deepEqual(await list(`type=${type}`), ['aaaaaa', 'bbbbbb']);
		assert.deepEqual(await list('type=Opaque'), []);
		assert.deepEqual(await list('metadata.name=bootstrap-token-bbbbbb'), ['bbbbbb']);
		assert.equal(await refusalOf(list('spec.x=1')), '400 BadRequest: field label not supported: spec.x');
	});

	it('are neither changed nor watched', () => {
		assert.deepEqual([endpoint.update, endpoint.watch], [undefined, undefined]);
	});
});
