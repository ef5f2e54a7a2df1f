import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { type ErrorCode, hasCode, KubejoinError } from '../../lib/errors.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { limits } from '../../lib/limits.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../lib/store/store.ts';
import type { Verdict } from './metrics.ts';
import { tokenStoreService } from './server.ts';

const now = Date.parse('2026-01-31T12:00:00Z');
const id = 'abcdef';
const kept = '0123456789abcdef';
const shown = 'zyxwvutsrqponmlk';

type Changes = Readonly<Record<string, string>>;
const secretOf = (changes: Changes, more: Partial<Secret> = {}): Secret => {
	const fields = {
		'token-id': id,
		'token-secret': kept,
		expiration: '2026-01-31T13:00:00Z',
		'usage-bootstrap-authentication': 'true',
		...changes,
	};
	const data = Object.entries(fields).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
	return {
		apiVersion: 'v1',
		kind: 'Secret',
		metadata: { name: `bootstrap-token-${id}` },
		type: 'bootstrap.kubernetes.io/token',
		data: Object.fromEntries(data),
		...more,
	};
};

/** The service with one token, everything that it logs, and the verdicts that it counts. */
function serviceWith(secret: Secret | undefined, problem?: KubejoinError) {
	const lines: string[] = [];
	const verdicts: Verdict[] = [];
	const exceeded: string[] = [];
	const write = (...args: readonly unknown[]): void => void lines.push(JSON.stringify(args));
	const log = { isLevelEnabled: () => true, debug: write, info: write, warn: write, error: write } as unknown as Log;
	const get = async () => {
		if (problem !== undefined) throw problem;
		return secret === undefined ? undefined : { key: 'k', value: secret, revision: 1 };
	};
	const store = { get } as unknown as Store;
	const service = tokenStoreService(
		store,
		() => now,
		log,
		new AbortController().signal,
		(verdict) => verdicts.push(verdict),
		(limit) => exceeded.push(limit),
	);
	const verify = service.unary.Verify as unknown as (request: { readonly token: string }) => Promise<object>;
	return { lines, verdicts, exceeded, service, verify: (token: string) => verify({ token }) };
}

describe('token-store', () => {
	it('lets each method be called by its callers only', () => {
		const apiServer = ['apiserver-sim'];
		const controllers = ['system:kube-controller-manager'];
		assert.deepEqual(serviceWith(undefined).service.callers, {
			Create: apiServer,
			List: apiServer,
			Update: apiServer,
			Delete: apiServer,
			Verify: apiServer,
			SignDetached: controllers,
			Watch: controllers,
		});
	});

	const right = `${id}.${kept}`;
	const deleted = { metadata: { name: `bootstrap-token-${id}`, deletionTimestamp: '2026-01-31T11:00:00Z' } };
	const refusals: readonly (readonly [code: ErrorCode, secret: Secret | undefined, token: string])[] = [
		['TOKEN_MALFORMED', secretOf({}), `${id}.${shown}!`],
		['TOKEN_UNKNOWN', undefined, `${id}.${shown}`],
		['TOKEN_DELETED', secretOf({}, deleted), right],
		['TOKEN_RECORD_INVALID', secretOf({ 'token-id': 'other1' }), right],
		['TOKEN_SECRET_WRONG', secretOf({}), `${id}.${shown}`],
		['TOKEN_EXPIRED', secretOf({ expiration: '2026-01-31T11:00:00Z' }), right],
		['TOKEN_USAGE_MISSING', secretOf({ 'usage-bootstrap-authentication': 'false' }), right],
		['TOKEN_GROUPS_INVALID', secretOf({ 'auth-extra-groups': 'system:masters' }), right],
	];
	for (const [code, secret, token] of refusals) {
		it(`${code}: the caller gets a bare no; the log has the code once and no secret`, async () => {
			const { lines, verdicts, verify } = serviceWith(secret);
			assert.deepEqual(await verify(token), { authenticated: false });
			assert.deepEqual(verdicts, [code]);
			assert.equal(lines.length, 1);
			assert.ok(lines[0]?.includes(code), lines[0]);
			for (const half of [kept, shown]) {
				assert.ok(!lines[0]?.includes(half), lines[0]);
				assert.ok(!lines[0]?.includes(Buffer.from(half).toString('base64')), lines[0]);
			}
		});
	}

	it('writes a bounded number of lines about refused tokens of one kind, and counts the others', async () => {
		const { value: most } = limits.logLinesPerSecond;
		const { lines, verdicts, exceeded, verify } = serviceWith(undefined);
		for (let guess = 0; guess < most + 2; guess++) await verify(`${id}.${shown}`);
		await verify('malformed');
		assert.equal(lines.length, most + 1);
		assert.ok(lines.at(-1)?.includes('TOKEN_MALFORMED'));
		assert.deepEqual(exceeded, Array(2).fill('logLinesPerSecond'));
		assert.equal(verdicts.length, most + 3);
	});

	it('logs nothing of a token that it accepts', async () => {
		const { lines, verdicts, verify } = serviceWith(secretOf({}));
		assert.deepEqual(await verify(right), {
			authenticated: true,
			username: `system:bootstrap:${id}`,
			groups: ['system:bootstrappers'],
		});
		assert.deepEqual([lines, verdicts], [[], ['accepted']]);
	});

	it('STORE_UNAVAILABLE: a store that fails is no refusal', async () => {
		const problem = new KubejoinError('STORE_UNAVAILABLE', { store: 'lmdb:x', problem: 'gone' });
		const { verdicts, verify } = serviceWith(undefined, problem);
		await assert.rejects(verify(right), (error) => hasCode(error, 'STORE_UNAVAILABLE'));
		assert.deepEqual(verdicts, []);
	});

	it('compares secrets by digests of one length, in constant time', async () => {
		const compared: number[][] = [];
		const { timingSafeEqual } = crypto;
		crypto.timingSafeEqual = (a, b) => {
			compared.push([a.byteLength, b.byteLength]);
			return timingSafeEqual(a, b);
		};
		syncBuiltinESMExports();
		try {
			await serviceWith(secretOf({})).verify(right);
			await serviceWith(secretOf({ 'token-secret': 'short' })).verify(right);
		} finally {
			crypto.timingSafeEqual = timingSafeEqual;
			syncBuiltinESMExports();
		}
		assert.deepEqual(compared, [
			[32, 32],
			[32, 32],
		]);
	});
});
