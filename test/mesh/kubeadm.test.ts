/**
 * The real kubeadm: KUBEADM names it, or it is on PATH. It writes below /etc/kubernetes and /var/lib/kubelet, so it
 * runs in a mount namespace in which both are directories of the test, which acts as the kubelet.
 */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { environment } from '../../lib/config.ts';
import { parseKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { currentUser } from '../../lib/kube/kubeconfig-access.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';
import { registerOverRest, sendHttp1 } from './rest-node.ts';

/** Runs a command with the directories of $1 as /etc and /var/lib; only the first is a copy. */
const inNamespace = `
mount --make-rprivate / && cp -a /etc "$1/etc" && mkdir -p "$1/etc/kubernetes" "$1/lib/kubelet" &&
mount --bind "$1/etc" /etc && mount --bind "$1/lib" /var/lib && shift && exec "$@"`;
const FINISH_MS = 120_000;

function findKubeadm(): { readonly path: string } | { readonly missing: string } {
	const path = environment().KUBEADM || 'kubeadm';
	if (spawnSync(path, ['version']).status !== 0) return { missing: 'no kubeadm on PATH or in KUBEADM' };
	const isAllowed = spawnSync('unshare', ['--mount', 'true']).status === 0;
	return isAllowed ? { path } : { missing: 'no right to make a mount namespace' };
}

describe('the real kubeadm', () => {
	let mesh: TestMesh;
	let kubeadm: string;
	let kubelet: ReturnType<typeof createServer>;

	before(async function () {
		const found = findKubeadm();
		if ('missing' in found) {
			process.stderr.write(`${found.missing}: the tests of the real kubeadm are skipped\n`);
			return this.skip();
		}
		kubeadm = found.path;
		const { stdout } = spawnSync(kubeadm, ['version', '-o', 'short'], { encoding: 'utf8' });
		const minor = /^v(1\.\d+)\./.exec(stdout)?.[1] ?? '';
		mesh = await startTestMesh({
			observer: { story: 'off' },
			settings: { 'apiserver-sim': { KUBERNETES_VERSION: minor } },
		});
		kubelet = createServer((_request, response) => void response.end('ok')).listen(0, '127.0.0.1');
		await new Promise((resolve) => kubelet.once('listening', resolve));
		const config = await mesh.api.configMaps.get('kubelet-config', 'kube-system');
		const port = (kubelet.address() as AddressInfo).port;
		const changed = config.data?.kubelet?.replace(/^healthzPort: .*$/m, `healthzPort: ${port}`) ?? '';
		await mesh.api.configMaps.update({ ...config, data: { kubelet: changed } });
	});
	after(async () => {
		kubelet?.close();
		kubelet?.closeAllConnections();
		await mesh?.stopAndRemove();
	});

	const run = (command: string, args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> =>
		new Promise((resolve) => {
			execFile(command, args, { timeout: FINISH_MS }, (error, stdout, stderr) =>
				resolve({ code: error === null ? 0 : Number(error.code ?? -1), stdout, stderr }),
			);
		});
	const token = (...args: readonly string[]) =>
		run(kubeadm, ['token', ...args, '--kubeconfig', join(mesh.state, 'pki/admin/admin.conf')]);
	const rootOf = (node: string): string => join(mesh.state, 'kubeadm', node);
	const joinNode = (node: string, args: readonly string[]) => {
		mkdirSync(rootOf(node), { recursive: true });
		const own = ['--node-name', node, '--ignore-preflight-errors', 'all'];
		const command = [rootOf(node), kubeadm, 'join', ...args, ...own];
		return run('unshare', ['--mount', 'sh', '-c', inNamespace, 'sh', ...command]);
	};

	/** Does the work of a kubelet that kubeadm has started: bootstrap, kubelet.conf, Node. */
	async function actAsKubelet(node: string): Promise<void> {
		const kubernetes = join(rootOf(node), 'etc/kubernetes');
		const bootstrap = join(kubernetes, 'bootstrap-kubelet.conf');
		await eventually(60, () => assert.ok(existsSync(join(rootOf(node), 'lib/kubelet/kubeadm-flags.env'))));
		const bearer = currentUser(parseKubeconfig(readFileSync(bootstrap), bootstrap), bootstrap).token;
		const asToken = { token: bearer ?? assert.fail('no token') };
		const { cert, key } = await registerOverRest(sendHttp1(mesh.endpoint, mesh.ca), node, asToken);
		const base64 = (pem: string) => Buffer.from(pem).toString('base64');
		const user = { 'client-certificate-data': base64(cert), 'client-key-data': base64(key) };
		const cluster = { server: `https://${mesh.endpoint}`, 'certificate-authority-data': base64(mesh.ca) };
		const kubeconfig = {
			apiVersion: 'v1',
			kind: 'Config',
			clusters: [{ name: 'c', cluster }],
			users: [{ name: 'u', user }],
			contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
			'current-context': 'x',
		};
		writeFileSync(join(kubernetes, 'kubelet.conf'), JSON.stringify(kubeconfig));
	}

	it('joins a worker, which the page shows as a join', async () => {
		const id = (await token('create')).stdout.trim();
		const joining = joinNode('real-1', [mesh.endpoint, '--token', id, '--discovery-token-ca-cert-hash', mesh.pin]);
		const [{ code, stdout, stderr }] = await Promise.all([joining, actAsKubelet('real-1')]);
		assert.equal(code, 0, stderr);
		assert.match(stdout, /^This node has joined the cluster:$/m);
		const joined = /"node":"real-1",[^{}]*"state":"joined","phase":"register"/;
		await eventually(20, async () => {
			const { body } = await fetch(`${mesh.page}/api/stream`, { signal: AbortSignal.timeout(5_000) });
			let seen = '';
			try {
				for await (const chunk of body ?? []) {
					seen += Buffer.from(chunk).toString();
					if (joined.test(seen)) return;
				}
			} catch {
				// The stream has no end.
			}
			assert.match(seen, joined);
		});
	});

	it('refuses a wrong pin, and a token that does not exist, with the same texts as kubelet-sim', async () => {
		const id = (await token('create')).stdout.trim();
		const wrongPin = `sha256:${'0'.repeat(64)}`;
		const pinned = await joinNode('real-2', [mesh.endpoint, '--token', id, '--discovery-token-ca-cert-hash', wrongPin]);
		const config = mesh.joinConfig({ token: 'zzzzzz.0123456789abcdef' });
		const unknown = await joinNode('real-3', ['--config', config]);
		for (const [{ code, stderr }, simulated] of [
			[pinned, await mesh.joinAndFail({ token: id, pins: [wrongPin] })],
			[unknown, await mesh.joinAndFail({ token: 'zzzzzz.0123456789abcdef' })],
		] as const) {
			assert.equal(code, 1);
			const [line] = simulated.stderr.split('\n');
			assert.ok(stderr.split('\n').includes(line ?? ''), `${stderr}\n${line}`);
			assert.equal(simulated.code, code);
		}
	});

	it('creates, lists and deletes tokens', async () => {
		const created = (await token('create', '--description', 'by a test')).stdout.trim();
		assert.match(created, /^[a-z0-9]{6}\.[a-z0-9]{16}$/);
		const listed = await token('list');
		assert.match(listed.stdout, new RegExp(`^${created.replace('.', '\\.')} .* by a test `, 'm'));
		const id = created.slice(0, 6);
		assert.equal((await token('delete', id)).stdout, `bootstrap token "${id}" deleted\n`);
		assert.ok(!(await token('list')).stdout.includes(created));
	});
});
