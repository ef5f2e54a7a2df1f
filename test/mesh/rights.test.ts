/** Permissions that an admin changes with kubectl-sim while the mesh runs, and tokens for one node. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { userKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { onceGroup } from '../../lib/kube/token-bounds.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair } from '../../lib/pki/keys.ts';
import { runProgram } from '../../lib/process-supervisor.ts';
import { crash, eventually, startTestMesh, type TestMesh } from './mesh.ts';

const group = 'rbac.authorization.k8s.io';
const autoApproval = 'kubeadm:node-autoapprove-bootstrap';

describe('rights', () => {
	let mesh: TestMesh;
	before(async () => {
		mesh = await startTestMesh();
		for (const [index, name] of ['node-1', 'node-2'].entries())
			await mesh.startNode(name, index, mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' }));
	});
	after(() => mesh?.stopAndRemove());

	const kubectl = (kubeconfig: string, ...args: string[]) =>
		runProgram({
			name: 'kubectl-sim',
			program: 'services/kubectl-sim/main.js',
			args: ['--kubeconfig', kubeconfig, ...args],
		});
	const asAdmin = (line: string) => kubectl(join(mesh.state, 'pki/admin/admin.conf'), ...line.split(' '));
	const asNode2 = (...args: string[]) => kubectl(join(mesh.state, 'nodes/node-2/etc/kubernetes/kubelet.conf'), ...args);
	const firstLine = ({ stderr }: { readonly stderr: string }) => stderr.split('\n')[0];
	const file = (name: string, text: string) => {
		const path = join(mesh.state, name);
		writeFileSync(path, text);
		return path;
	};
	const requestOf = async (user: string) => {
		const { items } = await mesh.api.certificateSigningRequests.list();
		return items.filter(({ spec }) => spec.username === user).at(-1);
	};

	it('auto-approval stops without its binding, also after a restart, and resumes with it', async () => {
		assert.equal(
			(await asAdmin(`delete clusterrolebinding ${autoApproval}`)).stdout,
			`clusterrolebinding.${group} "${autoApproval}" deleted\n`,
		);
		await crash(mesh.service('apiserver-sim'));
		const token = await eventually(10, () => mesh.createToken());
		const user = `system:bootstrap:${token.slice(0, 6)}`;
		const joined = mesh.startNode('node-3', 3, mesh.joinConfig({ token, discovery: '20s' }));
		const waiting = `left ${await eventually(10, async () => (await requestOf(user))?.metadata.name ?? assert.fail('there is no request yet'))} pending`;
		await eventually(10, () =>
			assert.ok(
				mesh.lines.some(({ line }) => line.includes(waiting) && line.includes('nodeclient')),
				waiting,
			),
		);
		assert.deepEqual((await requestOf(user))?.status?.conditions ?? [], []);
		const path = file(
			'binding.yaml',
			`apiVersion: ${group}/v1
kind: ClusterRoleBinding
metadata: {name: "${autoApproval}"}
roleRef: {apiGroup: ${group}, kind: ClusterRole, name: "system:certificates.k8s.io:certificatesigningrequests:nodeclient"}
subjects: [{apiGroup: ${group}, kind: Group, name: "system:bootstrappers:kubeadm:default-node-token"}]
`,
		);
		assert.equal((await asAdmin(`create -f ${path}`)).stdout, `clusterrolebinding.${group}/${autoApproval} created\n`);
		assert.equal(
			firstLine(await asAdmin(`create -f ${path}`)),
			`Error from server (AlreadyExists): error when creating "${path}": clusterrolebindings.${group} "${autoApproval}" already exists`,
		);
		await joined;
		assert.match(
			(await asAdmin(`get clusterrolebinding ${autoApproval}`)).stdout,
			/^NAME +ROLE +AGE\nkubeadm:node-autoapprove-bootstrap +ClusterRole\/system:certificates/,
		);
	});

	it('a node can read and write only its own objects, with upstream’s text', async () => {
		const forbidden = 'Error from server (Forbidden): ';
		const user = 'User "system:node:node-2" cannot get resource';
		assert.equal(
			firstLine(await asNode2('get', 'secret', 'x', '-n', 'kube-system')),
			`${forbidden}secrets "x" is forbidden: ${user} "secrets" in API group "" in the namespace "kube-system": node: no relationship found between node 'node-2' and this object`,
		);
		assert.equal(
			firstLine(await asNode2('label', 'node', 'node-1', 'a=b')),
			`${forbidden}nodes "node-1" is forbidden: ${user} "nodes" in API group "" at the cluster scope: node: node 'node-2' cannot read 'node-1', only its own Node object`,
		);
		const path = file('node.yaml', 'apiVersion: v1\nkind: Node\nmetadata: {name: node-1, labels: {a: b}}\n');
		assert.equal(
			firstLine(await asNode2('replace', '-f', path)),
			`${forbidden}error when replacing "${path}": nodes "node-1" is forbidden: node "node-2" is not allowed to modify node "node-1"`,
		);
		assert.equal(
			firstLine(await asNode2('label', 'node', 'node-2', 'node-restriction.kubernetes.io/x=y')),
			`${forbidden}nodes "node-2" is forbidden: is not allowed to modify labels: node-restriction.kubernetes.io/x`,
		);
		assert.equal((await asNode2('label', 'node', 'node-2', 'a=b')).stdout, 'node/node-2 labeled\n');
		assert.equal(
			(await asAdmin('label node node-2 node-restriction.kubernetes.io/x=y')).stdout,
			'node/node-2 labeled\n',
		);
	});

	it('a user can grant only permissions that it has', async () => {
		const path = file(
			'mine.yaml',
			`apiVersion: ${group}/v1\nkind: ClusterRoleBinding\nmetadata: {name: mine}\nroleRef: {kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: User, name: "system:node:node-2"}]\n`,
		);
		assert.match(firstLine(await asNode2('create', '-f', path)) ?? '', /cannot create resource "clusterrolebindings"/);
		const writer = file(
			'writer.yaml',
			`apiVersion: ${group}/v1\nkind: ClusterRole\nmetadata: {name: writer}\nrules: [{apiGroups: [${group}], resources: [clusterrolebindings], verbs: [create]}]
---
apiVersion: ${group}/v1\nkind: ClusterRoleBinding\nmetadata: {name: writer}\nroleRef: {kind: ClusterRole, name: writer}\nsubjects: [{kind: User, name: "system:node:node-2"}]\n`,
		);
		assert.equal((await asAdmin(`create -f ${writer}`)).code, 0);
		const text =
			'is forbidden: user "system:node:node-2" (groups=["system:nodes" "system:authenticated"]) is attempting to grant RBAC permissions not currently held:';
		await eventually(5, async () => {
			const { stderr } = await asNode2('create', '-f', path);
			assert.ok(stderr.includes(text), stderr);
			assert.ok(stderr.includes('\n{APIGroups:["*"], Resources:["*"], Verbs:["*"]}\n'), stderr);
		});
	});

	it('no signer issues a client certificate for system:masters', async () => {
		const pem = createCsr(
			{ subject: { commonName: 'eve', organizations: ['system:masters'] } },
			await generateKeyPair('ECDSA-P256'),
		);
		const csr = (name: string, signer: string) =>
			file(
				`${name}.yaml`,
				`apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: ${name}}
spec: {request: ${Buffer.from(pem).toString('base64')}, signerName: ${signer}, usages: [client auth, digital signature]}\n`,
			);
		const path = csr('x', 'kubernetes.io/kube-apiserver-client');
		assert.equal(
			firstLine(await asAdmin(`create -f ${path}`)),
			`Error from server (Forbidden): error when creating "${path}": certificatesigningrequests.certificates.k8s.io "x" is forbidden: ` +
				'use of kubernetes.io/kube-apiserver-client signer with system:masters group is not allowed',
		);
		await asAdmin(`create -f ${csr('y', 'kubernetes.io/kube-apiserver-client-kubelet')}`);
		assert.equal(
			(await asAdmin('certificate approve y')).stdout,
			'certificatesigningrequest.certificates.k8s.io/y approved\n',
		);
		await eventually(10, async () => {
			const { status } = await mesh.api.certificateSigningRequests.get('y');
			const failed = status?.conditions?.find(({ type }) => type === 'Failed');
			assert.deepEqual(
				[failed?.reason, failed?.message],
				['SignerValidationFailure', 'subject organization is not system:nodes'],
			);
			assert.equal(status?.certificate, undefined);
		});
	});

	it('a token for one node name joins no other node', async () => {
		const create = async (options: string) => (await asAdmin(`token create ${options}`)).stdout.trim();
		const bound = await create('--node-name node-4');
		const refused = await mesh.joinAndFail({ token: bound, nodeName: 'node-5', discovery: '20s' });
		assert.match(
			refused.stderr,
			/certificate signing request is denied, reason: TokenForOtherNode, message: bootstrap token ".{6}" is for node "node-4", and not for "node-5"/,
		);
		await mesh.startNode('node-4', 4, mesh.joinConfig({ token: bound, discovery: '20s' }));
		const once = await create('--once');
		assert.ok((await asAdmin('token list')).stdout.includes(onceGroup));
		await mesh.startNode('node-6', 6, mesh.joinConfig({ token: once, discovery: '20s' }));
		const second = await mesh.joinAndFail({ token: once, nodeName: 'node-7', discovery: '20s' });
		assert.match(
			second.stderr,
			/reason: TokenUsed, message: bootstrap token ".{6}" is for one node, and "node-6" used it/,
		);
	});

	it('a client is asked to retry when token-store is unavailable, not refused', async () => {
		const store = mesh.service('token-store');
		const token = await mesh.createToken();
		store.kill('SIGSTOP');
		try {
			const path = file(
				'token.conf',
				writeKubeconfig(userKubeconfig(`https://${mesh.endpoint}`, mesh.ca, 'somebody', { token })),
			);
			const { stdout, stderr } = await kubectl(path, 'get', 'nodes');
			assert.match(
				stderr,
				/^Error from server \(ServiceUnavailable\): the server is currently unable to handle the request/,
			);
			assert.ok(!(stdout + stderr).includes(token.split('.')[1] ?? token), 'the secret was printed');
		} finally {
			store.kill('SIGCONT');
		}
	});
});
