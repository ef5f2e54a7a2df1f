import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import { refusalOf } from '../fixtures.test.ts';
import { RequestLifetime } from '../request/lifetime.ts';
import { Deadlines } from './deadline.ts';

const untilAborted = (signal: AbortSignal) =>
	new Promise<string>((resolve) => signal.addEventListener('abort', () => resolve('aborted')));

describe('the deadline of a request', () => {
	it('is a timeout, and aborts the work', async () => {
		const caller = new RequestLifetime();
		const ended = untilAborted(caller.signal);
		const request = new Deadlines().within(caller, 1, ended);
		assert.equal(
			await refusalOf(request),
			'504 Timeout: Timeout: request did not complete within the allotted timeout',
		);
		assert.equal(await ended, 'aborted');
	});

	it('passes the result and the error of the work', async () => {
		const within = <T>(work: Promise<T>) => new Deadlines().within(new RequestLifetime(), 60_000, work);
		assert.equal(await within(Promise.resolve(1)), 1);
		assert.match(await refusalOf(within(Promise.reject(new KubejoinError('API_UNAUTHORIZED', {})))), /^401/);
	});
});
