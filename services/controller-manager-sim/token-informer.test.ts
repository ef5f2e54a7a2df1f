import assert from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import type { TokenEvent } from './clients.ts';
import { fakeLog } from './fakes.test.ts';
import { startTokenInformer } from './token-informer.ts';

const event = (type: TokenEvent['type'], id = '', expiration = ''): TokenEvent => ({
	type,
	name: id && `bootstrap-token-${id}`,
	uid: id && `uid-${id}`,
	expiration,
});
const lost = () =>
	new KubejoinError('CONNECTION_REFUSED', { target: 'token-store:6445', problem: 'connect ECONNREFUSED' });

/**
 * A token-store whose watch returns these events on each call and then fails; after the last call it is quiet until the
 * signal aborts.
 */
function fakeTokenStore(...watches: (TokenEvent | Error)[][]) {
	const stop = new AbortController();
	return {
		stop,
		async *watch() {
			const told = watches.shift();
			if (told === undefined) {
				stop.abort();
				return;
			}
			for (const one of told) {
				if (one instanceof Error) throw one;
				yield one;
			}
		},
	};
}

describe('the cache of bootstrap tokens', () => {
	async function follow(...watches: (TokenEvent | Error)[][]) {
		const client = fakeTokenStore(...watches);
		const changed: string[] = [];
		const pauses: number[] = [];
		const { log, messages } = fakeLog();
		const pause = async (ms: number) => {
			pauses.push(ms);
		};
		const informer = startTokenInformer({
			client,
			onChange: (name) => changed.push(name.slice(-6)),
			signal: client.stop.signal,
			log,
			pause,
		});
		assert.equal(informer.isSynced(), false);
		await informer.done;
		return { informer, changed, pauses, messages };
	}

	it('has the tokens from token-store, and is synced after SYNCED', async () => {
		const { informer, changed } = await follow([
			event('ADDED', 'aaaaaa'),
			event('SYNCED'),
			event('MODIFIED', 'aaaaaa', 'x'),
			event('ADDED', 'bbbbbb'),
			event('DELETED', 'bbbbbb'),
		]);
		assert.deepEqual(informer.get('bootstrap-token-aaaaaa'), {
			name: 'bootstrap-token-aaaaaa',
			uid: 'uid-aaaaaa',
			expiration: 'x',
		});
		assert.equal(informer.get('bootstrap-token-bbbbbb'), undefined);
		assert.ok(informer.isSynced());
		assert.deepEqual(changed, ['aaaaaa', 'aaaaaa', 'bbbbbb', 'bbbbbb']);
	});

	it('is not synced by a watch that was lost before SYNCED', async () => {
		const { informer } = await follow([event('ADDED', 'aaaaaa'), lost()]);
		assert.equal(informer.isSynced(), false);
	});

	it('removes tokens that were deleted during a reconnection', async () => {
		const { informer, changed } = await follow(
			[event('ADDED', 'aaaaaa'), event('ADDED', 'bbbbbb'), event('SYNCED'), lost()],
			[event('ADDED', 'bbbbbb'), event('SYNCED')],
		);
		assert.equal(informer.get('bootstrap-token-aaaaaa'), undefined);
		assert.ok(informer.get('bootstrap-token-bbbbbb'));
		assert.deepEqual(changed, ['aaaaaa', 'bbbbbb', 'bbbbbb', 'aaaaaa']);
	});

	it('reconnects for ever with growing pauses, short again once it was synced, and says so', async () => {
		const failures = Array.from({ length: 7 }, () => [lost()]);
		const { pauses, messages } = await follow(...failures, [event('SYNCED')], [lost()]);
		assert.deepEqual(pauses, [200, 400, 800, 1600, 3200, 5000, 5000, 200, 400]);
		assert.equal(messages.length, pauses.length);
	});
});
