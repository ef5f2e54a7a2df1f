import assert from 'node:assert/strict';
import { hasCode } from '../../lib/errors.ts';
import { resources } from '../../lib/kube/resources.ts';
import type { CertificateSigningRequest } from '../../lib/kube/types.ts';
import { parseCertificates, readSubject } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { makeOwnCa, signAnything } from './certificates.ts';
import { FalseCluster } from './false-cluster.ts';

const clock = () => Date.UTC(2026, 5, 1);
const cluster = async () => {
	const ca = await makeOwnCa(clock);
	return new FalseCluster((csrPem, usages) => signAnything(ca, csrPem, usages, clock), clock);
};
const { nodes, leases, certificateSigningRequests } = resources;

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

	it('keeps objects of different resources and namespaces apart', async () => {
		const played = await cluster();
		played.create(nodes, { metadata: { name: 'a' } });
		for (const namespace of ['x', 'y']) played.create(leases, { metadata: { name: 'a', namespace } });
		assert.deepEqual([played.list(nodes).length, played.list(leases).length], [1, 2]);
		played.remove(leases, 'x', 'a');
		assert.equal(played.get(leases, 'y', 'a').metadata.namespace, 'y');
		assert.throws(
			() => played.get(leases, 'x', 'a'),
			(error) => hasCode(error, 'API_NOT_FOUND'),
		);
	});

	it('gives an object the type of its resource, the time and the next version', async () => {
		const played = await cluster();
		assert.equal(played.resourceVersion(), '0');
		const { apiVersion, kind, metadata } = played.create(leases, { metadata: { name: 'a', namespace: 'x' } });
		assert.deepEqual([apiVersion, kind], ['coordination.k8s.io/v1', 'Lease']);
		assert.deepEqual([metadata.creationTimestamp, metadata.resourceVersion], ['2026-06-01T00:00:00Z', '1']);
		played.update(leases, { metadata: { name: 'a', namespace: 'x' } });
		assert.equal(played.resourceVersion(), '2');
	});

	it('keeps uid and time of creation over an update that sends others', async () => {
		const played = await cluster();
		const { uid, creationTimestamp } = played.create(nodes, { metadata: { name: 'a' } }).metadata;
		const sent = { name: 'a', uid: 'forged', creationTimestamp: '2000-01-01T00:00:00Z', resourceVersion: '9' };
		const { metadata } = played.update(nodes, { metadata: sent });
		const kept = { name: 'a', uid, creationTimestamp, resourceVersion: '2' };
		assert.deepEqual(metadata, kept);
	});

	it('makes a new name from each generateName', async () => {
		const played = await cluster();
		const create = () => played.create(nodes, { metadata: { generateName: 'n-' } }).metadata.name ?? '';
		const [one, other] = [create(), create()];
		for (const name of [one, other]) assert.match(name, /^n-[0-9a-f]{5}$/);
		assert.notEqual(one, other);
	});
});
