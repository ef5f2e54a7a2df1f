/** Times in the usual form are read without groups; the general form decides about all others. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatTime, parseTime, TimeError } from './times.ts';

/** RFC 3339 has four digits for a year, and Go no year 0. */
const anySeconds = fc.integer({ min: -62_135_596_800, max: 253_402_300_799 });

describe('times of the API', () => {
	it('have the seconds of their date, and come back', () => {
		fc.assert(
			fc.property(anySeconds, fc.nat(999_999), (seconds, micros) => {
				const text = new Date(seconds * 1000).toISOString().slice(0, 19);
				assert.deepEqual(parseTime(`${text}Z`, 'time'), { seconds, nanos: 0 });
				assert.deepEqual(parseTime(`${text}+00:00`, 'time'), { seconds, nanos: 0 });
				const micro = `${text}.${String(micros).padStart(6, '0')}Z`;
				const time = { seconds, nanos: micros * 1000 };
				assert.deepEqual(parseTime(micro, 'microTime'), time);
				assert.equal(formatTime(time, 'microTime'), micro);
			}),
		);
	});

	it('exist on the days of the calendar only', () => {
		for (const year of [1900, 2000, 2023, 2024])
			for (let month = 1; month <= 12; month++)
				for (let day = 0; day <= 32; day++) {
					const text = `${year}-${String(month).padStart(2, '0')}-${String(day).padStart(2, '0')}T12:00:00`;
					const exists = day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
					for (const [form, written] of [['time', `${text}Z`] as const, ['microTime', `${text}.000000Z`] as const]) {
						if (exists) assert.equal(formatTime(parseTime(written, form), form), written);
						else assert.throws(() => parseTime(written, form), TimeError, written);
					}
				}
	});

	it('of the clock have hours, minutes and seconds, and microseconds exactly six digits', () => {
		for (const text of ['24:00:00', '12:60:00', '12:00:60', '1:00:00', '12:00', '12:00:00 '])
			assert.throws(() => parseTime(`2026-01-31T${text}Z`, 'time'), TimeError, text);
		for (const fraction of ['', '.', '.12345', '.1234567'])
			assert.throws(() => parseTime(`2026-01-31T12:00:00${fraction}Z`, 'microTime'), TimeError, fraction);
		assert.throws(() => parseTime('0000-01-01T00:00:00Z', 'time'), TimeError);
	});
});
