/** Joins by a discovery file, a part of the way, and the removal of a node's files. */
import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { clusterOnlyKubeconfig, userKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { type ChildPlan, startChild } from '../../lib/process-supervisor.ts';
import { nodePlan } from '../../scripts/mesh/services.ts';
import { type FalseServer, issueElsewhere, startFalseServer } from './false-server.ts';
import { collectLines, runToEnd, startTestMesh, type TestMesh } from './mesh.ts';

describe('a join', () => {
	let mesh: TestMesh;
	let token: string;
	let falseServer: FalseServer;
	before(async () => {
		mesh = await startTestMesh();
		token = await mesh.createToken();
		falseServer = await startFalseServer();
	});
	after(async () => {
		await falseServer?.close();
		await mesh?.stopAndRemove();
	});

	const rootOf = (node: string) => join(mesh.state, 'nodes', node);
	const plan = (node: string, flags: readonly string[], variables = {}): ChildPlan => {
		const { args = [], ...rest } = nodePlan(node, 'none', '', { ...mesh, store: 'lmdb' });
		return { ...rest, args: ['join', ...flags, ...args.slice(3)], variables };
	};
	const file = (name: string, content: string): string => {
		const path = join(mesh.state, name);
		writeFileSync(path, content, { mode: 0o600 });
		return path;
	};
	/** A JoinConfiguration that does not retry for long. */
	const configFor = (kubeConfigPath: string): string =>
		file(
			`${basename(kubeConfigPath)}.yaml`,
			JSON.stringify({
				apiVersion: 'kubeadm.k8s.io/v1beta4',
				kind: 'JoinConfiguration',
				discovery: { file: { kubeConfigPath } },
				timeouts: { discovery: '1s' },
			}),
		);
	const server = () => `https://${mesh.endpoint}`;
	const publicFile = () => file('cluster.conf', writeKubeconfig(clusterOnlyKubeconfig(server(), mesh.ca)));
	const byToken = () => [mesh.endpoint, '--token', token, '--discovery-token-ca-cert-hash', mesh.pin];

	/** Runs a node until it has joined. @returns its first phases */
	async function joined(node: string, flags: readonly string[], variables = {}, count = 5): Promise<readonly string[]> {
		const lines: string[] = [];
		const child = startChild(plan(node, flags, variables), collectLines(lines));
		try {
			await child.started();
		} finally {
			await child.stop();
		}
		assert.ok(!lines.join('\n').includes(token.slice(7)), 'the token was printed');
		assert.ok(await mesh.api.nodes.get(node));
		return lines.flatMap((line) => /^\[([^\]]+)\] .* \(\d+ ms\)$/.exec(line)?.[1] ?? []).slice(0, count);
	}
	const phases = [
		'preflight',
		'discovery/read-file',
		'discovery/verify-server',
		'tls-bootstrap/read-config',
		'tls-bootstrap/check-node-name',
	];

	it('by a discovery file needs a token beside it, and no pin', async () => {
		const without = await runToEnd(plan('by-file', ['--discovery-file', publicFile()]));
		assert.match(
			without.stderr,
			/^error: error execution phase preflight: could not find authentication credentials for the TLS bootstrap process/,
		);
		assert.deepEqual(
			await joined('by-file', ['--discovery-file', publicFile(), '--tls-bootstrap-token', token]),
			phases,
		);
		assert.equal(readFileSync(join(rootOf('by-file'), 'etc/kubernetes/pki/ca.crt'), 'utf8'), mesh.ca);
	});

	it('by a discovery file uses the credential in the file', async () => {
		const content = writeKubeconfig(userKubeconfig(server(), mesh.ca, 'u', { token }));
		assert.deepEqual(await joined('by-credential', ['--discovery-file', file('token.conf', content)]), phases);
	});

	it('by a discovery file uses the client certificate in the file, and speaks of no token', async () => {
		const admin = join(mesh.state, 'pki/admin/admin.conf');
		const part = ['--until', 'tls-bootstrap/verify-certificate'];
		const { code, stdout } = await runToEnd(plan('by-certificate', ['--discovery-file', admin, ...part]));
		assert.equal(code, 0, stdout);
		assert.match(stdout, /^\[tls-bootstrap\/read-config\] the API server accepts the credential \(/m);
		assert.match(stdout, /^ {2}client certificate: sent and accepted$/m);
		assert.doesNotMatch(stdout, /token/i);
		const unread = await runToEnd(plan('unread', ['--discovery-file', admin, '--until', 'preflight']));
		assert.match(unread.stdout, /^ {2}API server: not trusted; no credential was sent$/m);
	});

	it('by a discovery file names its credential as the cause when the API server does not accept it', async () => {
		const { cert: certificate, key } = await issueElsewhere('u', ['system:masters'], 'client auth');
		const content = writeKubeconfig(userKubeconfig(server(), mesh.ca, 'u', { certificate, key }));
		const config = configFor(file('elsewhere.conf', content));
		const { code, stderr } = await runToEnd(plan('elsewhere', ['--config', config]));
		assert.equal(code, 1);
		assert.match(
			stderr,
			/CLUSTER_INFO_UNREACHABLE .*\n {2}most likely: +the credential in the discovery file is invalid/,
		);
	});

	it('by the URL of a discovery file verifies the server of the URL with the CAs of the machine', async () => {
		const content = writeKubeconfig(userKubeconfig(server(), mesh.ca, 'u', { token }));
		const web = createServer(
			{ cert: mesh.pki('apiserver-sim/server.crt'), key: mesh.pki('apiserver-sim/server.key') },
			({ url }, response) => void response.writeHead(url === '/conf' ? 200 : 404).end(content),
		).listen(0, '127.0.0.1');
		await new Promise((resolve) => web.once('listening', resolve));
		const base = `https://127.0.0.1:${(web.address() as AddressInfo).port}`;
		const trusting = { NODE_EXTRA_CA_CERTS: join(mesh.state, 'pki/admin/ca.crt') };
		try {
			const stranger = await runToEnd(plan('by-url', ['--discovery-file', `${base}/conf`]));
			assert.match(stranger.stderr, /Get "https:.*\/conf": .*\n {2}code: {10}DISCOVERY_FILE_INVALID/);
			const absent = await runToEnd(plan('by-url', ['--discovery-file', `${base}/none`], trusting));
			assert.match(
				absent.stderr,
				/error trying to fetch discovery kubeconfig over HTTPS from https:.*\/none, received status 404$/m,
			);
			assert.deepEqual(await joined('by-url', ['--discovery-file', `${base}/conf`], trusting), phases);
		} finally {
			web.close();
			web.closeAllConnections();
		}
	});

	it('by a discovery file sends no token to a server of another CA', async () => {
		const content = writeKubeconfig(userKubeconfig(`https://${falseServer.endpoint}`, mesh.ca, 'u', { token }));
		const config = configFor(file('foreign.conf', content));
		const { code, stderr } = await runToEnd(plan('foreign', ['--config', config]));
		assert.equal(code, 1);
		assert.match(stderr, /code: {10}CLUSTER_INFO_UNREACHABLE \(discovery\/verify-server\)/);
		assert.ok(!falseServer.heard().includes(token.slice(7)));
	});

	it('ends after the phase of --until, and prints who trusts whom', async () => {
		const { code, stdout } = await runToEnd(plan('part', [...byToken(), '--until', 'discovery/pin-ca']));
		assert.equal(code, 0);
		assert.ok(
			stdout.endsWith(
				`[join] Stopped after discovery/pin-ca:\n  cluster-info: its author knows the token\n  cluster CA: trusted, ${mesh.pin}\n  API server: not trusted; the token was not sent\n`,
			),
			stdout,
		);
		const unknown = await runToEnd(plan('part', [...byToken(), '--until', 'discovery/none']));
		assert.match(
			unknown.stderr,
			/^error: invalid phase name: discovery\/none\n[\s\S]*do this: +Name one of these phases: /,
		);
	});

	it('continues after --until with the same key', async () => {
		const flags = [...byToken(), '--until', 'tls-bootstrap/create-key'];
		const { stdout } = await runToEnd(plan('continued', flags));
		assert.match(stdout, /token: sent and accepted\n {2}private key: on this node only\n$/);
		assert.equal(existsSync(join(rootOf('continued'), 'etc/kubernetes/bootstrap-kubelet.conf')), false);
		const pki = join(rootOf('continued'), 'var/lib/kubelet/pki');
		const publicKey = (name: string) =>
			createPublicKey(readFileSync(join(pki, name))).export({ type: 'spki', format: 'pem' });
		const kept = publicKey('kubelet-client.key.tmp');
		await joined('continued', byToken());
		assert.equal(publicKey('kubelet-client-current.pem'), kept);
	});

	it('joins without the phases of --skip-phases, and refuses to skip one that later phases need', async () => {
		const skips = ['--skip-phases', 'tls-bootstrap/check-node-name,register'];
		const phases = await joined('skipped', [...byToken(), ...skips], {}, 11);
		assert.equal(phases.at(-1), 'tls-bootstrap/verify-certificate');
		assert.ok(!phases.includes('tls-bootstrap/check-node-name'));
		assert.equal((await mesh.api.nodes.get('skipped')).metadata.name, 'skipped');
		const refused = await runToEnd(
			plan('unskipped', [...byToken(), '--skip-phases', 'discovery', '--skip-phases', 'x']),
		);
		assert.match(refused.stderr, /the phase discovery\/pin-ca cannot be skipped: .*, invalid phase name: x\]/);
		assert.match(
			refused.stderr,
			/do this: +Skip only these phases, or none: tls-bootstrap\/check-node-name, register\n/,
		);
	});

	it('changes nothing with --dry-run', async () => {
		const csrs = async () => (await mesh.api.certificateSigningRequests.list()).items.length;
		const before = await csrs();
		const { code, stdout } = await runToEnd(plan('dry', [...byToken(), '--dry-run']));
		assert.equal(code, 0);
		assert.match(
			stdout,
			/^\[dryrun\] Would write file "var\/lib\/kubelet\/config\.yaml" with content:\napiVersion: kubelet/m,
		);
		assert.match(stdout, /^\[dryrun\] Would create the Node "dry" and its Lease$/m);
		assert.equal(existsSync(rootOf('dry')), false);
		assert.equal(await csrs(), before);
		await assert.rejects(mesh.api.nodes.get('dry'));
		const further = await runToEnd(plan('dry', [...byToken(), '--dry-run', '--until', 'register']));
		assert.match(further.stderr, /JOIN_ARGUMENTS_INVALID/);
	});

	it('is undone by a reset, which keeps the Node and asks before', async () => {
		await joined('undone', byToken());
		const reset = (flags: readonly string[]) =>
			runToEnd({
				...plan('undone', []),
				args: ['reset', '--root', rootOf('undone'), '--node-name', 'undone', ...flags],
			});
		const refused = await reset([]);
		assert.equal(refused.code, 1);
		assert.match(refused.stderr, /won't proceed; the user didn't answer/);
		const kubelet = join(rootOf('undone'), 'var/lib/kubelet');
		const { stdout } = await reset(['--dry-run']);
		assert.match(stdout, /^\[dryrun\] Would delete contents of directories: \[.*\/etc\/kubernetes\/manifests .*\]$/m);
		assert.notDeepEqual(readdirSync(kubelet), []);
		assert.equal((await reset(['--force'])).code, 0);
		assert.deepEqual(readdirSync(kubelet), []);
		assert.deepEqual(readdirSync(join(rootOf('undone'), 'etc/kubernetes')), ['pki']);
		assert.ok(await mesh.api.nodes.get('undone'));
	});
});
