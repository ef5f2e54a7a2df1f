import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type ErrorCode, hasCode, KubejoinError } from '../../lib/errors.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { verifyToken } from './verify.ts';

const now = Date.parse('2026-01-31T12:00:00Z');
const clock = () => now;
const id = 'abcdef';
const half = '0123456789abcdef';
const token = `${id}.${half}`;

const encoded = (data: Record<string, string>) =>
	Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
const good = {
	'token-id': id,
	'token-secret': half,
	expiration: '2026-01-31T12:00:01Z',
	'usage-bootstrap-authentication': 'true',
	'auth-extra-groups': 'system:bootstrappers:kubeadm:default-node-token',
};
const secret = (data: Record<string, string> = {}, more: Partial<Secret> = {}): Secret => ({
	apiVersion: 'v1',
	kind: 'Secret',
	metadata: { name: `bootstrap-token-${id}` },
	type: 'bootstrap.kubernetes.io/token',
	data: encoded({ ...good, ...data }),
	...more,
});
const storeWith = (kept: Secret) => async (name: string) => (name === kept.metadata.name ? kept : undefined);
const verify = (kept: Secret, presented = token) => verifyToken(presented, storeWith(kept), clock);
const refused = (code: ErrorCode, kept: Secret, presented = token) =>
	assert.rejects(
		verify(kept, presented),
		(error) => hasCode(error, code) && !JSON.stringify([error.message, error.details]).includes(half),
	);

describe('verification of a bootstrap token', () => {
	it('gives the user and the groups, each once and sorted', async () => {
		const username = 'system:bootstrap:abcdef';
		const groups = ['system:bootstrappers', 'system:bootstrappers:kubeadm:default-node-token'];
		assert.deepEqual(await verify(secret()), { username, groups });
		assert.deepEqual(await verify(secret({ 'auth-extra-groups': '' })), { username, groups: ['system:bootstrappers'] });
		const repeated = 'system:bootstrappers:z,system:bootstrappers:a,system:bootstrappers:z';
		const sorted = ['system:bootstrappers', 'system:bootstrappers:a', 'system:bootstrappers:z'];
		assert.deepEqual(await verify(secret({ 'auth-extra-groups': repeated })), { username, groups: sorted });
	});

	it('TOKEN_MALFORMED', async () => {
		for (const text of [
			'',
			id,
			`${token} `,
			` ${token}`,
			`${token}\n`,
			token.toUpperCase(),
			`${id}.${half}0`,
			`${id}-${half}`,
			`\n${token}`,
		]) {
			await refused('TOKEN_MALFORMED', secret(), text);
		}
	});
	it('TOKEN_UNKNOWN', () => refused('TOKEN_UNKNOWN', secret(), `abcdeg.${half}`));
	it('TOKEN_DELETED', () =>
		refused(
			'TOKEN_DELETED',
			secret({}, { metadata: { name: `bootstrap-token-${id}`, deletionTimestamp: '2026-01-31T11:00:00Z' } }),
		));
	it('TOKEN_RECORD_INVALID: type, data, id', async () => {
		await refused('TOKEN_RECORD_INVALID', secret({}, { type: 'Opaque' }));
		const { data, ...empty } = secret();
		assert.ok(data);
		await refused('TOKEN_RECORD_INVALID', empty);
		await refused('TOKEN_RECORD_INVALID', secret({ 'token-id': 'abcdeg' }));
	});
	it('TOKEN_SECRET_WRONG: of the same length, longer, shorter, empty', async () => {
		for (const kept of [half.replace('0', '1'), `${half}0`, half.slice(1), ''])
			await refused('TOKEN_SECRET_WRONG', secret({ 'token-secret': kept }));
	});
	it('TOKEN_EXPIRED: at that moment, and when it cannot be read; without one it never does', async () => {
		await refused('TOKEN_EXPIRED', secret({ expiration: '2026-01-31T12:00:00Z' }));
		await refused('TOKEN_EXPIRED', secret({ expiration: 'in a year' }));
		assert.ok(await verify(secret({ expiration: '' })));
	});
	it('TOKEN_USAGE_MISSING: only the word true will do', async () => {
		for (const usage of ['', 'false', 'True', 'true ', '1'])
			await refused('TOKEN_USAGE_MISSING', secret({ 'usage-bootstrap-authentication': usage }));
	});
	it('TOKEN_GROUPS_INVALID: one bad group spoils the token', async () => {
		for (const bad of [
			'system:masters',
			'system:bootstrappers',
			'system:bootstrappers:',
			'system:bootstrappers:a:',
			'system:bootstrappers:A',
			'system:bootstrappers:a\n',
			'',
		]) {
			await refused('TOKEN_GROUPS_INVALID', secret({ 'auth-extra-groups': `system:bootstrappers:ok,${bad}` }));
		}
	});

	it("the checks come in upstream's order", async () => {
		const bad = {
			'token-secret': 'x',
			'token-id': 'x',
			expiration: 'x',
			'usage-bootstrap-authentication': 'x',
			'auth-extra-groups': 'x',
		};
		const repairs: [ErrorCode, (keyof typeof bad)?][] = [
			['TOKEN_SECRET_WRONG', 'token-secret'],
			['TOKEN_RECORD_INVALID', 'token-id'],
			['TOKEN_EXPIRED', 'expiration'],
			['TOKEN_USAGE_MISSING', 'usage-bootstrap-authentication'],
			['TOKEN_GROUPS_INVALID'],
		];
		const data: Record<string, string> = { ...bad };
		for (const [code, repair] of repairs) {
			await refused(code, secret(data));
			if (repair !== undefined) data[repair] = good[repair];
		}
	});

	it('STORE_UNAVAILABLE: a failing store authenticates no client', async () => {
		const failing = () =>
			Promise.reject(new KubejoinError('STORE_UNAVAILABLE', { store: 'redis://x', problem: 'gone' }));
		await assert.rejects(verifyToken(token, failing, clock), (error) => hasCode(error, 'STORE_UNAVAILABLE'));
	});

	it('no mutation of a token authenticates', async () => {
		const mutated = fc.oneof(
			fc.string(),
			fc.string({ unit: 'binary' }),
			fc.stringMatching(/^[a-z0-9]{6}\.[a-z0-9]{16}$/),
			fc.stringMatching(/^[a-z0-9]{16}$/).map((other) => `${id}.${other}`),
			fc
				.tuple(fc.nat(token.length), fc.nat(2), fc.string({ maxLength: 3 }))
				.map(([at, cut, inserted]) => token.slice(0, at) + inserted + token.slice(at + cut)),
		);
		await fc.assert(
			fc.asyncProperty(mutated, async (text) => {
				fc.pre(text !== token);
				await assert.rejects(verify(secret(), text), (error) =>
					hasCode(error, 'TOKEN_MALFORMED', 'TOKEN_UNKNOWN', 'TOKEN_SECRET_WRONG'),
				);
			}),
			{ numRuns: 500 },
		);
	});

	it('authenticates no record with another secret', async () => {
		const record = fc.dictionary(fc.constantFrom(...Object.keys(good)), fc.string());
		await fc.assert(
			fc.asyncProperty(record, async (data) => {
				fc.pre(data['token-secret'] !== undefined && data['token-secret'] !== half);
				await refused('TOKEN_SECRET_WRONG', secret(data));
			}),
		);
	});
});
