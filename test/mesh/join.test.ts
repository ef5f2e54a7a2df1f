/** A join from its first byte to its first heartbeat, and the files and objects that it creates. */
import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { parseKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import { parseCertificates, readCertificate } from '../../lib/pki/certificate.ts';
import { verifyDetached } from '../../lib/pki/jws.ts';
import { verifyStrictly } from '../openssl.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';

for (const algorithm of ['RSA-2048', 'ECDSA-P256'])
	describe(`a join under an ${algorithm} CA`, () => {
		let mesh: TestMesh;
		let token: string;
		let root: string;
		before(async () => {
			mesh = await startTestMesh({ settings: { pki: { CA_KEY_ALGORITHM: algorithm } } });
			token = await mesh.createToken();
			await mesh.startNode('node-1', 0, mesh.joinConfig({ token, discovery: '20s' }));
			root = join(mesh.state, 'nodes', 'node-1');
		});
		after(() => mesh?.stopAndRemove());

		it('lists the node as Ready, with its lease in kube-node-lease', async () => {
			const node = await eventually(5, async () => {
				const found = await mesh.api.nodes.get('node-1');
				assert.equal(found.status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
				return found;
			});
			assert.equal(node.metadata.labels?.['kubernetes.io/hostname'], 'node-1');
			const { spec, metadata } = await eventually(5, () => mesh.api.leases.get('node-1', 'kube-node-lease'));
			assert.deepEqual([spec?.holderIdentity, spec?.leaseDurationSeconds], ['node-1', 40]);
			assert.deepEqual(metadata.ownerReferences, [
				{ apiVersion: 'v1', kind: 'Node', name: 'node-1', uid: node.metadata.uid },
			]);
		});

		it('has no renewal of a Lease that was deleted', async () => {
			const { leases } = mesh.api;
			const namespace = wellKnown.kubeNodeLease;
			const lease = await leases.create({ metadata: { name: 'gone', namespace }, spec: { holderIdentity: 'gone' } });
			const renewed = await leases.renew(lease);
			assert.equal(renewed.metadata.uid, lease.metadata.uid);
			await leases.delete('gone', { namespace });
			await assert.rejects(leases.renew(renewed), { code: 'API_CONFLICT', message: /UID in object meta: $/ });
			await assert.rejects(leases.get('gone', namespace), { code: 'API_NOT_FOUND' });
		});

		it('runs the phases in order', () => {
			const phases = mesh.lines
				.filter(({ name }) => name === 'node-1')
				.flatMap(({ line }) => /^\[([^\]]+)\] .* \(\d+ ms\)$/.exec(line)?.[1] ?? []);
			assert.deepEqual(phases, [
				'preflight',
				'discovery/fetch-cluster-info',
				'discovery/verify-signature',
				'discovery/pin-ca',
				'discovery/confirm',
				'tls-bootstrap/read-config',
				'tls-bootstrap/check-node-name',
				'tls-bootstrap/create-key',
				'tls-bootstrap/request-certificate',
				'tls-bootstrap/verify-certificate',
				'register',
			]);
		});

		it('writes the files of a real node, secrets with mode 0600, and deletes the bootstrap credentials', async () => {
			const pki = join(root, 'var/lib/kubelet/pki');
			const link = join(pki, 'kubelet-client-current.pem');
			assert.ok(lstatSync(link).isSymbolicLink());
			assert.match(readlinkSync(link), /^kubelet-client-\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d\.pem$/);
			const files = [readlinkSync(link), 'kubelet-client-current.pem', 'kubelet.crt', 'kubelet.key'].sort();
			await eventually(10, () => assert.deepEqual(readdirSync(pki).sort(), files));
			const kubeconfig = join(root, 'etc/kubernetes/kubelet.conf');
			for (const secret of [link, join(pki, 'kubelet.key'), kubeconfig])
				assert.equal(statSync(secret).mode & 0o777, 0o600, secret);
			assert.equal(existsSync(join(root, 'etc/kubernetes/bootstrap-kubelet.conf')), false);
			assert.equal(readFileSync(join(root, 'etc/kubernetes/pki/ca.crt'), 'utf8'), mesh.ca);
			const { users } = parseKubeconfig(readFileSync(kubeconfig, 'utf8'), kubeconfig);
			assert.deepEqual(users, [{ name: 'default-auth', user: { 'client-certificate': link, 'client-key': link } }]);
		});

		it('gets a certificate that openssl accepts by RFC 5280', () => {
			const pem = readFileSync(join(root, 'var/lib/kubelet/pki/kubelet-client-current.pem'), 'utf8');
			const [leaf] = parseCertificates(pem.slice(0, pem.indexOf('-----BEGIN EC')));
			verifyStrictly(mesh.ca, leaf.toString(), 'sslclient', Date.now());
			const { subject } = readCertificate(leaf);
			assert.deepEqual(subject, { organizations: ['system:nodes'], commonName: 'system:node:node-1' });
			const ledger = readFileSync(join(mesh.state, 'ca-service', 'ledger.jsonl'), 'utf8')
				.trim()
				.split('\n');
			assert.equal(ledger.length, 1);
			assert.ok(
				ledger[0]?.includes(leaf.serialNumber.toLowerCase()),
				'the ledger of ca-service knows the serial number',
			);
		});

		it('requests its certificate with the token; it is approved as nodeclient and signed once', async () => {
			const { items } = await mesh.api.certificateSigningRequests.list();
			assert.equal(items.length, 1);
			const [csr] = items;
			assert.equal(csr?.spec.username, `system:bootstrap:${token.slice(0, 6)}`);
			assert.ok(csr?.spec.groups?.includes('system:bootstrappers:kubeadm:default-node-token'));
			assert.deepEqual(
				csr?.status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message]),
				[['Approved', 'True', 'AutoApproved', 'Auto approving kubelet client certificate after SubjectAccessReview.']],
			);
		});

		it('is followed by an event about its approved request', async () => {
			const [csr] = (await mesh.api.certificateSigningRequests.list()).items;
			const event = await eventually(5, async () => {
				const { items } = await mesh.api.events.list({ namespace: 'default' });
				return items.find(({ reason }) => reason === 'CSRApproved') ?? assert.fail('there is no event');
			});
			const { name, uid } = csr?.metadata ?? {};
			assert.deepEqual(event.involvedObject, {
				kind: 'CertificateSigningRequest',
				apiVersion: 'certificates.k8s.io/v1',
				name,
				uid,
			});
			assert.deepEqual(
				[event.type, event.message, event.source],
				[
					'Normal',
					'Auto approving kubelet client certificate after SubjectAccessReview.',
					{ component: 'certificate-controller' },
				],
			);
		});

		it('receives a cluster-info that its token signed byte for byte', async () => {
			const { data = {} } = await mesh.api.configMaps.get('cluster-info', 'kube-public');
			const [id = '', secret = ''] = token.split('.');
			assert.ok(verifyDetached(data[`jws-kubeconfig-${id}`] ?? '', data.kubeconfig ?? '', id, secret));
		});

		it('writes no token secret and no key to its output or to a log', () => {
			const secret = token.split('.')[1] ?? '';
			assert.ok(mesh.lines.length > 20);
			for (const { name, line } of mesh.lines) {
				assert.ok(!line.includes(secret), `${name} printed the token`);
				assert.ok(!line.includes('PRIVATE KEY'), `${name} printed a key`);
			}
		});

		it('reads the same cluster-info over gRPC as anonymous clients over HTTPS', async () => {
			const { data } = await mesh.api.configMaps.get('cluster-info', 'kube-public');
			const { status, json } = await anonymousGet(mesh, '/api/v1/namespaces/kube-public/configmaps/cluster-info');
			assert.equal(status, 200);
			assert.deepEqual((json as { kind: string; data: object }).data, data);
			assert.equal((json as { kind: string }).kind, 'ConfigMap');
		});

		it('happens where anonymous clients can read nothing else, with upstream’s text', async () => {
			const { status, json } = await anonymousGet(mesh, '/api/v1/namespaces/kube-system/configmaps/kubeadm-config');
			assert.equal(status, 403);
			assert.deepEqual(json, {
				kind: 'Status',
				apiVersion: 'v1',
				metadata: {},
				status: 'Failure',
				message:
					'configmaps "kubeadm-config" is forbidden: User "system:anonymous" cannot get resource "configmaps" in API group "" in the namespace "kube-system"',
				reason: 'Forbidden',
				details: { name: 'kubeadm-config', kind: 'configmaps' },
				code: 403,
			});
			const version = await anonymousGet(mesh, '/version');
			assert.equal((version.json as { minor: string }).minor, '37');
			assert.equal((await anonymousGet(mesh, '/nothing')).status, 403);
		});
	});

async function anonymousGet(mesh: TestMesh, path: string): Promise<{ status: number; json: unknown }> {
	return new Promise((resolve, reject) => {
		get(`https://${mesh.endpoint}${path}`, { ca: mesh.ca, agent: false }, async (response) => {
			const chunks: Buffer[] = [];
			for await (const chunk of response) chunks.push(chunk as Buffer);
			resolve({ status: response.statusCode ?? 0, json: JSON.parse(Buffer.concat(chunks).toString()) });
		}).once('error', reject);
	});
}
