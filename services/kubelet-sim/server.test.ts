import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitBy } from '../../lib/clock.ts';
import type { KubejoinError } from '../../lib/errors.ts';
import { makePrivateDirectory, writeWholeFile } from '../../lib/files.ts';
import type { CertificateSigningRequest, WatchEvent } from '../../lib/kube/types.ts';
import { createRegistry } from '../../lib/metrics.ts';
import { nodePaths } from '../../lib/node-paths.ts';
import {
	buildCaCertificate,
	buildCertificate,
	createIssuer,
	type Issuer,
	parseCertificates,
} from '../../lib/pki/certificate.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, spkiOf, writePrivateKey } from '../../lib/pki/keys.ts';
import { hostNames } from '../../lib/pki/names.ts';
import type { NodeIdentity } from './identity.ts';
import type { NodeConnection } from './join/join-context.ts';
import { type Kubelet, type KubeletOptions, openKubelet } from './server.ts';
import type { PinnedCa } from './trust.ts';

const hourMs = 3_600_000;
const now = '2026-01-31T12:00:00Z';

describe("the kubelet's port", () => {
	let root: string;
	let ca: string;
	let issuer: Issuer;
	let client: { cert: string; key: string };
	let kubelet: Kubelet | undefined;
	let stopping: AbortController;
	let csrs: CertificateSigningRequest[];
	let isApproved: boolean;
	let said: string[];
	const dates = () => ({ notBefore: Date.now() - hourMs, notAfter: Date.now() + hourMs });
	const sign = (spki: Buffer, commonName: string, usage: 'client auth' | 'server auth', hosts: readonly string[]) =>
		buildCertificate(
			{ ...{ subject: { organizations: [], commonName }, spki, ...dates() }, usages: [usage], names: hostNames(hosts) },
			issuer,
		);

	before(async () => {
		const caPair = await generateKeyPair('ECDSA-P256');
		ca = buildCaCertificate({ commonName: 'kubernetes', dnsNames: [], ...dates() }, caPair);
		issuer = createIssuer(parseCertificates(ca)[0], caPair.privateKey);
		const pair = await generateKeyPair('ECDSA-P256');
		const cert = sign(spkiOf(pair.publicKey), 'kube-apiserver-kubelet-client', 'client auth', []);
		client = { cert, key: writePrivateKey(pair.privateKey) };
	});
	beforeEach(() => {
		root = mkdtempSync(join(tmpdir(), 'kubelet-'));
		stopping = new AbortController();
		[csrs, isApproved, said, kubelet] = [[], true, [], undefined];
	});
	afterEach(async () => {
		stopping.abort();
		await kubelet?.close();
		rmSync(root, { recursive: true });
	});

	const pod = {
		metadata: { name: 'web', namespace: 'd', uid: 'u', generation: 1 },
		spec: { nodeName: 'n', containers: [{ name: 'c', image: 'nginx' }] },
		status: {
			...{ phase: 'Running', observedGeneration: 1 },
			containerStatuses: [{ name: 'c', state: { running: { startedAt: now } } }],
		},
	};
	const pending = { ...pod, metadata: { ...pod.metadata, name: 'pending', uid: 'p' }, status: { phase: 'Succeeded' } };
	const api = {
		of: ({ resource }: { readonly resource: string }) =>
			resource === 'pods'
				? {
						list: async () => ({ items: [pod, pending], metadata: { resourceVersion: '1' } }),
						async *watch(_options: object, signal: AbortSignal): AsyncGenerator<WatchEvent<never>> {
							if (!signal.aborted) await once(signal, 'abort');
							yield* [];
						},
					}
				: { create: async () => ({ status: { authenticated: false } }) },
		subjectAccessReviews: { create: async () => ({ status: { allowed: true } }) },
		certificateSigningRequests: {
			async create(csr: CertificateSigningRequest) {
				const created = { ...csr, metadata: { ...csr.metadata, uid: 'csr' } };
				csrs.push(created);
				return created;
			},
			get: async () => csrs[0],
			async *watch(_options: object, signal: AbortSignal): AsyncGenerator<WatchEvent<CertificateSigningRequest>> {
				const csr = csrs.at(-1);
				if (csr === undefined) return;
				if (!isApproved) {
					await once(signal, 'abort');
					return;
				}
				const { spki, names } = parseCsr(Buffer.from(csr.spec.request, 'base64').toString());
				const certificate = sign(spki, 'system:node:n', 'server auth', [...names.dns, ...names.ip]);
				const conditions = [{ type: 'Approved', status: 'True', reason: '', message: '' }];
				const status = { conditions, certificate: Buffer.from(certificate).toString('base64') };
				yield { type: 'MODIFIED', object: { ...csr, status } };
			},
		},
	};
	const connection = { api, close: () => undefined } as unknown as NodeConnection;
	const identity = () => ({ server: { ca: ca as PinnedCa } }) as NodeIdentity;

	const options = (more: Partial<KubeletOptions>): KubeletOptions => ({
		...{ nodeName: 'n', address: '127.0.0.1', port: 'default', paths: nodePaths(root) },
		...{ rotatesCertificate: false, clock: Date.now, waitUntil: waitBy(Date.now), signal: stopping.signal },
		...{ metrics: createRegistry(), say: (line) => void said.push(line) },
		...{ unforeseen: () => 'id', count: () => undefined },
		...more,
	});
	async function open(more: Partial<KubeletOptions> = {}): Promise<Kubelet> {
		kubelet = await openKubelet(options(more));
		return kubelet;
	}
	/** With a certificate of the cluster, tries until a handshake succeeds. */
	async function answerOf(
		path: string,
		{ method = 'GET', shown = client, verifies = false }: { method?: string; shown?: object; verifies?: boolean } = {},
	): Promise<string> {
		const { port = 0 } = kubelet?.endpoint ?? {};
		const trust = verifies ? { ca } : { rejectUnauthorized: false };
		for (;;) {
			const agent = new Agent();
			try {
				const sent = request({ host: '127.0.0.1', port, path, method, agent, ...trust, ...shown }).end();
				const [response] = await once(sent, 'response');
				return `${response.statusCode} ${(await response.toArray()).join('')}`;
			} catch (error) {
				if (!verifies || !/alert internal error/.test(String(error))) throw error;
			} finally {
				agent.destroy();
			}
		}
	}

	it('is 10250, or a free one if that is in use; a port that is named must be free', async () => {
		const taken = createServer().listen(0, '127.0.0.1');
		await once(taken, 'listening');
		const { port } = taken.address() as { port: number };
		await assert.rejects(open({ port }), (error: KubejoinError) => error.code === 'PORT_IN_USE');
		const first = await open();
		assert.ok(first.endpoint.port > 0);
		const second = await openKubelet(options({ nodeName: 'm' }));
		assert.notEqual(second.endpoint.port, first.endpoint.port);
		assert.equal(second.endpoint.address, '127.0.0.1');
		await second.close();
		taken.close();
	});
	it('is closed when its node has failed and the process is not stopped', async () => {
		for (const rotatesCertificate of [false, true]) {
			isApproved = false;
			await (await open({ rotatesCertificate })).use(connection, identity());
			await kubelet?.close();
		}
		assert.equal(stopping.signal.aborted, false);
	});
	it('answers the paths of the kubelet to a client that the cluster CA has certified', async () => {
		await (await open()).use(connection, identity());
		assert.equal(await answerOf('/healthz'), '200 ok');
		assert.equal(await answerOf('/healthz/syncloop'), '200 ok');
		while (!(await answerOf('/pods')).includes('"web"'));
		const { items } = JSON.parse((await answerOf('/pods')).slice(4));
		assert.deepEqual(items[0].metadata, pod.metadata);
		assert.match(await answerOf('/runningpods/'), /"image":"nginx"/);
		assert.match(await answerOf('/metrics'), /^200 # HELP/);
		assert.equal(await answerOf('/stats/summary'), '404 404 page not found\n');
		assert.equal(await answerOf('/%zz'), '400 400 Bad Request');
		assert.equal(await answerOf('/pods', { method: 'POST' }), '405 405: Method Not Allowed');
		for (const path of ['/exec/d/web/c', '/run/d/web/c', '/attach/d/web/c', '/portForward/d/web'])
			for (const method of ['GET', 'POST'])
				assert.equal(await answerOf(path, { method }), '405 Debug endpoints are disabled.\n');
	});

	it('refuses a client without a certificate, and one of another CA', async () => {
		await (await open()).use(connection, identity());
		const pair = await generateKeyPair('ECDSA-P256');
		const other = buildCaCertificate({ commonName: 'kubernetes', dnsNames: [], ...dates() }, pair);
		for (const shown of [{}, { cert: other, key: writePrivateKey(pair.privateKey) }])
			for (const path of ['/healthz', '/pods', '/containerLogs/d/web/c', '/nowhere'])
				assert.equal(await answerOf(path, { shown }), '401 Unauthorized');
	});

	it('trusts the CA that its node has found in a later join, and no longer the first', async () => {
		const first = await open();
		const pair = await generateKeyPair('ECDSA-P256');
		const other = buildCaCertificate({ commonName: 'other', dnsNames: [], ...dates() }, pair);
		await first.use(connection, { server: { ca: other as PinnedCa } } as NodeIdentity);
		assert.equal(await answerOf('/healthz'), '401 Unauthorized');
		await first.use(connection, identity());
		assert.equal(await answerOf('/healthz'), '200 ok');
		await first.use(connection, { server: { ca: other as PinnedCa } } as NodeIdentity);
		assert.equal(await answerOf('/healthz'), '401 Unauthorized');
	});

	it('has the log of a container, and refuses requests for others as upstream', async () => {
		await (await open()).use(connection, identity());
		while (!(await answerOf('/pods')).includes('"web"'));
		const log = (path: string) => answerOf(`/containerLogs/${path}`);
		assert.match(await log('d/web/c?tailLines=1'), /^200 kubelet-sim: simulated for \d+ s\n$/);
		assert.equal(await log('d/web/c?limitBytes=4&sinceSeconds=315360000'), '200 kube');
		assert.equal(await log('d/none/c'), '404 pod "none" does not exist');
		assert.equal(await log('d/web/x'), '404 container "x" not found in pod "web"');
		assert.equal(await log('d/web/c?previous=true'), '400 previous terminated container "c" in pod "web" not found');
		const waiting = '400 container "c" in pod "pending" is waiting to start: ContainerCreating';
		assert.equal(await log('d/pending/c'), waiting);
		assert.equal(await log('d/web/c?tailLines=x'), '400 {"message": "Unable to decode query."}');
		assert.equal(await log('d/web/c?sinceTime=x'), '400 {"message": "Unable to decode query."}');
		for (const query of [
			'tailLines=-1',
			'limitBytes=0',
			'sinceSeconds=0',
			'sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
		])
			assert.equal(await log(`d/web/c?${query}`), '422 {"message": "Invalid request."}');
		for (const path of ['d/web', 'd//c', 'd/web/c/x']) assert.equal(await log(path), '404 404: Page Not Found');
	});

	it('presents its self-signed certificate again after a restart', async () => {
		await (await open()).use(connection, identity());
		await answerOf('/healthz');
		const { selfSignedCertificate } = nodePaths(root);
		const first = readFileSync(selfSignedCertificate, 'utf8');
		const [leaf, issuerOfLeaf] = parseCertificates(first);
		assert.match(leaf.subject, /^CN=n@\d{10}$/);
		assert.equal(leaf.subjectAltName, 'DNS:n');
		assert.ok(issuerOfLeaf && leaf.verify(issuerOfLeaf.publicKey));
		stopping.abort();
		await kubelet?.close();
		stopping = new AbortController();
		await (await open()).use(connection, identity());
		await answerOf('/healthz');
		assert.equal(readFileSync(selfSignedCertificate, 'utf8'), first);
	});

	it('presents a certificate of the cluster once the request for it is approved', async () => {
		await (await open({ rotatesCertificate: true })).use(connection, identity());
		assert.equal(await answerOf('/healthz', { verifies: true }), '200 ok');
		const [csr] = csrs;
		assert.deepEqual(
			[csr?.spec.signerName, csr?.spec.usages],
			['kubernetes.io/kubelet-serving', ['digital signature', 'server auth']],
		);
		const { subject, names } = parseCsr(Buffer.from(csr?.spec.request ?? '', 'base64').toString());
		assert.deepEqual(subject, { organizations: ['system:nodes'], commonName: 'system:node:n' });
		assert.deepEqual([names.dns, names.ip], [['n'], ['127.0.0.1']]);
		stopping.abort();
		await kubelet?.close();
		stopping = new AbortController();
		await (await open({ rotatesCertificate: true })).use(connection, identity());
		assert.equal(await answerOf('/healthz', { verifies: true }), '200 ok');
		assert.equal(csrs.length, 1, 'the certificate of the earlier start is used');
	});

	it('requests it by serverTLSBootstrap in the configuration of the kubelet, and names the request', async () => {
		isApproved = false;
		const { kubeletConfiguration, kubeletDirectory } = nodePaths(root);
		await makePrivateDirectory(kubeletDirectory);
		await writeWholeFile(kubeletConfiguration, 'serverTLSBootstrap: true\n', 0o644);
		const { endpoint } = await open();
		await kubelet?.use(connection, identity());
		while (said.length === 0) await new Promise((resolve) => setImmediate(resolve));
		assert.match(said[0] ?? '', /needs approval: kubectl certificate approve node-csr-/);
		const agent = new Agent();
		const sent = request({ host: '127.0.0.1', port: endpoint.port, rejectUnauthorized: false, agent }).end();
		await assert.rejects(once(sent, 'response'), /alert internal error/, 'there is no certificate to present');
		agent.destroy();
	});
});
