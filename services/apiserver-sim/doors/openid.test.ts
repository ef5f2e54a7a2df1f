import assert from 'node:assert/strict';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { issuer, testKey } from '../authenticate/fixtures.test.ts';
import { signClaims } from '../authenticate/service-account-key.ts';
import { openDoors } from './fixtures.test.ts';
import { openIdDocuments } from './openid.ts';

const open = async (isAllowed: (path: string) => boolean) =>
	openDoors({
		authenticate: async () => ({ username: 'u', groups: [] }),
		authorizer: {
			authorize: (asked) => ({
				decision: !asked.resourceRequest && isAllowed(asked.path) ? 'Allow' : 'NoOpinion',
				reason: '',
			}),
		},
		endpoints: new Map(),
		documents: await openIdDocuments(issuer, '10.99.0.2:6443', testKey()),
	});

describe('the documents of the issuer', () => {
	it("are upstream's, with their types and their age", async () => {
		const doors = await open(() => true);
		try {
			for (const slash of ['', '/']) {
				const configuration = await doors.rest('GET', `/.well-known/openid-configuration${slash}`);
				assert.equal(
					configuration.text,
					`{"issuer":"${issuer}","jwks_uri":"https://10.99.0.2:6443/openid/v1/jwks",` +
						'"response_types_supported":["id_token"],"subject_types_supported":["public"],' +
						'"id_token_signing_alg_values_supported":["RS256"]}',
				);
				const keys = await doors.rest('GET', `/openid/v1/jwks${slash}`, { accept: 'application/json, */*' });
				assert.match(
					keys.text,
					/^\{"keys":\[\{"use":"sig","kty":"RSA","kid":"[\w-]{43}","alg":"RS256","n":"[\w-]+","e":"AQAB"\}\]\}$/,
				);
				for (const [{ status, headers }, type] of [
					[configuration, 'application/json'],
					[keys, 'application/jwk-set+json'],
				] as const) {
					const seen = [status, headers['content-type'], headers['cache-control']];
					assert.deepEqual(seen, [200, type, 'public, max-age=3600']);
				}
				const keySet = createLocalJWKSet(JSON.parse(keys.text));
				const { payload } = await jwtVerify(await signClaims({ sub: 'x' }, testKey()), keySet);
				assert.deepEqual(payload, { sub: 'x' });
			}
			assert.equal((await doors.rest('POST', '/openid/v1/jwks')).status, 405);
			assert.equal((await doors.rest('GET', '/openid/v1/jwks', { accept: 'application/json' })).status, 406);
			assert.equal((await doors.rest('GET', '/openid/v1/jwks/x')).status, 404);
			const { paths } = JSON.parse((await doors.rest('GET', '/')).text) as { paths: string[] };
			assert.deepEqual(
				paths.filter((path) => path.includes('openid')),
				['/.well-known/openid-configuration', '/openid/v1/jwks'],
			);
		} finally {
			doors.close();
		}
	});

	it('are for callers that may read their paths', async () => {
		const doors = await open((path) => path === '/openid/v1/jwks');
		try {
			assert.equal((await doors.rest('GET', '/openid/v1/jwks')).status, 200);
			assert.equal((await doors.rest('GET', '/.well-known/openid-configuration')).status, 403);
		} finally {
			doors.close();
		}
	});
});
