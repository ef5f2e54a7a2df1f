import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { hasCode } from '../../lib/errors.ts';
import type { Secret } from '../../lib/kube/types.ts';
import { type FakeContext, fakeContext, printed } from './context.fixture.ts';
import { STARTED_AT } from './context.ts';
import {
	createToken,
	deleteToken,
	expireToken,
	flushTokens,
	joinConfigurationOf,
	knownTokens,
	removeLabTokens,
	restoreTokens,
	tokenOf,
	tokenState,
} from './tokens.ts';

const token = 'abcdef.0123456789abcdef';
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('tokens of the lab', () => {
	let context: FakeContext;
	beforeEach(() => {
		context = fakeContext();
		// As kubectl-sim: the token goes into the file that --to names, and into the cluster.
		context.answer = async (args) => {
			const to = args.at(-1) ?? '';
			await writeFile(
				to,
				stringify({
					apiVersion: 'v',
					kind: 'JoinConfiguration',
					discovery: { bootstrapToken: { apiServerEndpoint: 'h:1', token } },
				}),
				{
					mode: 0o600,
				},
			);
			context.secrets.push(secretOf('abcdef'));
			return printed('');
		};
	});
	afterEach(() => context.remove());
	const secretOf = (id: string, type = 'bootstrap.kubernetes.io/token'): Secret => ({
		...{ apiVersion: 'v1', kind: 'Secret', type },
		metadata: { name: `bootstrap-token-${id}`, namespace: 'kube-system', uid: 'u', resourceVersion: '7' },
		data: { 'token-id': base64(id), 'token-secret': base64('0123456789abcdef') },
	});
	const namesIn = () => context.secrets.map(({ metadata }) => metadata.name);

	it('creates a token in a file, never in a command line', async () => {
		assert.equal(
			await createToken(context, 't', { ttl: '1h', usages: 'signing', once: true, nodeName: 'n' }),
			'abcdef',
		);
		assert.deepEqual(context.ran, [
			[
				...['kubectl-sim', 'token', 'create', '--ttl', '1h', '--usages', 'signing', '--once', '--node-name', 'n'],
				...['--print-join-config', '--to', join(context.directory, 'tokens/t.yaml')],
			],
		]);
		assert.ok(!JSON.stringify(context.ran).includes('0123456789abcdef'));
		assert.deepEqual(await tokenOf(context, 't'), { id: 'abcdef', token });
		assert.deepEqual(await knownTokens(context), [token]);
	});

	it('records the start of the experiment once', async () => {
		await createToken(context, 't', { ttl: '1h' });
		const begun = await context.read<number>(STARTED_AT);
		assert.equal(typeof begun, 'number');
		await context.write(STARTED_AT, 7);
		await createToken(context, 'u', { ttl: '1h' });
		assert.equal(await context.read(STARTED_AT), 7);
	});

	it('reports SERVICE_FAILED with the reason when a token cannot be created', async () => {
		context.answer = () => printed('', 1, 'error: no\n');
		await assert.rejects(
			createToken(context, 't', { ttl: '1h' }),
			(error) => hasCode(error, 'SERVICE_FAILED') && error.message.endsWith('error: no'),
		);
	});

	it('reports LAB_NOT_FOUND for an unknown token', async () => {
		for (const ask of [joinConfigurationOf, deleteToken, tokenState, expireToken])
			await assert.rejects(ask(context, 'none'), (error) => hasCode(error, 'LAB_NOT_FOUND'));
		await createToken(context, 't', { ttl: '1h' });
		await assert.rejects(
			joinConfigurationOf(context, 'u'),
			(error) => hasCode(error, 'LAB_NOT_FOUND') && error.message.endsWith('known: t'),
		);
	});

	it('expires a token: replaces only the expiration of its Secret and waits', async () => {
		await createToken(context, 't', { ttl: '1h' });
		const clock = { ms: Date.UTC(2026, 5, 1) + 400 };
		const waits: number[] = [];
		const waiting = {
			now: () => clock.ms,
			wait: async (ms: number) => {
				waits.push(ms);
				clock.ms += ms;
			},
		};
		assert.equal(await expireToken(context, 't', waiting), '2026-06-01T00:00:02Z');
		assert.deepEqual(namesIn(), ['bootstrap-token-abcdef']);
		const { data } = context.secrets[0] ?? {};
		const { expiration, ...others } = data ?? {};
		assert.equal(Buffer.from(expiration ?? '', 'base64').toString(), '2026-06-01T00:00:02Z');
		assert.deepEqual(others, secretOf('abcdef').data);
		assert.ok(clock.ms > Date.UTC(2026, 5, 1) + 2_000, 'it returns after the token has expired');
		assert.equal(waits.length, 1);
	});

	it('prints whether the token is kept and signed', async () => {
		await createToken(context, 't', { ttl: '1h' });
		assert.equal(await tokenState(context, 't'), 'token abcdef: kept, not signed');
		context.clusterInfo['jws-kubeconfig-abcdef'] = 'x';
		await deleteToken(context, 't');
		assert.equal(await tokenState(context, 't'), 'token abcdef: gone, signed');
	});

	it('deletes a token that no longer exists without a failure', async () => {
		await createToken(context, 't', { ttl: '1h' });
		assert.deepEqual([await deleteToken(context, 't'), await deleteToken(context, 't')], ['abcdef', 'abcdef']);
	});

	it('flushes every token and nothing else, and restores all of them', async () => {
		context.secrets.push(secretOf('aaaaaa'), secretOf('bbbbbb'), secretOf('other', 'Opaque'));
		assert.equal(await flushTokens(context), 2);
		assert.deepEqual(namesIn(), ['bootstrap-token-other']);
		assert.equal(await restoreTokens(context), 2);
		assert.deepEqual(namesIn(), ['bootstrap-token-other', 'bootstrap-token-aaaaaa', 'bootstrap-token-bbbbbb']);
		assert.deepEqual(context.secrets[1]?.data, secretOf('aaaaaa').data);
		assert.deepEqual(context.secrets[1]?.metadata, { name: 'bootstrap-token-aaaaaa', namespace: 'kube-system' });
	});

	it('stores all tokens before it deletes the first', async () => {
		context.secrets.push(secretOf('aaaaaa'), secretOf('bbbbbb'));
		context.beforeChange = async () => {
			assert.equal((await context.read<Secret[]>('flushed.json'))?.length, 2);
			throw new TypeError('crash');
		};
		await assert.rejects(flushTokens(context), /crash/);
		context.beforeChange = () => undefined;
		assert.equal(await restoreTokens(context), 2);
		assert.deepEqual(namesIn(), ['bootstrap-token-aaaaaa', 'bootstrap-token-bbbbbb']);
	});

	it('loses no token in two flushes', async () => {
		context.secrets.push(secretOf('aaaaaa'));
		await flushTokens(context);
		context.secrets.push(secretOf('bbbbbb'));
		await flushTokens(context);
		await restoreTokens(context);
		assert.deepEqual(namesIn(), ['bootstrap-token-aaaaaa', 'bootstrap-token-bbbbbb']);
	});

	it('restores the rest after a crash, and nothing the second time', async () => {
		context.secrets.push(secretOf('aaaaaa'), secretOf('bbbbbb'));
		await flushTokens(context);
		context.beforeChange = (what) => {
			if (what.endsWith('bbbbbb')) throw new TypeError('crash');
		};
		await assert.rejects(restoreTokens(context), /crash/);
		context.beforeChange = () => undefined;
		assert.equal(await restoreTokens(context), 2);
		assert.deepEqual(namesIn(), ['bootstrap-token-aaaaaa', 'bootstrap-token-bbbbbb']);
		assert.equal(await restoreTokens(context), 0);
	});

	it('deletes only tokens of the lab, and still searches for them', async () => {
		context.secrets.push(secretOf('others'));
		await createToken(context, 't', { ttl: '1h' });
		assert.deepEqual(await removeLabTokens(context), ['abcdef']);
		assert.deepEqual(namesIn(), ['bootstrap-token-others']);
		assert.deepEqual([await removeLabTokens(context), await knownTokens(context)], [[], [token]]);
	});
});
