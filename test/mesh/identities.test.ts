/** Authentication and authorization over the wire: invalid certificates, forbidden calls, forbidden signatures. */
import assert from 'node:assert/strict';
import { request } from 'node:https';
import { connect } from 'node:tls';
import { buildCaCertificate, buildCertificate, createIssuer, parseCertificates } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, readPrivateKey, spkiOf, writePrivateKey } from '../../lib/pki/keys.ts';
import { call } from '../../lib/rpc/channel.ts';
import { issueElsewhere } from './false-server.ts';
import { credentialsOf, eventually, refusedWith, startTestMesh, type TestMesh } from './mesh.ts';

/** A GET through the door for HTTP/1.1. */
function getJson(
	url: string,
	tls: { readonly ca: string; readonly cert: string; readonly key: string },
): Promise<{ readonly status: number | undefined; readonly body: unknown }> {
	return new Promise((resolve, reject) => {
		const sent = request(url, { ...tls, agent: false }, async (response) => {
			let text = '';
			for await (const chunk of response) text += chunk;
			resolve({ status: response.statusCode, body: JSON.parse(text) });
		});
		sent.once('error', reject).end();
	});
}

describe('identities', () => {
	let mesh: TestMesh;
	before(async () => {
		mesh = await startTestMesh();
	});
	after(() => mesh?.stopAndRemove());

	const clusterClient = (file: string) => mesh.client({ ca: mesh.ca, ...credentialsOf(mesh.pki(file)) });

	describe('at the API server', () => {
		it('authenticates a client without a credential as anonymous, which can read only cluster-info', async () => {
			const anonymous = mesh.client({ ca: mesh.ca });
			assert.ok((await anonymous.configMaps.get('cluster-info', 'kube-public')).data?.kubeconfig);
			await refusedWith('API_FORBIDDEN', anonymous.nodes.list());
			await refusedWith('API_FORBIDDEN', anonymous.selfSubjectReviews.create({ metadata: {} }));
		});
		it('answers 401 to a foreign certificate for system:masters', async () => {
			const foreign = await issueElsewhere('admin', ['system:masters'], 'client auth');
			await refusedWith(
				'API_UNAUTHORIZED',
				mesh.client({ ca: mesh.ca, cert: foreign.cert, key: foreign.key }).nodes.list(),
			);
		});
		it('answers 401 to a self-signed certificate, also where anonymous has access', async () => {
			const self = await selfSigned();
			await refusedWith(
				'API_UNAUTHORIZED',
				mesh.client({ ca: mesh.ca, ...self }).configMaps.get('cluster-info', 'kube-public'),
			);
		});
		it('answers 401 to an expired certificate of the cluster CA', async () => {
			const issuer = createIssuer(parseCertificates(mesh.ca)[0], readPrivateKey(mesh.pki('ca-service/ca.key')));
			const pair = await generateKeyPair('ECDSA-P256');
			const subject = { commonName: 'kubernetes-admin', organizations: ['kubeadm:cluster-admins'] };
			const lifetime = { notBefore: Date.now() - 120_000, notAfter: Date.now() - 60_000 };
			const cert = buildCertificate(
				{ subject, spki: spkiOf(pair.publicKey), ...lifetime, usages: ['digital signature', 'client auth'] },
				issuer,
			);
			const key = writePrivateKey(pair.privateKey);
			await refusedWith('API_UNAUTHORIZED', mesh.client({ ca: mesh.ca, cert, key }).nodes.list());
			const { status, body } = await getJson(`https://${mesh.endpoint}/api/v1/nodes`, { ca: mesh.ca, cert, key });
			assert.equal(status, 401);
			assert.deepEqual(body, {
				...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' },
				...{ message: 'Unauthorized', reason: 'Unauthorized', code: 401 },
			});
			const time = String.raw`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z`;
			const why = new RegExp(
				`x509: certificate has expired or is not yet valid: current time ${time} is after ${time}`,
			);
			await eventually(5, () => {
				const logged = mesh.lines.filter(({ name, line }) => name === 'apiserver-sim' && why.test(line));
				assert.ok(logged.length > 0, 'the log does not say why');
			});
		});
		it('answers 401 to a certificate of the mesh CA', async () => {
			const tls = {
				ca: mesh.ca,
				cert: mesh.pki('controller-manager-sim/mesh-client.crt'),
				key: mesh.pki('controller-manager-sim/mesh-client.key'),
			};
			await refusedWith('API_UNAUTHORIZED', mesh.client(tls).nodes.list());
		});
		it('gives the kubeconfigs of the PKI upstream’s users and permissions', async () => {
			const whoami = async (file: string) =>
				(await clusterClient(file).selfSubjectReviews.create({ metadata: {} })).status?.userInfo;
			assert.deepEqual(
				[(await whoami('admin/super-admin.conf'))?.username, (await whoami('admin/super-admin.conf'))?.groups],
				['kubernetes-super-admin', ['system:masters', 'system:authenticated']],
			);
			assert.equal((await whoami('admin/scheduler.conf'))?.username, 'system:kube-scheduler');
			await refusedWith(
				'API_FORBIDDEN',
				clusterClient('admin/kube-proxy.conf').secrets.list({ namespace: 'kube-system' }),
			);
			await refusedWith('API_FORBIDDEN', clusterClient('admin/scheduler.conf').certificateSigningRequests.list());
		});
		it('fails the name check of a client that expects another name', async () => {
			const misnamed = mesh.client({ ca: mesh.ca, serverName: 'elsewhere.example' });
			await refusedWith('PEER_REFUSED', misnamed.configMaps.get('cluster-info', 'kube-public'));
		});
		it('resumes no TLS session', async () => {
			const [host, port] = mesh.endpoint.split(':');
			const once = (session?: Buffer) =>
				new Promise<{ session: Buffer | undefined; isReused: boolean }>((resolve, reject) => {
					const socket = connect(
						{
							host: host ?? '',
							port: Number(port),
							ca: mesh.ca,
							ALPNProtocols: ['h2'],
							maxVersion: 'TLSv1.2',
							...(session === undefined ? {} : { session }),
						},
						() => {
							resolve({ session: socket.getSession(), isReused: socket.isSessionReused() });
							socket.destroy();
						},
					);
					socket.once('error', reject);
				});
			const { session } = await once();
			assert.equal((await once(session)).isReused, false);
		});
	});

	describe('between services', () => {
		const caService = () => `127.0.0.1:${mesh.port + 1}`;
		const tokenStore = () => `127.0.0.1:${mesh.port + 2}`;
		const as = (path: string) => ({
			ca: mesh.pki('apiserver-sim/mesh-ca.crt'),
			cert: mesh.pki(`${path}.crt`),
			key: mesh.pki(`${path}.key`),
		});

		it('ca-service refuses to sign for apiserver-sim', async () => {
			const channel = mesh.channel(caService(), as('apiserver-sim/token-store-client'));
			await refusedWith('CALLER_DENIED', call(channel, 'CertificateAuthority', 'Sign', {}));
			assert.ok(
				(await call<object, { certificates?: string }>(channel, 'CertificateAuthority', 'TrustBundle', {})) !==
					undefined,
			);
		});
		it('token-store refuses to verify or create tokens for the controllers', async () => {
			const channel = mesh.channel(tokenStore(), as('controller-manager-sim/mesh-client'));
			await refusedWith('CALLER_DENIED', call(channel, 'TokenStore', 'Verify', { token: 'aaaaaa.0123456789abcdef' }));
			await refusedWith('CALLER_DENIED', call(channel, 'TokenStore', 'Create', {}));
		});
		it('a certificate of the cluster admin is refused: it is from another CA', async () => {
			const tls = { ca: mesh.pki('apiserver-sim/mesh-ca.crt'), ...credentialsOf(mesh.pki('admin/super-admin.conf')) };
			await refusedWith(
				'CLIENT_CERTIFICATE_REFUSED',
				call(mesh.channel(caService(), tls), 'CertificateAuthority', 'Ledger', {}, { deadlineMs: 3_000 }),
			);
		});
		it('a client without a certificate is refused', async () => {
			const channel = mesh.channel(tokenStore(), { ca: mesh.pki('apiserver-sim/mesh-ca.crt') });
			await refusedWith('CLIENT_CERTIFICATE_REFUSED', call(channel, 'TokenStore', 'List', {}, { deadlineMs: 3_000 }));
		});
	});

	describe('a CertificateSigningRequest', () => {
		const request = async (subject: { commonName: string; organizations: string[] }) =>
			Buffer.from(createCsr({ subject }, await generateKeyPair('ECDSA-P256'))).toString('base64');
		const usages = ['digital signature', 'client auth'];

		it('with a subject that its signer does not allow fails with upstream’s reason and text, also when approved', async () => {
			const spec = {
				request: await request({ commonName: 'eve', organizations: ['system:nodes'] }),
				signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
				usages,
			};
			const created = await mesh.api.certificateSigningRequests.create({ metadata: { generateName: 'csr-' }, spec });
			const condition = { type: 'Approved', status: 'True', reason: 'Test', message: 'by the test' };
			await mesh.api.certificateSigningRequests.updateApproval({ ...created, status: { conditions: [condition] } });
			const failed = await eventually(10, async () => {
				const csr = await mesh.api.certificateSigningRequests.get(created.metadata.name ?? '');
				const found = csr.status?.conditions?.find(({ type }) => type === 'Failed');
				assert.ok(found, 'the request has no condition yet');
				assert.equal(csr.status?.certificate, undefined);
				return found;
			});
			assert.deepEqual(
				[failed.reason, failed.message],
				['SignerValidationFailure', 'subject common name does not begin with system:node:'],
			);
		});
		it('for system:masters is refused at creation', async () => {
			const spec = {
				request: await request({ commonName: 'eve', organizations: ['system:masters'] }),
				signerName: 'kubernetes.io/kube-apiserver-client',
				usages,
			};
			await refusedWith(
				'API_FORBIDDEN',
				mesh.api.certificateSigningRequests.create({ metadata: { generateName: 'csr-' }, spec }),
			);
		});
	});
});

async function selfSigned() {
	const pair = await generateKeyPair('ECDSA-P256');
	const lifetime = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 60_000 };
	return {
		cert: buildCaCertificate({ commonName: 'kubernetes-admin', dnsNames: [], ...lifetime }, pair),
		key: writePrivateKey(pair.privateKey),
	};
}
