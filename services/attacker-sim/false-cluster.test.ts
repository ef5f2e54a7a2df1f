import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import type { CertificateSigningRequest } from '../../lib/kube/types.ts';
import { parseCertificates, readSubject } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { makeOwnCa, signAnything } from './certificates.ts';
import { createFalseCluster } from './false-cluster.ts';

const clock = () => Date.UTC(2026, 5, 1);
const cluster = async () => {
	const ca = await makeOwnCa(clock);
	return createFalseCluster((csrPem, usages) => signAnything(ca, csrPem, usages, clock), clock);
};
const { nodes, certificateSigningRequests } = resources;

describe('the false cluster', () => {
	it('approves and signs every request at once, for any name', async () => {
		const subject = { organizations: ['system:masters'], commonName: 'anybody' };
		const request = Buffer.from(createCsr({ subject }, await generateKeyPair('ECDSA-P256'))).toString('base64');
		const spec = { request, signerName: 'x', usages: ['digital signature', 'client auth'] };
		const object: Omit<CertificateSigningRequest, 'apiVersion' | 'kind'> = { metadata: { generateName: 'csr-' }, spec };
		const { metadata, status } = (await cluster()).create(
			certificateSigningRequests,
			object,
		) as CertificateSigningRequest;
		assert.match(metadata.name ?? '', /^csr-\w+$/);
		assert.deepEqual(
			status?.conditions?.map(({ type }) => type),
			['Approved'],
		);
		const [leaf] = parseCertificates(Buffer.from(status?.certificate ?? '', 'base64').toString());
		assert.deepEqual(readSubject(leaf), subject);
	});

	it('refuses a malformed request with CSR_MALFORMED', async () => {
		const played = await cluster();
		const object = { metadata: { name: 'x' }, spec: { request: 'eA==', signerName: 'x', usages: [] } };
		assert.throws(
			() => played.create(certificateSigningRequests, object),
			(error) => hasCode(error, 'CSR_MALFORMED'),
		);
	});

	it('creates, returns, updates and deletes objects', async () => {
		const played = await cluster();
		const created = played.create(nodes, { metadata: { name: 'node-1' } });
		assert.ok(created.metadata.uid && created.metadata.resourceVersion, JSON.stringify(created));
		assert.throws(
			() => played.create(nodes, { metadata: { name: 'node-1' } }),
			(error) => hasCode(error, 'API_ALREADY_EXISTS'),
		);
		const updated = played.update(nodes, { metadata: { name: 'node-1', labels: { a: 'b' } } });
		assert.deepEqual([updated.metadata.uid, updated.metadata.labels], [created.metadata.uid, { a: 'b' }]);
		assert.notEqual(updated.metadata.resourceVersion, created.metadata.resourceVersion);
		assert.deepEqual(played.list(nodes), [updated]);
		played.remove(nodes, '', 'node-1');
		for (const attempt of [
			() => played.get(nodes, '', 'node-1'),
			() => played.update(nodes, { metadata: { name: 'node-1' } }),
			() => played.remove(nodes, '', 'node-1'),
		])
			assert.throws(attempt, (error) => hasCode(error, 'API_NOT_FOUND'));
	});
});
