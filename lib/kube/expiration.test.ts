import assert from 'node:assert/strict';
import fc from 'fast-check';
import { rfc3339 } from '../clock.ts';
import { millisecondsLeft } from './expiration.ts';

const now = Date.parse('2026-01-31T12:00:00Z');

describe('expiration of a bootstrap token', () => {
	it('is the time that is left, in any zone', () => {
		assert.equal(millisecondsLeft('2026-01-31T12:00:01Z', now), 1000);
		assert.equal(millisecondsLeft('2026-01-31T13:00:01+01:00', now), 1000);
		assert.equal(millisecondsLeft('2026-01-31T12:00:00.25Z', now), 250);
		assert.equal(millisecondsLeft('2026-01-31T12:00:00Z', now), 0);
		assert.equal(millisecondsLeft('2026-01-31T11:00:00Z', now), -3_600_000);
	});

	it('empty is never', () => {
		assert.equal(millisecondsLeft('', now), Number.POSITIVE_INFINITY);
	});

	it('what cannot be read has expired', () => {
		const unreadable = [
			'tomorrow',
			'2099',
			'2099-01-01',
			'2099-01-01T00:00:00',
			'2099-01-01 00:00:00Z',
			'2099-02-30T00:00:00Z',
			'2099-13-01T00:00:00Z',
		];
		const almost = [
			'2099-01-01T24:00:00Z',
			'2099-01-01T00:00:60Z',
			'2099-01-01T00:00:00z',
			'2099-01-01T00:00:00+99:00',
			' 2099-01-01T00:00:00Z',
			'0',
			'-1',
		];
		for (const text of [...unreadable, ...almost]) assert.ok(millisecondsLeft(text, now) <= 0, text);
	});

	it('every text is one of these', () => {
		fc.assert(
			fc.property(fc.string({ minLength: 1 }), (text) => {
				assert.equal(millisecondsLeft(text, now), 0);
			}),
		);
		fc.assert(
			fc.property(fc.integer({ min: 0, max: 253_402_300_799 }), (seconds) => {
				assert.equal(millisecondsLeft(rfc3339(seconds * 1000), now), seconds * 1000 - now);
			}),
		);
	});
});
