import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import type { NodeIdentity } from '../identity.ts';
import { refusalReporter, rotatedText } from './rotation-output.ts';

describe('the output of a rotation', () => {
	const now = Date.UTC(2026, 5, 1);

	it('has one line with the time in microseconds', () => {
		const identity = { nodeName: 'n', serial: 'ab12', notAfter: now + 12_000 } as NodeIdentity;
		assert.equal(
			rotatedText(identity, now + 0.25),
			'[kubelet] n rotated its client certificate at 2026-06-01T00:00:00.000250Z, serial ab12, valid until 2026-06-01T00:00:12Z',
		);
	});

	it('has each denial, and an unavailable server once until it was available', () => {
		const said: string[] = [];
		const { refused, rotated } = refusalReporter((line) => void said.push(line));
		const denied = new KubejoinError('CSR_DENIED', { name: 'c', reason: 'R', message: 'M' });
		const away = new KubejoinError('CONNECTION_REFUSED', { target: 'h:1', problem: 'gone' });
		for (const error of [denied, denied, away, away]) refused('n', error, 2_100);
		rotated();
		refused('n', away, 2_000);
		const deniedLine =
			'[kubelet] n could not renew its client certificate (CSR_DENIED): certificate signing request is denied, reason: R, message: M; it retries in 2.1 s';
		assert.deepEqual(said.slice(0, 2), [deniedLine, deniedLine]);
		assert.equal(said.length, 4);
	});
});
