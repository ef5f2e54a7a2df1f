import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { CompactSign } from 'jose';
import { hasCode } from '../../../lib/errors.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import { writePublicKey } from '../../../lib/pki/keys.ts';
import { issuer, newKey, objectNamed, readerOf, testKey } from './fixtures.test.ts';
import { type ClaimsOptions, newClaims, type TokenClaims } from './service-account-claims.ts';
import { type ServiceAccountKey, signClaims } from './service-account-key.ts';
import { serviceAccountTokens } from './service-account-token.ts';

const start = Date.parse('2026-01-31T12:00:00Z');
const account = (uid = 'sa-uid', more: object = {}): KubeObject => ({
	...objectNamed('robot', uid),
	metadata: { name: 'robot', namespace: 'demo', uid, ...more },
});
const pod = objectNamed('p', 'pod-uid');
const node = objectNamed('n', 'node-uid');
const secret = objectNamed('s', 'secret-uid');

describe('the token of a service account', () => {
	let now: number;
	let objects: Map<string, KubeObject | Error>;

	beforeEach(() => {
		now = start;
		objects = new Map([
			['serviceaccounts demo/robot', account()],
			['pods demo/p', pod],
			['secrets demo/s', secret],
			['nodes n', node],
		]);
	});
	const claims = (more: Partial<ClaimsOptions> = {}): TokenClaims =>
		newClaims({
			serviceAccount: account(),
			issuer,
			audiences: [issuer],
			expirationSeconds: 600,
			nowMs: start,
			...more,
		});
	const tokenOf = (more: Partial<ClaimsOptions> = {}, key: ServiceAccountKey = testKey()) =>
		signClaims(claims(more), key);
	const authenticate = (token: string, audiences: readonly string[] = [issuer]) =>
		serviceAccountTokens({ issuer, key: testKey(), objects: readerOf(objects), clock: () => now })(token, audiences);
	const problemOf = async (token: string, audiences?: readonly string[]) => {
		const verdict = await authenticate(token, audiences);
		assert.ok(verdict === undefined || 'problem' in verdict, 'it was accepted');
		return verdict?.problem;
	};

	it('is its user, its groups, its uid and the id of the credential', async () => {
		const token = await tokenOf();
		const { jti } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
		assert.deepEqual(await authenticate(token), {
			user: {
				username: 'system:serviceaccount:demo:robot',
				uid: 'sa-uid',
				groups: ['system:serviceaccounts', 'system:serviceaccounts:demo'],
				extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${jti}`] },
			},
			audiences: [issuer],
		});
	});

	it('has the claims of upstream in the order of upstream', async () => {
		const [header = '', payload = ''] = (await tokenOf({ secret, node, pod, warnAfterSeconds: 5 })).split('.');
		const text = (part: string) => Buffer.from(part, 'base64url').toString();
		assert.equal(text(header), `{"alg":"RS256","kid":"${testKey().id}"}`);
		const jti = JSON.parse(text(payload)).jti;
		const seconds = start / 1000;
		const bound =
			'"namespace":"demo","node":{"name":"n","uid":"node-uid"},"pod":{"name":"p","uid":"pod-uid"},' +
			'"secret":{"name":"s","uid":"secret-uid"},"serviceaccount":{"name":"robot","uid":"sa-uid"},' +
			`"warnafter":${seconds + 5}`;
		assert.equal(
			text(payload),
			`{"aud":["${issuer}"],"exp":${seconds + 600},"iat":${seconds},"iss":"${issuer}","jti":"${jti}",` +
				`"kubernetes.io":{${bound}},"nbf":${seconds},"sub":"system:serviceaccount:demo:robot"}`,
		);
	});

	it('of a pod names the pod and its node', async () => {
		const verdict = await authenticate(await tokenOf({ pod, node: { metadata: { name: 'gone' } } }));
		assert.ok(verdict !== undefined && 'user' in verdict);
		const { 'authentication.kubernetes.io/credential-id': _id, ...extra } = verdict.user.extra ?? {};
		assert.deepEqual(extra, {
			'authentication.kubernetes.io/node-name': ['gone'],
			'authentication.kubernetes.io/pod-name': ['p'],
			'authentication.kubernetes.io/pod-uid': ['pod-uid'],
		});
	});

	it('is valid from a minute before its time until a minute after it', async () => {
		const token = await tokenOf();
		for (const valid of [start - 60_000, start + 660_000]) {
			now = valid;
			assert.equal(typeof (await authenticate(token)), 'object');
		}
		now = start - 60_001;
		assert.equal(await problemOf(token), 'service account token is not valid yet');
		now = start + 660_001;
		assert.equal(await problemOf(token), 'service account token has expired');
		now = start;
		const future = await signClaims({ ...claims(), iat: start / 1000 + 61 }, testKey());
		assert.equal(await problemOf(future), 'service account token is issued in the future');
	});

	it('is for the requested audiences that it names', async () => {
		const token = await tokenOf({ audiences: ['a', 'b'] });
		const verdict = await authenticate(token, ['b', 'c']);
		assert.ok(verdict !== undefined && 'user' in verdict);
		assert.deepEqual(verdict.audiences, ['b']);
		assert.equal(await problemOf(token), `token audiences ["a" "b"] is invalid for the target audiences ["${issuer}"]`);
		assert.equal(
			await problemOf(await tokenOf({ audiences: [] })),
			`token audiences [] is invalid for the target audiences ["${issuer}"]`,
		);
	});

	it('is invalid without its account, or when the account was made again', async () => {
		const token = await tokenOf();
		objects.set('serviceaccounts demo/robot', account('other'));
		assert.equal(await problemOf(token), 'service account UID (other) does not match claim (sa-uid)');
		objects.delete('serviceaccounts demo/robot');
		assert.equal(await problemOf(token), 'serviceaccounts "robot" not found');
		const deletionTimestamp = '2026-01-31T12:00:00Z';
		objects.set('serviceaccounts demo/robot', account('sa-uid', { deletionTimestamp }));
		now = start + 60_000;
		assert.equal(typeof (await authenticate(token)), 'object');
		now = start + 60_001;
		assert.equal(await problemOf(token), 'service account demo/robot has been deleted');
	});

	for (const [kind, bound, key] of [
		['pod', { pod }, 'pods demo/p'],
		['secret', { secret }, 'secrets demo/s'],
		['node', { node }, 'nodes n'],
	] as const)
		it(`is invalid without the ${kind} that it is bound to`, async () => {
			const token = await tokenOf(bound);
			assert.equal(typeof (await authenticate(token)), 'object');
			objects.set(key, objectNamed('x', 'other'));
			const mismatch = `${kind} UID (other) does not match service account ${kind} ref claim (${kind}-uid)`;
			assert.equal(await problemOf(token), mismatch);
			objects.set(key, {
				...objectNamed('x', `${kind}-uid`),
				metadata: { uid: `${kind}-uid`, deletionTimestamp: '2026-01-31T11:58:59Z' },
			});
			assert.equal(await problemOf(token), 'service account token has been invalidated');
			objects.delete(key);
			assert.equal(await problemOf(token), 'service account token has been invalidated');
		});

	it('cannot be checked without the store', async () => {
		objects.set('serviceaccounts demo/robot', new Error('the store is unavailable'));
		await assert.rejects(authenticate(await tokenOf()), (error) => hasCode(error, 'AUTHENTICATOR_UNAVAILABLE'));
	});

	describe('of an attacker', () => {
		const part = (value: object | string) =>
			Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

		it('is refused when another key signed it', async () => {
			const other = newKey();
			assert.equal(await problemOf(await tokenOf({}, other)), 'invalid signature, no keys found');
			const sameId = { ...other, id: testKey().id };
			assert.equal(await problemOf(await tokenOf({}, sameId)), 'go-jose/go-jose: error in cryptographic primitive');
			for (const header of [{ alg: 'RS256' }, { alg: 'RS256', kid: '' }]) {
				const jws = new CompactSign(Buffer.from(JSON.stringify(claims()))).setProtectedHeader(header);
				assert.match((await problemOf(await jws.sign(other.privateKey))) ?? '', /cryptographic primitive/);
			}
		});

		it('is refused when any part of it was altered', async () => {
			const [header, payload, signature] = (await tokenOf()).split('.');
			const altered = part({ ...claims(), sub: 'system:serviceaccount:kube-system:admin' });
			assert.match((await problemOf(`${header}.${altered}.${signature}`)) ?? '', /cryptographic primitive/);
			const otherHeader = part({ alg: 'RS256', kid: testKey().id, typ: 'JWT' });
			assert.match((await problemOf(`${otherHeader}.${payload}.${signature}`)) ?? '', /cryptographic primitive/);
			assert.match((await problemOf(`${header}.${payload}.`)) ?? '', /cryptographic primitive/);
		});

		it('is refused with every algorithm but RS256', async () => {
			const payload = part(claims());
			const publicPem = writePublicKey(testKey().publicKey);
			for (const alg of ['none', 'HS256', 'HS512', 'PS256', 'RS512', 'ES256', 'EdDSA', '', 'rs256']) {
				const header = part({ alg, kid: testKey().id });
				const mac = createHmac('sha256', publicPem).update(`${header}.${payload}`).digest('base64url');
				for (const signature of ['', mac]) {
					const verdict = await authenticate(`${header}.${payload}.${signature}`);
					assert.ok(verdict === undefined || 'problem' in verdict, alg);
				}
			}
		});

		it('is refused with another algorithm, also when the genuine key signed it', async () => {
			for (const alg of ['RS384', 'RS512', 'PS256']) {
				const jws = new CompactSign(Buffer.from(JSON.stringify(claims()))).setProtectedHeader({
					alg,
					kid: testKey().id,
				});
				const problem = await problemOf(await jws.sign(testKey().privateKey));
				assert.equal(problem, 'go-jose/go-jose: unknown/unsupported algorithm', alg);
			}
		});

		it('is refused with any key or key id that its header names', async () => {
			const other = newKey();
			const jwk = other.publicKey.export({ format: 'jwk' });
			const kids = ['../../sa.pub', "' OR 1=1 --", '\u0000', 'a'.repeat(10_000), 7, null, {}, ['a'], true];
			const headers: object[] = [
				...kids.map((kid) => ({ alg: 'RS256', kid })),
				{ alg: 'RS256', jwk },
				{ alg: 'RS256', jku: 'https://evil.test/keys', x5u: 'https://evil.test/x' },
				{ alg: 'RS256', crit: ['exp'], exp: 1 },
				{ alg: 'RS256', b64: false, crit: ['b64'] },
			];
			const { sign } = await import('node:crypto');
			for (const header of headers) {
				const text = `${part(header)}.${part(claims())}`;
				const verdict = await authenticate(
					`${text}.${sign('sha256', Buffer.from(text), other.privateKey).toString('base64url')}`,
				);
				assert.ok(verdict === undefined || 'problem' in verdict, JSON.stringify(header).slice(0, 80));
			}
		});

		it('of another issuer, or of another form, is of no kind that this authenticator knows', async () => {
			const others = [
				'',
				'a',
				'a.b',
				'a.b.c',
				'..',
				'a.b.c.d',
				`{"payload":"${part(claims())}"}`,
				`${part({ alg: 'RS256' })}.${part('null')}.x`,
				`${part({ alg: 'RS256' })}.${part('[1]')}.x`,
				`${part('no header')}.${part(claims())}.x`,
				await tokenOf({ issuer: 'https://evil.test' }),
				await signClaims({ iss: issuer }, testKey()),
				await signClaims({ ...claims(), aud: issuer }, testKey()),
				await signClaims({ ...claims(), exp: 'never' }, testKey()),
				await signClaims({ ...claims(), 'kubernetes.io': {} }, testKey()),
			];
			for (const token of others) assert.equal(await authenticate(token), undefined, token.slice(0, 60));
		});
	});
});
