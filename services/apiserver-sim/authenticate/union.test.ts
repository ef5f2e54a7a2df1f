import assert from 'node:assert/strict';
import { causeText, hasCode } from '../../../lib/errors.ts';
import type { PeerCertificate, VerifiedCertificate } from '../../../lib/rpc/peer.ts';
import { hasExtraSpace } from './bearer-token.ts';
import { bootstrapTokens } from './bootstrap-token.ts';
import { cacheSuccesses, TOKEN_CACHE_MS } from './token-authenticator.ts';
import { createAuthenticator } from './union.ts';

const start = Date.parse('2026-01-31T12:00:00Z');
const good: VerifiedCertificate = {
	state: 'verified',
	commonName: 'system:node:a',
	organizations: ['system:nodes', 'others'],
	fingerprint: 'ab'.repeat(32),
	notBefore: start - 3_600_000,
	notAfter: start + 3_600_000,
};
const expired = { ...good, notAfter: start - 1 };
const foreign: PeerCertificate = { state: 'unverified', problem: 'certificate signed by unknown authority (CN=x)' };
const token = 'abcdef.0123456789abcdef';
const anonymous = { username: 'system:anonymous', groups: ['system:unauthenticated'] };
const bootstrap = { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers', 'system:authenticated'] };
const node = {
	username: 'system:node:a',
	groups: ['system:nodes', 'others', 'system:authenticated'],
	extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${'ab'.repeat(32)}`] },
};

describe('authentication', () => {
	let now: number;
	let asked: string[];
	/** The tokens of the fake token-store. */
	let tokens: Map<string, { username: string; groups: string[] } | Error>;
	let authenticate: (certificate: PeerCertificate, authorization?: string, protocols?: string) => Promise<unknown>;

	beforeEach(() => {
		now = start;
		asked = [];
		tokens = new Map([[token, { username: 'system:bootstrap:abcdef', groups: ['system:bootstrappers'] }]]);
		const clock = () => now;
		const verify = bootstrapTokens(
			async (presented) => {
				asked.push(presented);
				const found = tokens.get(presented);
				if (found instanceof Error) throw found;
				return found;
			},
			['api'],
		);
		const authenticator = createAuthenticator(cacheSuccesses(verify, clock), ['api'], clock);
		authenticate = async (certificate, authorization, webSocketProtocols) =>
			authenticator({
				peer: { address: '10.0.0.1:1', certificate },
				...{ authorization, webSocketProtocols, impersonation: [] },
			});
	});
	const none: PeerCertificate = { state: 'none' };
	const refuses = (work: Promise<unknown>, why: string) =>
		assert.rejects(work, (error) => {
			assert.ok(
				hasCode(error, 'API_UNAUTHORIZED') &&
					error.message === 'Unauthorized' &&
					JSON.stringify(error.details) === '{}',
			);
			assert.equal(causeText(error.cause), `Unable to authenticate the request: [${why}]`);
			return true;
		});

	it('is one object for each credential that is remembered, so that its permissions are found once', async () => {
		for (const [certificate, authorization] of [[good], [none, `Bearer ${token}`], [none]] as const)
			assert.equal(await authenticate(certificate, authorization), await authenticate(certificate, authorization));
	});

	it('nothing shown is anonymous', async () => {
		assert.deepEqual(await authenticate(none), anonymous);
	});

	it('a certificate is its common name, its organizations in order, and its credential id', async () => {
		assert.deepEqual(await authenticate(good), node);
	});

	it('system:authenticated is added once', async () => {
		const { groups } = (await authenticate({ ...good, organizations: ['system:authenticated', 'a'] })) as typeof node;
		assert.deepEqual(groups, ['system:authenticated', 'a']);
	});

	it('a bootstrap token is its user', async () => {
		for (const scheme of ['Bearer', 'bearer', 'BEARER'])
			assert.deepEqual(await authenticate(none, `${scheme} ${token}`), bootstrap);
		assert.deepEqual(await authenticate(none, `  Bearer ${token} `), bootstrap);
		assert.deepEqual(await authenticate(none, `Bearer ${token} more`), bootstrap);
	});

	it('a good certificate wins over a bad token, and over a good one; no token is looked at', async () => {
		assert.deepEqual(await authenticate(good, 'Bearer nonsense'), node);
		assert.deepEqual(await authenticate(good, `Bearer ${token}`), node);
		assert.deepEqual(asked, []);
	});

	it('a good token wins over a bad certificate', async () => {
		for (const bad of [expired, foreign]) assert.deepEqual(await authenticate(bad, `Bearer ${token}`), bootstrap);
	});

	it('API_UNAUTHORIZED: a bad certificate alone is never anonymous; Go says why in the log', async () => {
		await refuses(authenticate(foreign), 'x509: certificate signed by unknown authority (CN=x)');
		const not = 'x509: certificate has expired or is not yet valid: current time 2026-01-31T12:00:00Z is';
		await refuses(authenticate(expired), `${not} after 2026-01-31T11:59:59Z`);
		await refuses(authenticate({ ...good, notBefore: start + 1_000 }), `${not} before 2026-01-31T12:00:01Z`);
		await refuses(authenticate({ ...good, commonName: '' }), 'x509: the certificate has no common name');
	});

	it('the lifetime of a certificate is looked at on every request: its last millisecond counts', async () => {
		now = good.notAfter;
		assert.deepEqual(await authenticate(good), node);
		now++;
		await assert.rejects(authenticate(good), (error) => hasCode(error, 'API_UNAUTHORIZED'));
	});

	it('API_UNAUTHORIZED: a bad token is never anonymous, and all that was tried is named', async () => {
		await refuses(authenticate(none, 'Bearer nonsense'), 'invalid bearer token');
		await refuses(
			authenticate(foreign, 'Bearer nonsense'),
			'x509: certificate signed by unknown authority (CN=x), invalid bearer token',
		);
	});

	const protocolOf = (text: string | Buffer): string =>
		`base64url.bearer.authorization.k8s.io.${Buffer.from(text).toString('base64url')}`;

	it('a token among the protocols of a WebSocket is its user, also beside a bad one in another place', async () => {
		const protocols = `one, ${protocolOf(token)}`;
		assert.deepEqual(await authenticate(none, undefined, protocols), bootstrap);
		assert.deepEqual(await authenticate(foreign, 'Bearer nonsense', protocols), bootstrap);
		assert.deepEqual(await authenticate(good, undefined, protocols), node);
	});

	it('a WebSocket without a token among its protocols is anonymous', async () => {
		for (const protocols of ['', 'one', 'one,two', `one,${protocolOf('')}`])
			assert.deepEqual(await authenticate(none, undefined, protocols), anonymous);
	});

	it('API_UNAUTHORIZED: an invalid token among the protocols of a WebSocket, in the words of upstream', async () => {
		for (const [protocols, why] of [
			[protocolOf(token), 'missing additional subprotocol'],
			[`${protocolOf(token)},one,${protocolOf(token)}`, 'multiple base64.bearer.authorization tokens specified'],
			[`one,${protocolOf('a')}==`, 'invalid base64.bearer.authorization token encoding'],
			[`one,${protocolOf(token)}+`, 'invalid base64.bearer.authorization token encoding'],
			[`one,${protocolOf('abc')}a`, 'invalid base64.bearer.authorization token encoding'],
			[`one,${protocolOf(Buffer.from([0xff]))}`, 'invalid base64.bearer.authorization token'],
			[`one,${protocolOf('nonsense')}`, 'invalid bearer token'],
		] as const)
			await refuses(authenticate(none, undefined, protocols), why);
	});

	it('AUTHENTICATOR_UNAVAILABLE if the token cannot be checked and nothing else decides', async () => {
		const unavailable = (certificate: PeerCertificate) =>
			assert.rejects(authenticate(certificate, `Bearer ${token}`), (error) => {
				assert.ok(hasCode(error, 'AUTHENTICATOR_UNAVAILABLE') && error.details.retryAfterSeconds === 1);
				assert.equal(causeText(error.cause), 'token-store is unavailable');
				return true;
			});
		const user = tokens.get(token);
		assert.ok(user !== undefined);
		tokens.set(token, new Error('token-store is unavailable'));
		for (const certificate of [none, foreign, expired]) await unavailable(certificate);
		assert.deepEqual(await authenticate(good, `Bearer ${token}`), node);
		tokens.set(token, user);
		assert.deepEqual(await authenticate(none, `Bearer ${token}`), bootstrap);
		tokens.set(token, new Error('token-store is unavailable'));
		assert.deepEqual(await authenticate(none, `Bearer ${token}`), bootstrap);
		now += TOKEN_CACHE_MS;
		await unavailable(none);
	});

	it('two spaces before the token: no token, and a warning, as upstream', async () => {
		const header = `Bearer  ${token}`;
		assert.deepEqual([await authenticate(none, header), asked, hasExtraSpace(header)], [anonymous, [], true]);
		for (const other of [`Bearer ${token}`, 'Basic  x', 'Bearer ', undefined]) assert.ok(!hasExtraSpace(other), other);
	});

	it('another scheme, or none, is passed over', async () => {
		for (const header of [
			'Basic dTpw',
			'Negotiate x',
			token,
			`Bearer${token}`,
			'Bearer',
			'Bearer ',
			'',
			`Basic Bearer ${token}`,
		]) {
			assert.deepEqual(await authenticate(none, header), anonymous, header);
		}
		assert.deepEqual(asked, []);
	});

	it('a success is kept for 10 s, also when the token is deleted meanwhile', async () => {
		assert.equal(TOKEN_CACHE_MS, 10_000);
		await authenticate(none, `Bearer ${token}`);
		tokens.clear();
		now += TOKEN_CACHE_MS - 1;
		assert.deepEqual(await authenticate(none, `Bearer ${token}`), bootstrap);
		assert.equal(asked.length, 1);
		now++;
		await refuses(authenticate(none, `Bearer ${token}`), 'invalid bearer token');
		assert.equal(asked.length, 2);
	});

	it('a failure is not kept: a token that was just made works at once', async () => {
		const other = 'bbbbbb.0123456789abcdef';
		await refuses(authenticate(none, `Bearer ${other}`), 'invalid bearer token');
		tokens.set(other, { username: 'system:bootstrap:bbbbbb', groups: [] });
		assert.deepEqual(await authenticate(none, `Bearer ${other}`), {
			username: 'system:bootstrap:bbbbbb',
			groups: ['system:authenticated'],
		});
		tokens.set(token, new Error('unavailable'));
		await assert.rejects(authenticate(none, `Bearer ${token}`));
		tokens.set(token, { username: 'u', groups: [] });
		assert.deepEqual(await authenticate(none, `Bearer ${token}`), { username: 'u', groups: ['system:authenticated'] });
	});

	it('keeps the successes of at most 4096 tokens', async () => {
		const ids = Array.from({ length: 4097 }, (_, index) => `${index}.0123456789abcdef`);
		for (const id of ids) {
			tokens.set(id, { username: id, groups: [] });
			await authenticate(none, `Bearer ${id}`);
		}
		asked = [];
		for (const id of [ids[4096], ids[1], ids[0]]) await authenticate(none, `Bearer ${id}`);
		assert.deepEqual(asked, [ids[0]]);
	});

	it('one token is not another that begins with it', async () => {
		await authenticate(none, `Bearer ${token}`);
		await refuses(authenticate(none, `Bearer ${token}x`), 'invalid bearer token');
	});
});
