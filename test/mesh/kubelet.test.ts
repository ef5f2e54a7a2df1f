/** The kubelet API of simulated nodes, directly and through the API server, over real TLS. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { join } from 'node:path';
import { resources } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import { parseCertificates } from '../../lib/pki/certificate.ts';
import { startChild } from '../../lib/process-supervisor.ts';
import { nodePlan } from '../../scripts/mesh/services.ts';
import { collectLines, credentialsOf, eventually, startTestMesh, type TestMesh } from './mesh.ts';

describe('the kubelet API', () => {
	let mesh: TestMesh;
	let config: string;
	before(async () => {
		mesh = await startTestMesh();
		config = mesh.joinConfig({ token: await mesh.createToken() });
		await mesh.startNode('node-1', 0, config);
	});
	after(() => mesh?.stopAndRemove());

	async function open(path: string): Promise<IncomingMessage> {
		const tls = { ca: mesh.ca, ...credentialsOf(mesh.pki('admin/admin.conf')), agent: false };
		const sent = request(`https://${mesh.endpoint}${path}`, tls).end();
		const [response] = await once(sent, 'response');
		return response;
	}
	async function textAt(path: string): Promise<string> {
		const response = await open(path);
		return `${response.statusCode} ${(await response.toArray()).join('')}`;
	}
	const podOn = (nodeName: string, name: string): KubeObject => ({
		...{ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' } },
		...{ spec: { nodeName, containers: [{ name: 'web', image: 'nginx' }], terminationGracePeriodSeconds: 30 } },
	});
	const pods = () => mesh.api.of(resources.pods);
	const phaseOf = async (name: string) =>
		((await pods().get(name, 'default')) as { readonly status?: { readonly phase?: string } }).status?.phase;

	it('answers through nodes/proxy, with the port that the Node reports', async () => {
		const { status } = await mesh.api.nodes.get('node-1');
		const { Port = 0 } = status?.daemonEndpoints?.kubeletEndpoint ?? {};
		assert.ok(Port > 0);
		assert.deepEqual(status?.addresses?.[0], { type: 'InternalIP', address: '127.0.0.1' });
		for (const node of ['node-1', `node-1:${Port}`, `https:node-1:${Port}`])
			assert.equal(await textAt(`/api/v1/nodes/${node}/proxy/healthz`), '200 ok');
		assert.equal((await open('/api/v1/nodes/node-1/proxy')).headers.location, '/api/v1/nodes/node-1/proxy/');
	});

	it('runs a pod that is bound to the node, follows its log, and lets it end when it is deleted', async () => {
		await pods().create(podOn('node-1', 'web'));
		await eventually(20, async () => assert.equal(await phaseOf('web'), 'Running'));
		const line = 'kubelet-sim: this container is simulated: nginx was not pulled, no process runs\n';
		assert.equal(await textAt('/api/v1/namespaces/default/pods/web/log?limitBytes=1000'), `200 ${line}`);
		const following = await open('/api/v1/namespaces/default/pods/web/log?follow=true');
		const [chunk] = await once(following, 'data');
		assert.equal(String(chunk), line);
		const ended = once(following, 'end');
		await pods().delete('web', { namespace: 'default' });
		following.resume();
		await ended;
		await eventually(20, () => assert.rejects(pods().get('web', 'default')));
	});

	it('lets pods of an earlier start run on after a restart of the node', async () => {
		await pods().create(podOn('node-1', 'kept'));
		await eventually(20, async () => assert.equal(await phaseOf('kept'), 'Running'));
		const before = await pods().get('kept', 'default');
		const plan = nodePlan('node-2', 'none', config, mesh.options);
		const start = () => startChild(plan, collectLines());
		let node = start();
		await node.started();
		await pods().create(podOn('node-2', 'other'));
		await eventually(20, async () => assert.equal(await phaseOf('other'), 'Running'));
		const running = await pods().get('other', 'default');
		await node.stop();
		node = start();
		try {
			await eventually(30, async () => assert.match(await textAt('/api/v1/nodes/node-2/proxy/pods'), /"name":"other"/));
			assert.deepEqual((await pods().get('other', 'default')).metadata, running.metadata);
			assert.deepEqual((await pods().get('kept', 'default')).metadata, before.metadata);
		} finally {
			await node.stop();
		}
	});

	it('presents a certificate of the cluster after its request was approved', async () => {
		const plan = nodePlan('node-3', 'none', config, mesh.options);
		const args = [...(plan.args ?? []), '--rotate-server-certificates'];
		const node = startChild({ ...plan, args }, collectLines());
		try {
			await node.started();
			const csr = await eventually(20, async () => {
				const { items } = await mesh.api.certificateSigningRequests.list();
				return items.find(({ spec }) => spec.signerName === 'kubernetes.io/kubelet-serving') ?? assert.fail();
			});
			assert.equal(csr.status?.conditions, undefined);
			assert.match(await textAt('/api/v1/nodes/node-3/proxy/healthz'), /^503 .*error trying to reach service: /);
			const { code } = await mesh.kubectl('certificate', 'approve', csr.metadata.name ?? '');
			assert.equal(code, 0);
			await eventually(20, async () => assert.equal(await textAt('/api/v1/nodes/node-3/proxy/healthz'), '200 ok'));
			const file = join(mesh.state, 'nodes/node-3/var/lib/kubelet/pki/kubelet-server-current.pem');
			const [leaf] = parseCertificates(readFileSync(file, 'utf8'));
			assert.match(leaf.subject, /CN=system:node:node-3$/);
			assert.equal(leaf.subjectAltName, 'DNS:node-3, IP Address:127.0.0.1');
			assert.ok(leaf.verify(parseCertificates(mesh.ca)[0].publicKey));
		} finally {
			await node.stop();
		}
	});
});
