import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import { refusalOf } from '../fixtures.test.ts';
import { withDeadline } from './deadline.ts';

const caller = () => new AbortController();
const untilAborted = (signal: AbortSignal) =>
	new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('aborted')));

describe('the deadline of a request', () => {
	it('is a timeout, and aborts the work', async () => {
		let ended: Promise<string> | undefined;
		const request = withDeadline(caller().signal, 1, (signal) => {
			ended = untilAborted(signal);
			return ended;
		});
		assert.equal(
			await refusalOf(request),
			'504 Timeout: Timeout: request did not complete within the allotted timeout',
		);
		assert.equal(await ended, 'aborted');
	});

	it('aborts the work when the caller has gone', async () => {
		const gone = caller();
		const request = withDeadline(gone.signal, 60_000, untilAborted);
		gone.abort();
		assert.equal(await request, 'aborted');
	});

	it('passes the result and the error of the work', async () => {
		assert.equal(await withDeadline(caller().signal, 60_000, async () => 1), 1);
		const refused = withDeadline(caller().signal, 60_000, () =>
			Promise.reject(new KubejoinError('API_UNAUTHORIZED', {})),
		);
		assert.match(await refusalOf(refused), /^401/);
	});
});
