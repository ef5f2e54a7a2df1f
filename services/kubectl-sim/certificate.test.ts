import { deepEqual, equal, rejects } from 'node:assert/strict';
import { KubejoinError } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import type { CertificateSigningRequest } from '../../lib/kube/types.ts';
import { decide } from './certificate.ts';
import { clock, condition, csr, fakeOutput, fakeResource } from './fakes.test.ts';

function setup(requests: readonly CertificateSigningRequest[], conflicts = 0) {
	const { output, written } = fakeOutput();
	const writes: unknown[] = [];
	let left = conflicts;
	const fake = {
		...fakeResource(resources.certificateSigningRequests, requests),
		async updateApproval(object: CertificateSigningRequest) {
			writes.push(object.status?.conditions);
			if (left-- > 0)
				throw new KubejoinError('API_CONFLICT', {
					resource: 'certificatesigningrequests',
					group: 'certificates.k8s.io',
					name: 'a',
				});
			return object;
		},
	};
	const tools = { requests: fake as never, output, clock };
	return {
		written,
		writes,
		approve: (...names: string[]) => decide('approve', names, tools),
		deny: (...names: string[]) => decide('deny', names, tools),
	};
}

describe('kubectl certificate', () => {
	it('approves with the reason and text of upstream', async () => {
		const { approve, written, writes } = setup([csr('a')]);
		await approve('a');
		equal(written.out, 'certificatesigningrequest.certificates.k8s.io/a approved\n');
		const message = 'This CSR was approved by kubectl certificate approve.';
		deepEqual(writes, [
			[{ type: 'Approved', status: 'True', reason: 'KubectlApprove', message, lastUpdateTime: '2026-01-31T12:00:00Z' }],
		]);
	});

	it('denies with the reason and text of upstream, and keeps other conditions', async () => {
		const failed = condition('Failed');
		const { deny, written, writes } = setup([csr('a', { status: { conditions: [failed] } })]);
		await deny('a');
		equal(written.out, 'certificatesigningrequest.certificates.k8s.io/a denied\n');
		const message = 'This CSR was denied by kubectl certificate deny.';
		deepEqual(writes, [
			[
				failed,
				{ type: 'Denied', status: 'True', reason: 'KubectlDeny', message, lastUpdateTime: '2026-01-31T12:00:00Z' },
			],
		]);
	});

	it('takes a request by its type and name, and no object of another type', async () => {
		for (const word of ['csr/a', 'certificatesigningrequests/a', 'CertificateSigningRequest.certificates.k8s.io/a']) {
			const { approve, written } = setup([csr('a')]);
			await approve(word);
			equal(written.out, 'certificatesigningrequest.certificates.k8s.io/a approved\n', word);
		}
		for (const word of ['nodes/a', '/a', 'csr/', 'csr/a/b', 'csr.apps/a'])
			await rejects(setup([csr('a')]).approve(word), { message: `"${word}" is no certificate signing request` });
	});

	it('does not write an existing decision', async () => {
		const { approve, written, writes } = setup([csr('a', { status: { conditions: [condition('Approved')] } })]);
		await approve('a');
		equal(written.out, 'certificatesigningrequest.certificates.k8s.io/a approved\n');
		deepEqual(writes, []);
	});

	it('refuses a request with the opposite decision', async () => {
		const { approve } = setup([csr('a', { status: { conditions: [condition('Denied')] } })]);
		await rejects(approve('a'), {
			code: 'COMMAND_INVALID',
			message: 'certificate signing request "a" is already Denied',
		});
	});

	it('refuses a command without names', () =>
		rejects(setup([]).deny(), {
			code: 'COMMAND_INVALID',
			message: 'one or more CSRs must be specified as <name> or -f <filename>',
		}));

	it('retries ten times after conflicts', async () => {
		const ten = setup([csr('a')], 10);
		await ten.approve('a');
		equal(ten.writes.length, 11);
		await rejects(setup([csr('a')], 11).approve('a'), { code: 'API_CONFLICT' });
	});

	it('continues after a failure', async () => {
		const { approve, written } = setup([csr('b')]);
		await rejects(approve('x', 'b', 'y'), AggregateError);
		equal(written.out, 'certificatesigningrequest.certificates.k8s.io/b approved\n');
	});
});
