import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { KubejoinError } from '../../lib/errors.ts';
import { createLog } from '../../lib/log.ts';
import type { Call } from '../../lib/rpc/server.ts';
import type { Store } from '../../lib/store/store.ts';
import { verificationMetrics } from './metrics.ts';
import { tokenStoreService } from './server.ts';

describe('verifications of tokens', () => {
	const id = 'abcdef';
	const half = '0123456789abcdef';
	const base64 = (text: string) => Buffer.from(text).toString('base64');
	const secret = {
		metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system' },
		type: 'bootstrap.kubernetes.io/token',
		data: { 'token-id': base64(id), 'token-secret': base64(half), 'usage-bootstrap-authentication': base64('true') },
	};
	let registry: Registry;
	let isLost: boolean;
	let verify: (token: string) => Promise<object>;
	const verdicts = async () =>
		[...(await registry.metrics()).matchAll(/^kubejoin_token_verifications_total\{verdict="(\w+)"\} (\d+)$/gm)].map(
			([, verdict, count]) => `${verdict} ${count}`,
		);

	beforeEach(() => {
		registry = new Registry();
		isLost = false;
		const store = {
			async get(key: string) {
				if (isLost) throw new KubejoinError('STORE_UNAVAILABLE', { store: 'redis', problem: 'gone' });
				return key === secret.metadata.name ? { key, value: secret, revision: 1 } : undefined;
			},
		};
		const log = createLog({ service: 'test', level: 'error', format: 'json', write: () => undefined });
		const service = tokenStoreService(
			store as unknown as Store,
			() => 0,
			log,
			new AbortController().signal,
			verificationMetrics(registry),
		);
		const handler = service.unary.Verify as (request: object, call: Call) => Promise<object>;
		verify = (token) => handler({ token }, {} as Call);
	});

	it('are counted by the true reason, of which the caller learns nothing', async () => {
		assert.deepEqual(await verdicts(), ['accepted 0']);
		await verify(`${id}.${half}`);
		for (const token of [`${id}.${half.replace('0', '1')}`, `bcdefg.${half}`, 'no token'])
			assert.deepEqual(await verify(token), { authenticated: false });
		assert.deepEqual(await verdicts(), ['accepted 1', 'TOKEN_SECRET_WRONG 1', 'TOKEN_UNKNOWN 1', 'TOKEN_MALFORMED 1']);
	});

	it('a store that cannot be asked gives no verdict', async () => {
		isLost = true;
		await assert.rejects(verify(`${id}.${half}`));
		assert.deepEqual(await verdicts(), ['accepted 0']);
	});

	it('contain no part of any presented token', async () => {
		const characters = fc.constantFrom(...'ghjkmnpqrsvwxyz23456789');
		const part = (length: number) => fc.string({ unit: characters, minLength: length, maxLength: length });
		await fc.assert(
			fc.asyncProperty(
				fc.oneof(part(6), fc.constant(id)),
				fc.oneof(part(16), fc.constant(half)),
				async (shownId, shownHalf) => {
					await verify(`${shownId}.${shownHalf}`);
					const text = await registry.metrics();
					assert.ok(!text.includes(shownId) && !text.includes(shownHalf), text);
				},
			),
			{ numRuns: 200 },
		);
		const kinds = (await verdicts()).map((verdict) => verdict.split(' ')[0]);
		assert.deepEqual(new Set(kinds), new Set(['accepted', 'TOKEN_SECRET_WRONG', 'TOKEN_UNKNOWN']));
	});
});
