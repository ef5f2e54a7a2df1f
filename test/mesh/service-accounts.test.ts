/** A service account over both doors: its token is issued, reviewed, used and invalidated. */
import assert from 'node:assert/strict';
import { get } from 'node:https';
import { compactVerify, createLocalJWKSet } from 'jose';
import { resources } from '../../lib/kube/resources.ts';
import type { KubeObject, SelfSubjectReview, TokenRequest, TokenReview } from '../../lib/kube/types.ts';
import { call, type VerifiedChannel, withBearerToken } from '../../lib/rpc/channel.ts';
import { credentialsOf, eventually, startTestMesh, type TestMesh } from './mesh.ts';

const accounts = resources.serviceAccounts.service;
const username = 'system:serviceaccount:default:robot';

/** The text of a page, as an admin reads it over HTTPS. */
const textAt = (mesh: TestMesh, path: string): Promise<string> =>
	new Promise((resolve, reject) => {
		const tls = { ca: mesh.ca, ...credentialsOf(mesh.pki('admin/admin.conf')), agent: false };
		get(`https://${mesh.endpoint}${path}`, tls, async (response) => {
			let text = '';
			for await (const chunk of response) text += chunk;
			resolve(text);
		}).once('error', reject);
	});

describe('a service account', () => {
	let mesh: TestMesh;
	let admin: VerifiedChannel;
	before(async () => {
		mesh = await startTestMesh();
		admin = mesh.channel(mesh.endpoint, { ca: mesh.ca, ...credentialsOf(mesh.pki('admin/admin.conf')) });
		await call(admin, accounts, 'Create', { metadata: { namespace: 'default', name: 'robot' } });
	});
	after(() => mesh?.stopAndRemove());

	const issue = async (spec: object = {}): Promise<TokenRequest> =>
		call(admin, accounts, 'CreateToken', { metadata: { namespace: 'default', name: 'robot' }, spec });
	const tokenOf = async (spec?: object) => (await issue(spec)).status?.token ?? '';
	const review = async (token: string, audiences: string[] = []): Promise<TokenReview> =>
		call(admin, 'TokenReviews', 'Create', { metadata: {}, spec: { token, audiences } });
	const whoIs = async (token: string): Promise<SelfSubjectReview> =>
		call(withBearerToken(mesh.channel(mesh.endpoint, { ca: mesh.ca }), token), 'SelfSubjectReviews', 'Create', {});

	it('authenticates with the token that a TokenRequest over gRPC issued', async () => {
		const { status } = await whoIs(await tokenOf({ expirationSeconds: 600 }));
		assert.equal(status?.userInfo.username, username);
		assert.deepEqual(status.userInfo.groups, [
			'system:serviceaccounts',
			'system:serviceaccounts:default',
			'system:authenticated',
		]);
	});

	it('has its tokens reviewed, for the audiences of the review', async () => {
		const forVault = await tokenOf({ audiences: ['vault'] });
		const { status } = await review(forVault, ['vault', 'other']);
		assert.deepEqual([status?.authenticated, status?.user?.username, status?.audiences], [true, username, ['vault']]);
		assert.match(
			(await review(forVault)).status?.error ?? '',
			/^\[invalid bearer token, token audiences \["vault"\] is invalid/,
		);
		const bootstrap = await review(await mesh.createToken());
		assert.match(bootstrap.status?.user?.username ?? '', /^system:bootstrap:/);
	});

	it('signs with the key of the published key set', async () => {
		const keys = JSON.parse(await textAt(mesh, '/openid/v1/jwks'));
		await compactVerify(await tokenOf(), createLocalJWKSet(keys));
	});

	it('loses its tokens with its deletion, also when an account of its name is made again', async () => {
		const token = await tokenOf();
		await whoIs(token);
		await call(admin, accounts, 'Delete', { namespace: 'default', name: 'robot' });
		await eventually(20, () => assert.rejects(whoIs(token)));
		const again: KubeObject = await call(admin, accounts, 'Create', {
			metadata: { namespace: 'default', name: 'robot' },
		});
		assert.ok(again.metadata.uid);
		await assert.rejects(whoIs(token));
		assert.equal((await whoIs(await tokenOf())).status?.userInfo.username, username);
	});

	it('leaves no token in the log of a service', () => {
		assert.deepEqual(
			mesh.lines.filter(({ line }) => /eyJ[\w-]+\.[\w-]+/.test(line)),
			[],
		);
	});
});
