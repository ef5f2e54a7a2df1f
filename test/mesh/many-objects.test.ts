/** The mesh works with any number of stored objects, because every list is read in pages. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rfc3339 } from '../../lib/clock.ts';
import type { CertificateSigningRequest, Node } from '../../lib/kube/types.ts';
import { buildCaCertificate } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { openStore } from '../../lib/store/open.ts';
import { serviceNames } from '../../scripts/mesh/services.ts';
import { crash, eventually, startTestMesh, type TestMesh } from './mesh.ts';

const REQUESTS = 50_000;
const NODES = 15_000;
/** On a busy machine a controller needs a minute to read all requests. */
const READY_MS = 240_000;
/** Resident memory of any service; one with several copies of all objects needs more. */
const MAX_MEGABYTES = 1_000;

const base64 = (text: string) => Buffer.from(text).toString('base64');
const numbered = (prefix: string, index: number) => `${prefix}${String(index).padStart(6, '0')}`;

/** An issued request in its stored form, too young for the cleaner. */
async function issuedRequests(): Promise<(index: number) => CertificateSigningRequest> {
	const keys = await generateKeyPair('ECDSA-P256');
	const subject = { commonName: 'system:node:stored', organizations: ['system:nodes'] };
	const [now, year] = [Date.now(), 365 * 24 * 3_600_000];
	const ca = { commonName: 'any', dnsNames: [], notBefore: now, notAfter: now + year };
	const spec = {
		request: base64(createCsr({ subject }, keys)),
		signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
		usages: ['digital signature', 'client auth'],
		username: 'system:bootstrap:abcdef',
		groups: ['system:bootstrappers', 'system:authenticated'],
	};
	const approved = { type: 'Approved', status: 'True', lastUpdateTime: rfc3339(now) };
	const status = { conditions: [approved], certificate: base64(buildCaCertificate(ca, keys)) };
	return (index) => ({
		apiVersion: 'certificates.k8s.io/v1',
		kind: 'CertificateSigningRequest',
		metadata: { name: numbered('node-csr-', index), uid: `csr-${index}`, creationTimestamp: rfc3339(now) },
		spec,
		status,
	});
}

const deadNode = (index: number): Node => ({
	apiVersion: 'v1',
	kind: 'Node',
	metadata: { name: numbered('stored-', index), uid: `node-${index}`, creationTimestamp: '2026-01-31T12:00:00Z' },
	spec: {
		taints: ['NoSchedule', 'NoExecute'].map((effect) => ({ key: 'node.kubernetes.io/unreachable', effect })),
	},
	status: { conditions: [{ type: 'Ready', status: 'Unknown', lastHeartbeatTime: '2026-01-31T12:00:00Z' }] },
});

async function fill(state: string): Promise<void> {
	const store = await openStore({ url: `lmdb:${join(state, 'apiserver-sim')}`, keyspace: 'registry' });
	const request = await issuedRequests();
	const inBatches = async (count: number, create: (index: number) => Promise<unknown>) => {
		for (let from = 0; from < count; from += 1000)
			await Promise.all(Array.from({ length: Math.min(1000, count - from) }, (_, index) => create(from + index)));
	};
	await inBatches(REQUESTS, (index) => {
		const csr = request(index);
		return store.create(`certificatesigningrequests.certificates.k8s.io/${csr.metadata.name}`, csr);
	});
	await inBatches(NODES, (index) => store.create(`nodes/${numbered('stored-', index)}`, deadNode(index)));
	await store.close();
}

describe(`with ${REQUESTS} certificate requests and ${NODES} nodes in the store`, function () {
	this.timeout(900_000);
	let mesh: TestMesh;
	before(async () => {
		const state = mkdtempSync(join(tmpdir(), 'kubejoin-'));
		await fill(state);
		mesh = await startTestMesh({ state, readyMs: READY_MS });
	});
	after(() => mesh?.stopAndRemove());

	const megabytesOf = (pid: number | undefined): number =>
		Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

	it('restarts every service, and a node joins', async () => {
		for (const name of serviceNames) {
			await crash(mesh.service(name));
			await mesh.ready();
		}
		const token = await mesh.createToken();
		await mesh.startNode('node-1', 0, mesh.joinConfig({ token, discovery: '60s' }));
		await eventually(60, async () => {
			const { status } = await mesh.api.nodes.get('node-1');
			assert.equal(status?.conditions?.find(({ type }) => type === 'Ready')?.status, 'True');
		});
	});

	it('returns complete lists, also to kubectl-sim', async () => {
		// kubectl-sim reads the whole objects.
		const requests = await mesh.api.certificateSigningRequests.list({ metadataOnly: true });
		const nodes = await mesh.api.nodes.list();
		assert.deepEqual([requests.items.length, nodes.items.length], [REQUESTS + 1, NODES + 1]);
		const { code, stdout } = await mesh.kubectl('get', 'csr');
		assert.deepEqual([code, stdout.trim().split('\n').length], [0, REQUESTS + 2]);
	});

	it(`keeps every service below ${MAX_MEGABYTES} MB`, () => {
		for (const name of serviceNames) {
			const megabytes = megabytesOf(mesh.service(name).pid());
			assert.ok(megabytes < MAX_MEGABYTES, `${name} takes ${Math.round(megabytes)} MB`);
		}
	});
});
