import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { hasCode } from '../../lib/errors.ts';
import { clockVariables, shiftedClock } from './shifted-clock.ts';

describe('a shifted clock', () => {
	it('sets the offset of libfaketime, and leaves timers unshifted', () => {
		assert.deepEqual(clockVariables('/lib.so', '-240s'), {
			LD_PRELOAD: '/lib.so',
			FAKETIME: '-240s',
			DONT_FAKE_MONOTONIC: '1',
		});
	});

	it('uses the library of this machine, or names the package to install', () => {
		try {
			const { LD_PRELOAD = '', FAKETIME } = shiftedClock('+600s');
			assert.deepEqual([existsSync(LD_PRELOAD), FAKETIME], [true, '+600s']);
		} catch (error) {
			assert.ok(hasCode(error, 'FAULT_UNAVAILABLE'), String(error));
			assert.match(error.remedy, /apt-get install faketime/);
		}
	});

	it('is unavailable without the library', () => {
		assert.throws(
			() => shiftedClock('+600s', []),
			(error) => hasCode(error, 'FAULT_UNAVAILABLE') && error.message.includes('libfaketime'),
		);
	});
});
