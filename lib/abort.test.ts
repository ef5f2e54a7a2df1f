import assert from 'node:assert/strict';
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { withTimeout } from './abort.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

describe('a signal with a timeout', () => {
	it('aborts after the time, also when garbage was collected before', async () => {
		const signal = withTimeout(new AbortController().signal, 100);
		// What a weak reference has returned is kept until the end of a turn.
		for (let turn = 0; turn < 5; turn++) {
			await setImmediate();
			collectGarbage();
		}
		if (!signal.aborted) await once(signal, 'abort');
		assert.equal(signal.reason?.name, 'TimeoutError');
	});

	it('aborts with the other signal, and with its reason', () => {
		const other = new AbortController();
		const signal = withTimeout(other.signal, 60_000);
		assert.equal(signal.aborted, false);
		other.abort('stopped');
		assert.equal(signal.reason, 'stopped');
	});
});
