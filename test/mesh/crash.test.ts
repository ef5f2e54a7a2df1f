/** After a crash, acknowledged writes are kept, interrupted work is finished, and no work is done twice. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { signAgain } from '../../chaos/lab/verdicts/sign-again.ts';
import { signDetached } from '../../lib/pki/jws.ts';
import { type Child, launch } from '../../lib/process-supervisor.ts';
import { call } from '../../lib/rpc/channel.ts';
import { nodePlan, serviceNames } from '../../scripts/mesh/services.ts';
import { crash, eventually, startTestMesh, type TestMesh } from './mesh.ts';

describe('after a crash', () => {
	let mesh: TestMesh;
	let node: Child;
	let kept: { uid: string | undefined; certificate: string; cluster: string };
	const certificate = (name: string) =>
		readFileSync(join(mesh.state, 'nodes', name, 'var/lib/kubelet/pki/kubelet-client-current.pem'), 'utf8');
	const signed = () =>
		readFileSync(join(mesh.state, 'ca-service', 'ledger.jsonl'), 'utf8')
			.trim()
			.split('\n').length;

	before(async () => {
		mesh = await startTestMesh();
		node = await mesh.startNode('node-1', 0, mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' }));
		kept = {
			uid: (await mesh.api.nodes.get('node-1')).metadata.uid,
			certificate: certificate('node-1'),
			cluster: mesh.ca,
		};
	});
	after(() => mesh?.stopAndRemove());
	/** Repeats the call of the signing controller for a request that ca-service has signed before. */
	async function sign(request: object): Promise<string> {
		const own = (file: string) => mesh.pki(`controller-manager-sim/${file}`);
		const tls = { ca: own('mesh-ca.crt'), cert: own('mesh-client.crt'), key: own('mesh-client.key') };
		const channel = mesh.channel(`127.0.0.1:${mesh.port + 1}`, { ...tls, serverName: 'ca-service' });
		const { certificate = '' } = await call<object, { certificate?: string }>(
			channel,
			'CertificateAuthority',
			'Sign',
			request,
		);
		return certificate;
	}

	for (const name of serviceNames) {
		it(`of ${name}, a node joins, and nothing is lost`, async () => {
			const token = await mesh.createToken();
			const before = signed();
			await crash(mesh.service(name));
			await mesh.ready();
			assert.equal(signed(), before, 'the ledger has another number of lines after the crash');
			assert.match(await signAgain(mesh, 'node-1', sign), /^security: held: .* returned the certificate/);
			assert.equal(signed(), before, 'a request was signed twice');
			const nodeName = `after-${name}`;
			await mesh.startNode(nodeName, 1 + serviceNames.indexOf(name), mesh.joinConfig({ token, discovery: '20s' }));
			await eventually(20, async () => {
				assert.equal(
					(await mesh.api.nodes.get(nodeName)).status?.conditions?.find(({ type }) => type === 'Ready')?.status,
					'True',
				);
				assert.equal((await mesh.api.nodes.get('node-1')).metadata.uid, kept.uid);
			});
		});
	}

	it('of a node, it keeps its certificate and requests no other', async () => {
		const before = signed();
		await crash(node);
		assert.equal(certificate('node-1'), kept.certificate);
		assert.equal(signed(), before);
		assert.ok(
			mesh.lines.some(({ name, line }) => name === 'node-1' && line.includes('continues with its certificate')),
		);
	});

	it('of a node with a pending request, it finds the same request: one request, one signature', async () => {
		const before = signed();
		const requests = async () =>
			(await mesh.api.certificateSigningRequests.list()).items.map(({ metadata }) => metadata.name ?? '');
		const known = await requests();
		mesh.service('controller-manager-sim').kill('SIGSTOP');
		const token = await mesh.createToken();
		// The signer is stopped, so the signature of this token is made by the test.
		await signClusterInfo(mesh, token);
		const plan = nodePlan('waiting', 8, mesh.joinConfig({ token, discovery: '20s' }), { ...mesh, store: 'lmdb' });
		const waiting = launch(plan, () => undefined);
		const name = await eventually(15, async () => {
			const [fresh] = (await requests()).filter((one) => !known.includes(one));
			assert.ok(fresh, 'there is no certificate yet');
			return fresh;
		});
		waiting.process.kill('SIGKILL');
		await waiting.ended;
		mesh.service('controller-manager-sim').kill('SIGCONT');
		await mesh.startNode('waiting', 8, mesh.joinConfig({ token, discovery: '20s' }));
		assert.deepEqual(
			(await requests()).filter((one) => !known.includes(one)),
			[name],
		);
		assert.equal(signed(), before + 1);
	});

	it('of all processes, a second start finds the same cluster', async () => {
		const { state, port } = mesh;
		const names = (await mesh.api.nodes.list()).items.map(({ metadata }) => [metadata.name, metadata.uid]);
		await mesh.stop();
		mesh = await startTestMesh({ state, port });
		assert.equal(mesh.ca, kept.cluster);
		assert.deepEqual(
			(await mesh.api.nodes.list()).items.map(({ metadata }) => [metadata.name, metadata.uid]),
			names,
		);
		await mesh.startNode('node-1', 0, mesh.joinConfig({ token: 'aaaaaa.0123456789abcdef' }));
		assert.equal(certificate('node-1'), kept.certificate);
	});
});

async function signClusterInfo(mesh: TestMesh, token: string): Promise<void> {
	const [id = '', secret = ''] = token.split('.');
	const found = await mesh.api.configMaps.get('cluster-info', 'kube-public');
	const data = { ...found.data, [`jws-kubeconfig-${id}`]: signDetached(found.data?.kubeconfig ?? '', id, secret) };
	await mesh.api.configMaps.update({ ...found, data });
}
