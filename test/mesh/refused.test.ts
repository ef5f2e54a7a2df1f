/** Refused joins on a real mesh: each has its code, and a server that is not verified never receives the token. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ErrorCode } from '../../lib/errors.ts';
import { signDetached } from '../../lib/pki/jws.ts';
import { type FalseServer, startFalseServer } from './false-server.ts';
import { type JoinOptions, runToEnd, startTestMesh, type TestMesh } from './mesh.ts';

describe('a join', () => {
	let mesh: TestMesh;
	let falseServer: FalseServer;
	before(async () => {
		mesh = await startTestMesh();
		falseServer = await startFalseServer();
	});
	after(async () => {
		await falseServer?.close();
		await mesh?.stopAndRemove();
	});

	async function refused(code: ErrorCode, phase: string, options: JoinOptions, exitCode = 1): Promise<string> {
		const result = await mesh.joinAndFail(options);
		assert.match(
			result.stderr,
			new RegExp(`^  code:          ${code}${phase === '' ? '' : ` \\(${phase}\\)`}$`, 'm'),
			result.stderr,
		);
		assert.match(result.stderr, /^ {2}most likely: {3}\S.*\n( {2}also possible: \S.*\n){0,3} {2}do this: {7}\S/m);
		assert.equal(result.code, exitCode);
		const secret = options.token.split('.')[1];
		if (secret !== undefined)
			assert.ok(!(result.stdout + result.stderr).includes(secret), 'the output contains the token');
		assert.equal(
			existsSync(join(mesh.state, 'nodes', options.nodeName ?? 'refused', 'etc/kubernetes/kubelet.conf')),
			false,
		);
		return result.stderr;
	}

	it('with an unknown token fails with CLUSTER_INFO_UNSIGNED and upstream’s text', async () => {
		const stderr = await refused('CLUSTER_INFO_UNSIGNED', 'discovery/fetch-cluster-info', {
			token: 'aaaaaa.0123456789abcdef',
		});
		assert.ok(
			stderr.startsWith(
				'error: error execution phase preflight: couldn\'t validate the identity of the API Server: could not find a JWS signature in the cluster-info ConfigMap for token ID "aaaaaa"\n',
			),
			stderr,
		);
	});

	it('with an expired token fails with CLUSTER_INFO_UNSIGNED', async () => {
		await refused('CLUSTER_INFO_UNSIGNED', 'discovery/fetch-cluster-info', {
			token: await mesh.createToken({ expiresInMs: -1_000 }),
		});
	});

	it('with a deleted token fails with CLUSTER_INFO_UNSIGNED', async () => {
		const token = await mesh.createToken();
		await mesh.api.secrets.delete(`bootstrap-token-${token.slice(0, 6)}`, { namespace: 'kube-system' });
		await refused('CLUSTER_INFO_UNSIGNED', 'discovery/fetch-cluster-info', { token });
	});

	it('with a wrong token secret fails with CLUSTER_INFO_SIGNATURE_INVALID', async () => {
		const token = await mesh.createToken();
		await refused('CLUSTER_INFO_SIGNATURE_INVALID', 'discovery/verify-signature', {
			token: `${token.slice(0, 7)}0000000000000000`,
			discovery: '10s',
		});
	});

	it('with a token for signing only fails with API_UNAUTHORIZED', async () => {
		const token = await mesh.createToken({ usages: ['signing'] });
		await refused('API_UNAUTHORIZED', 'tls-bootstrap/read-config', { token, discovery: '10s' });
	});

	it('with a malformed token, pin and name reports all of them together and opens no socket', async () => {
		const stderr = await refused('JOIN_ARGUMENTS_INVALID', 'preflight', {
			token: 'nonsense',
			pins: ['md5:00'],
			endpoint: 'https://x',
			nodeName: 'Node_1!',
		});
		for (const told of [
			'the bootstrap token is invalid',
			'unknown hash format "md5"',
			'not HOST:PORT',
			'RFC 1123 subdomain',
		])
			assert.ok(stderr.includes(told), told);
	});

	it('with a pin of another key fails with CA_HASH_MISMATCH and sends no token', async () => {
		const token = await mesh.createToken();
		const stderr = await refused('CA_HASH_MISMATCH', 'discovery/pin-ca', {
			token,
			pins: [`sha256:${'0'.repeat(64)}`],
			discovery: '10s',
		});
		assert.ok(
			stderr.includes(
				`cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "${mesh.pin}" are pinned`,
			),
		);
	});

	it('at a false server that replays the genuine cluster-info fails at discovery/confirm and sends no token', async () => {
		const token = await mesh.createToken();
		const { data = {} } = await mesh.api.configMaps.get('cluster-info', 'kube-public');
		const [id = '', secret = ''] = token.split('.');
		falseServer.answer({ ...data, [`jws-kubeconfig-${id}`]: signDetached(data.kubeconfig ?? '', id, secret) });
		const stderr = await refused('CLUSTER_INFO_UNREACHABLE', 'discovery/confirm', {
			token,
			endpoint: falseServer.endpoint,
		});
		assert.ok(stderr.includes('x509: certificate signed by unknown authority'), stderr);
		assert.match(stderr, /most likely: {3}an attacker in the network replays cluster-info/);
		assert.ok(falseServer.calls() > 0);
		assert.ok(!falseServer.heard().includes(secret), 'the token was sent to a server that had not earned it');
	});

	it('with an altered cluster-info fails with CLUSTER_INFO_SIGNATURE_INVALID and sends no token', async () => {
		const token = await mesh.createToken();
		const { data = {} } = await mesh.api.configMaps.get('cluster-info', 'kube-public');
		const [id = '', secret = ''] = token.split('.');
		const signature = signDetached(data.kubeconfig ?? '', id, secret);
		falseServer.answer({
			kubeconfig: data.kubeconfig?.replace(mesh.endpoint, falseServer.endpoint) ?? '',
			[`jws-kubeconfig-${id}`]: signature,
		});
		await refused('CLUSTER_INFO_SIGNATURE_INVALID', 'discovery/verify-signature', {
			token,
			endpoint: falseServer.endpoint,
		});
		assert.ok(!falseServer.heard().includes(secret));
	});

	it('with a second CA appended by a token holder fails with CA_HASH_MISMATCH and sends no token', async () => {
		const token = await mesh.createToken();
		const { data = {} } = await mesh.api.configMaps.get('cluster-info', 'kube-public');
		const [id = '', secret = ''] = token.split('.');
		const both = Buffer.from(mesh.ca + falseServer.ca).toString('base64');
		const kubeconfig = (data.kubeconfig ?? '')
			.replace(/certificate-authority-data: \S+/, `certificate-authority-data: ${both}`)
			.replace(mesh.endpoint, falseServer.endpoint);
		falseServer.answer({ kubeconfig, [`jws-kubeconfig-${id}`]: signDetached(kubeconfig, id, secret) });
		await refused('CA_HASH_MISMATCH', 'discovery/pin-ca', { token, endpoint: falseServer.endpoint });
		assert.ok(!falseServer.heard().includes(secret));
	});

	it('with the name of a Ready node fails with NODE_NAME_TAKEN', async () => {
		await mesh.startNode('taken', 1, mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' }));
		const elsewhere = { token: await mesh.createToken(), discovery: '20s' };
		const args = [
			'join',
			'--config',
			mesh.joinConfig(elsewhere),
			'--node-name',
			'taken',
			'--root',
			join(mesh.state, 'nodes', 'other'),
			'--healthz-port',
			'0',
		];
		const result = await runToEnd({ name: 'taken', program: 'services/kubelet-sim/main.js', args });
		assert.match(result.stderr, /code: {10}NODE_NAME_TAKEN \(tls-bootstrap\/check-node-name\)/);
		assert.match(
			result.stderr,
			/^error: error execution phase kubelet-start: a Node with name "taken" and status "Ready" already exists in the cluster\. /,
		);
		assert.equal(
			existsSync(join(mesh.state, 'nodes', 'other', 'var/lib/kubelet/pki/kubelet-client-current.pem')),
			false,
		);
	});

	it('with an unknown setting fails with CONFIG_INVALID and exit code 2', async () => {
		const result = await runToEnd({
			name: 'x',
			program: 'services/token-store/main.js',
			settings: { TOKEN_LIFETIME: '1' },
		});
		assert.match(result.stdout, /CONFIG_INVALID/);
		assert.match(result.stdout, /KUBEJOIN_TOKEN_LIFETIME is not a setting of this program/);
		assert.equal(result.code, 2);
	});

	it('is impossible without Redis: the service exits with STORE_UNAVAILABLE and exit code 1', async () => {
		const file = (path: string) => join(mesh.state, 'pki', 'token-store', path);
		const settings = {
			STORE_URL: `redis://127.0.0.1:${mesh.port + 45}`,
			TLS_CERT_FILE: file('server.crt'),
			TLS_KEY_FILE: file('server.key'),
			CLIENT_CA_FILE: file('mesh-ca.crt'),
			PORT: String(mesh.port + 46),
			HEALTH_PORT: String(mesh.port + 47),
		};
		const result = await runToEnd({ name: 'x', program: 'services/token-store/main.js', settings });
		assert.match(result.stdout, /STORE_UNAVAILABLE/);
		assert.equal(result.code, 1);
	});
});
