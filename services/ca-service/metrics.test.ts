import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Registry } from 'prom-client';
import { KubejoinError } from '../../lib/errors.ts';
import type { Ending } from '../../lib/rpc/server.ts';
import { type CaMetrics, caMetrics } from './metrics.ts';

describe('the metrics of the CA', () => {
	let registry: Registry;
	let metrics: CaMetrics;
	const signer = 'kubernetes.io/kube-apiserver-client-kubelet';
	const asked = (request: object, ending: Ending, method = 'Sign') =>
		metrics.observe({ service: 'kubejoin.v1.CertificateAuthority', method, type: 'unary' })(request)(ending);
	const signings = async () =>
		[...(await registry.metrics()).matchAll(/^kubejoin_ca_signings_total\{(.*)$/gm)].map(([, rest]) => rest);

	beforeEach(() => {
		registry = new Registry();
		metrics = caMetrics(registry, { notAfter: 1_767_225_600_000 });
	});

	it('says when the CA ends', async () => {
		assert.match(await registry.metrics(), /^kubejoin_ca_certificate_expiration_timestamp_seconds 1767225600$/m);
	});

	it('counts signatures and refusals, and a repeated certificate not again', async () => {
		metrics.signed(signer);
		asked({ signerName: signer }, 'answered');
		asked({ signerName: signer }, 'answered');
		asked(
			{ signerName: signer },
			new KubejoinError('SIGNER_VALIDATION_FAILURE', { signerName: signer, violation: 'canary' }),
		);
		asked(
			{ signerName: signer },
			new KubejoinError('CALLER_DENIED', { caller: 'canary', method: '', allowed: [] }),
			'Ledger',
		);
		assert.deepEqual(await signings(), [
			`signer="${signer}",outcome="done",code="OK"} 1`,
			`signer="${signer}",outcome="failed",code="SIGNER_VALIDATION_FAILURE"} 1`,
		]);
	});

	it('labels an unknown signer as `other`', async () => {
		fc.assert(
			fc.property(fc.anything(), (signerName) => {
				asked({ signerName }, new KubejoinError('SIGNER_UNKNOWN', { signerName: 'canary' }));
			}),
			{ numRuns: 50 },
		);
		assert.deepEqual(await signings(), ['signer="other",outcome="failed",code="SIGNER_UNKNOWN"} 50']);
	});
});
