import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type AuthenticateToken, cacheSuccesses, type TokenVerdict, unionOfTokens } from './token-authenticator.ts';

const accepts = (username: string): TokenVerdict => ({ user: { username, groups: [] }, audiences: ['a'] });
const always =
	(verdict: TokenVerdict): AuthenticateToken =>
	async () =>
		verdict;

describe('a union of token authenticators', () => {
	it('accepts with the first that accepts', async () => {
		const union = unionOfTokens([
			always(undefined),
			always({ problem: 'p' }),
			always(accepts('u')),
			always(accepts('v')),
		]);
		assert.deepEqual(await union('t', ['a']), accepts('u'));
	});

	it('names every problem, each once', async () => {
		assert.equal(await unionOfTokens([always(undefined)])('t', []), undefined);
		assert.deepEqual(await unionOfTokens([always({ problem: 'p' })])('t', []), { problem: 'p' });
		const two = unionOfTokens([always({ problem: 'p' }), always({ problem: 'q' }), always({ problem: 'p' })]);
		assert.deepEqual(await two('t', []), { problem: '[p, q]' });
	});

	it('does not look at a token that is longer than its limit', async () => {
		const counted: string[] = [];
		const union = unionOfTokens([always(accepts('u'))], (name) => counted.push(name));
		for (const length of [16_385, 1_000_000]) assert.equal(await union('t'.repeat(length), ['a']), undefined);
		assert.deepEqual(counted, ['bearerTokenCharacters', 'bearerTokenCharacters']);
		assert.deepEqual(await union('t'.repeat(16_384), ['a']), accepts('u'));
	});

	it('remembers no problem: a token can become valid', async () => {
		const verdicts: TokenVerdict[] = [{ problem: 'p' }, undefined, accepts('u')];
		const cached = cacheSuccesses(
			async () => verdicts.shift(),
			() => 0,
		);
		const answers = [await cached('t', ['a']), await cached('t', ['a']), await cached('t', ['a'])];
		assert.deepEqual(answers, [{ problem: 'p' }, undefined, accepts('u')]);
		assert.deepEqual(await cached('t', ['a']), accepts('u'));
	});

	it('looks a token up once for calls at the same time, and again if that look-up fails', async () => {
		const answers: ((verdict: TokenVerdict | Error) => void)[] = [];
		const cached = cacheSuccesses(
			() =>
				new Promise((resolve, reject) => {
					answers.push((verdict) => (verdict instanceof Error ? reject(verdict) : resolve(verdict)));
				}),
			() => 0,
		);
		const turn = () => new Promise((resolve) => setImmediate(resolve));
		const ask = (token: string) => Promise.allSettled([cached(token, ['a']), cached(token, ['a'])]);
		const accepted = { status: 'fulfilled', value: accepts('u') };
		const good = ask('good');
		answers[0]?.(accepts('u'));
		assert.deepEqual(await good, [accepted, accepted]);
		assert.equal(answers.length, 1);
		const late = ask('late');
		answers[1]?.({ problem: 'p' });
		await turn();
		answers[2]?.(accepts('u'));
		assert.deepEqual(await late, [{ status: 'fulfilled', value: { problem: 'p' } }, accepted]);
		const broken = ask('broken');
		answers[3]?.(new Error('unavailable'));
		await turn();
		answers[4]?.(accepts('u'));
		assert.deepEqual(
			(await broken).map(({ status }) => status),
			['rejected', 'fulfilled'],
		);
	});

	it('remembers a success for its audiences only', async () => {
		const seen: string[] = [];
		const cached = cacheSuccesses(
			async (token, audiences) => {
				seen.push(`${token} for ${audiences.join('+')}`);
				return accepts('u');
			},
			() => 0,
		);
		for (const audiences of [['a', 'b'], ['a', 'b'], ['a b'], ['b', 'a'], []]) await cached('t', audiences);
		assert.deepEqual(seen, ['t for a+b', 't for a b', 't for b+a', 't for ']);
	});

	it('keeps no token and no audience in memory, which can have megabytes', async () => {
		const megabyte = 1024 * 1024;
		const cached = cacheSuccesses(always(accepts('u')), () => 0);
		setFlagsFromString('--expose_gc');
		const collect = runInNewContext('gc') as () => void;
		const heapBytes = () => {
			collect();
			return process.memoryUsage().heapUsed;
		};
		const before = heapBytes();
		for (let at = 0; at < 16; at++) await cached('t', [`${at}`.padEnd(megabyte, 'a')]);
		assert.ok(heapBytes() - before < 4 * megabyte);
		assert.deepEqual(await cached('t', ['0']), accepts('u'));
	});
});
