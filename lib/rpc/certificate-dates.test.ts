import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { KubejoinError } from '../errors.ts';
import { dateProblem, withDates } from './certificate-dates.ts';
import { createCa } from './fixtures.test.ts';

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

	it('are read on a connection that carries no byte and no certificate of the client', async () => {
		const ca = await createCa('ca');
		const identity = await ca.server('door', { hosts: ['localhost'], lifeMs: -60_000 });
		const seen: unknown[] = [];
		const asking = { requestCert: true, rejectUnauthorized: false };
		const server = createServer({ ...identity, ca: ca.pem, ...asking }, (socket) => {
			seen.push(...Object.keys(socket.getPeerCertificate()));
			socket.on('data', ({ length }) => seen.push(length)).on('error', () => undefined);
		}).listen(0, '127.0.0.1');
		await once(server, 'listening');
		const target = `localhost:${(server.address() as AddressInfo).port}`;
		const refused = (cause: string) => new KubejoinError('PEER_REFUSED', { target, problem: 'p', cause });
		assert.match(String(await withDates(refused('time-validity'))), /p: current time .* is after /);
		const untrusted = refused('unknown-authority');
		assert.equal(await withDates(untrusted), untrusted);
		server.close();
		await once(server, 'close');
		assert.deepEqual(seen, []);
	});
});
