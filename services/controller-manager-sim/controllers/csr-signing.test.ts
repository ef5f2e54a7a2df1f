import assert from 'node:assert/strict';
import { KubejoinError } from '../../../lib/errors.ts';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import type { SignRequest } from '../clients.ts';
import { clientKubelet, condition, csr, fakeDecisionRecorder, fakeLog, fakeRegistry } from '../fakes.test.ts';
import { createSigning, isToBeSigned } from './csr-signing.ts';

const approved = (changes: Parameters<typeof csr>[0] = {}) => csr({ conditions: [condition('Approved')], ...changes });

describe('which requests are signed', () => {
	it('approved ones of the three signers', () => {
		for (const signerName of [clientKubelet, 'kubernetes.io/kubelet-serving', 'kubernetes.io/kube-apiserver-client'])
			assert.ok(isToBeSigned(approved({ signerName })));
	});
	it('none that is not approved, was denied, has failed, has a certificate, or is for another signer', () => {
		assert.ok(!isToBeSigned(csr()));
		for (const type of ['Denied', 'Failed'])
			assert.ok(!isToBeSigned(csr({ conditions: [condition('Approved'), condition(type)] })));
		assert.ok(!isToBeSigned(approved({ certificate: 'x' })));
		for (const signerName of ['kubernetes.io/legacy-unknown', 'example.com/x'])
			assert.ok(!isToBeSigned(approved({ signerName })));
	});
});

describe('csr-signing', () => {
	function signing(request: CertificateSigningRequest, refusal?: Error) {
		const registry = fakeRegistry(request);
		const requests: SignRequest[] = [];
		const ca = {
			sign: async (asked: SignRequest) => {
				requests.push(asked);
				if (refusal !== undefined) throw refusal;
				return 'Y2VydA==';
			},
		};
		const { log, messages } = fakeLog();
		const { recordDecision, events } = fakeDecisionRecorder();
		const sign = createSigning({ csrs: registry, ca, find: () => request, recordDecision, log });
		return { sign, registry, requests, messages, events };
	}

	it('writes the certificate into the status; the UID goes to ca-service', async () => {
		const { sign, registry, requests, messages, events } = signing(approved({ expirationSeconds: 600 }));
		await sign('csr-1');
		assert.equal(registry.present()?.status?.certificate, 'Y2VydA==');
		assert.deepEqual(registry.present()?.status?.conditions, [condition('Approved')]);
		const { request, signerName, usages } = approved().spec;
		assert.deepEqual(requests, [{ csr: request, signerName, usages, requestId: 'uid-1', expirationSeconds: 600 }]);
		assert.deepEqual(messages, ['signed csr-1']);
		assert.deepEqual(events, []);
	});

	it('API_CONFLICT: a request that has its certificate already gets no second one', async () => {
		const { sign, registry, requests } = signing(approved());
		await registry.updateStatus(approved({ certificate: 'Zmlyc3Q=' }));
		await sign('csr-1');
		assert.equal(registry.present()?.status?.certificate, 'Zmlyc3Q=');
		assert.equal(requests.length, 1);
	});

	it('SIGNER_VALIDATION_FAILURE, CSR_MALFORMED, CSR_SIGNATURE_INVALID: marks the request as failed', async () => {
		const refusals = [
			new KubejoinError('SIGNER_VALIDATION_FAILURE', {
				signerName: clientKubelet,
				violation: 'DNS subjectAltNames are not allowed',
			}),
			new KubejoinError('CSR_MALFORMED', { problem: 'x' }),
			new KubejoinError('CSR_SIGNATURE_INVALID', {}),
		];
		for (const refusal of refusals) {
			const { sign, registry, events } = signing(approved(), refusal);
			await sign('csr-1');
			const failed = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message: refusal.message };
			assert.deepEqual(registry.present()?.status, { conditions: [condition('Approved'), failed] });
			assert.deepEqual(events, [`Warning csr-1 uid-1 CSRFailed: ${refusal.message}`]);
		}
	});

	it('everything else is tried again', async () => {
		for (const refusal of [
			new KubejoinError('SIGNER_EXPIRED', { notAfter: 'x' }),
			new KubejoinError('CONNECTION_REFUSED', { target: 'x', problem: 'x' }),
		]) {
			const { sign, registry } = signing(approved(), refusal);
			await assert.rejects(sign('csr-1'), { code: refusal.code });
			assert.deepEqual(registry.writes, []);
		}
	});

	it('a request that was deleted meanwhile needs nothing', async () => {
		const { sign, registry } = signing(approved());
		registry.remove();
		await sign('csr-1');
	});
});
