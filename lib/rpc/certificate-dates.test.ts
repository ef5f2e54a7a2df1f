import assert from 'node:assert/strict';
import { KubejoinError } from '../errors.ts';
import { dateProblem, withDates } from './certificate-dates.ts';

const dates = (from: string, to: string) => ({ valid_from: from, valid_to: to });
const now = Date.parse('2026-01-31T12:00:00Z');

describe('the dates of a certificate that was refused', () => {
	const good = dates('Jan  1 00:00:00 2026 GMT', 'Jan  1 00:00:00 2027 GMT');

	it('reports, as Go does, the dates of the first certificate that is not valid', () => {
		assert.equal(
			dateProblem([good, dates('Jan  1 00:00:00 2025 GMT', 'Jan 31 11:59:59 2026 GMT')], now),
			'current time 2026-01-31T12:00:00Z is after 2026-01-31T11:59:59Z',
		);
		assert.equal(
			dateProblem([dates('Jan 31 12:00:01 2026 GMT', 'Jan  1 00:00:00 2027 GMT')], now),
			'current time 2026-01-31T12:00:00Z is before 2026-01-31T12:00:01Z',
		);
		assert.equal(dateProblem([good], now), undefined);
	});

	it('are looked for only where they are the reason; who does not answer changes nothing', async () => {
		const refused = (cause: string, target: string) =>
			new KubejoinError('PEER_REFUSED', { target, problem: 'p', cause });
		for (const error of [
			refused('unknown-authority', '127.0.0.1:1'),
			refused('time-validity', '127.0.0.1:1'),
			refused('time-validity', 'no address'),
			new Error('other'),
		])
			assert.equal(await withDates(error), error);
	});
});
