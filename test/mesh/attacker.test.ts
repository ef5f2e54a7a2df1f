/** attacker-sim on a real mesh: its guard rails, its report, its victims, and the effect of stolen credentials. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { whatWasSaid } from '../../chaos/lab/attack-matrix/matrix.ts';
import { type Running, startProgram } from '../../chaos/lab/attack-matrix/start-program.ts';
import { userKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { runProgram } from '../../lib/process-supervisor.ts';
import { issueElsewhere } from './false-server.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';

const program = 'services/attacker-sim/main.js';

interface Report {
	readonly listening: string;
	readonly ownCaPin?: string;
	readonly connections: number;
	readonly bytes: { readonly received: number; readonly sent: number };
	readonly tlsHandshakes: number;
	readonly requests: readonly { readonly method: string }[];
	readonly tokenBytes: number;
	readonly tokensSeen: readonly string[];
	readonly clientCertificates: readonly string[];
	readonly captured: readonly { readonly node: string; readonly serial: string }[];
}

describe('attacker-sim', () => {
	let mesh: TestMesh;
	let token: string;
	let files = 0;
	const running: Running[] = [];
	before(async () => {
		mesh = await startTestMesh();
		token = await mesh.createToken();
	});
	afterEach(async () => {
		for (const one of running.splice(0)) await one.stop();
	});
	after(() => mesh?.stopAndRemove());

	const pkiPath = (path: string) => join(mesh.state, 'pki', path);
	const file = (name: string, contents?: string) => {
		const path = join(mesh.state, `attack-${files++}-${name}`);
		if (contents !== undefined) writeFileSync(path, contents, { mode: 0o600 });
		return path;
	};
	const attack = (...args: string[]) => runProgram({ name: 'attacker-sim', program, args });
	const listenArgs = (mode: string, report: string, ...more: string[]) => {
		const where = [
			'--address',
			'127.0.0.1',
			'--port',
			'0',
			'--target',
			mesh.endpoint,
			'--cluster-ca',
			pkiPath('admin/ca.crt'),
		];
		// commander uses the last value of a repeated option.
		return ['listen', ...where, '--mode', mode, '--report', report, ...more];
	};
	const readReport = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Report;
	async function start(mode: string, ...more: string[]) {
		const path = file('report.json');
		const attacker = await startProgram(program, listenArgs(mode, path, ...more));
		assert.equal(attacker.hasEnded, false, attacker.output());
		running.push(attacker);
		return { attacker, path, report: () => readReport(path), endpoint: readReport(path).listening };
	}
	/** Runs a node with its own files, and stops it after the join. */
	async function meet(name: string, bootstrapToken: object, healthz: number) {
		const config = file('join.json');
		const document = {
			apiVersion: 'kubeadm.k8s.io/v1beta4',
			kind: 'JoinConfiguration',
			discovery: { bootstrapToken },
			timeouts: { discovery: '2s' },
		};
		writeFileSync(config, JSON.stringify(document), { mode: 0o600 });
		const root = join(mesh.state, 'nodes', name);
		const args = [
			'join',
			'--config',
			config,
			'--node-name',
			name,
			'--root',
			root,
			'--healthz-port',
			String(mesh.port + healthz),
		];
		const node = await startProgram('services/kubelet-sim/main.js', args);
		await node.stop();
		return { ...node, root };
	}

	describe('refuses', () => {
		const refusals: readonly (readonly [
			title: string,
			code: string,
			exitCode: number,
			mode: string,
			more: () => string[],
			says: RegExp,
		])[] = [
			[
				'a target on the internet',
				'ATTACK_NOT_ALLOWED',
				2,
				'sink',
				() => ['--target', '203.0.113.7:6443'],
				/203\.0\.113\.7 is not this machine/,
			],
			[
				'a target with a name of its own',
				'ATTACK_NOT_ALLOWED',
				2,
				'sink',
				() => ['--target', 'example.com:6443'],
				/example\.com is not this machine/,
			],
			[
				'a target that shows a certificate of another CA',
				'ATTACK_NOT_ALLOWED',
				2,
				'relay',
				() => ['--cluster-ca', pkiPath('apiserver-sim/mesh-ca.crt')],
				/is not an apiserver-sim with a certificate of this cluster CA/,
			],
			[
				'a target that is another service',
				'ATTACK_NOT_ALLOWED',
				2,
				'relay',
				() => ['--target', `127.0.0.1:${mesh.port + 1}`],
				/is not an apiserver-sim with a certificate of this cluster CA/,
			],
			[
				'a target without a listener',
				'ATTACK_NOT_ALLOWED',
				2,
				'relay',
				() => ['--target', `127.0.0.1:${mesh.port + 48}`],
				/is not an apiserver-sim with a certificate of this cluster CA/,
			],
			[
				'to listen on every address',
				'ATTACK_NOT_ALLOWED',
				2,
				'sink',
				() => ['--address', '0.0.0.0'],
				/0\.0\.0\.0 is not loopback/,
			],
			[
				'forge-signed without a token',
				'ATTACK_POWER_MISSING',
				3,
				'forge-signed',
				() => [],
				/needs a stolen bootstrap token \(P1\)/,
			],
			[
				'impersonate with a token only',
				'ATTACK_POWER_MISSING',
				3,
				'impersonate',
				() => ['--token-file', file('t', token)],
				/key of the cluster's CA \(P3\)/,
			],
			['a mode that there is not', 'ATTACK_ARGUMENTS_INVALID', 3, 'destroy', () => [], /--mode destroy is unknown/],
			[
				'a token file without a token',
				'ATTACK_ARGUMENTS_INVALID',
				3,
				'forge-signed',
				() => ['--token-file', file('t', 'x')],
				/does not contain a bootstrap token/,
			],
			[
				'a key that is not the CA’s',
				'CERTIFICATE_MALFORMED',
				1,
				'impersonate',
				() => ['--ca-key-file', pkiPath('apiserver-sim/server.key')],
				/another certificate/,
			],
		];
		for (const [title, code, exitCode, mode, more, says] of refusals) {
			it(`${title}: ${code}, exit code ${exitCode}`, async () => {
				const report = file('report.json');
				const result = await attack(...listenArgs(mode, report, ...more()));
				assert.match(result.stderr, new RegExp(`^ +code: +${code}$`, 'm'));
				assert.match(result.stderr, says);
				assert.match(result.stderr, /^ +do this: +\S/m);
				assert.equal(result.code, exitCode);
				assert.equal(existsSync(report), false);
			});
		}
	});

	it('a relay at an address that the certificate lacks fails the name check and reads nothing', async () => {
		const { endpoint, report, attacker } = await start('relay', '--address', '127.0.0.2');
		const node = await meet('node-relay', { apiServerEndpoint: endpoint, token, caCertHashes: [mesh.pin] }, 907);
		const { code, said } = whatWasSaid(node.output());
		assert.equal(code, 'CLUSTER_INFO_UNREACHABLE');
		assert.match(said, /x509: certificate is valid for .*127\.0\.0\.1.*, not 127\.0\.0\.2/);
		await attacker.stop();
		const { connections, bytes, tokenBytes, tlsHandshakes } = report();
		assert.ok(connections >= 2 && bytes.received > 0 && bytes.sent > 0, JSON.stringify(report()));
		assert.deepEqual([tokenBytes, tlsHandshakes], [0, 0]);
	});

	it('a sink accepts connections, counts bytes and never answers', async () => {
		const { endpoint, report } = await start('sink');
		const [host, port] = endpoint.split(':');
		const socket = createConnection({ host: host ?? '', port: Number(port) });
		let answer = 0;
		socket.on('data', (chunk) => {
			answer += chunk.length;
		});
		socket.write('x'.repeat(100));
		await eventually(5, () =>
			assert.deepEqual([report().connections, report().bytes], [1, { received: 100, sent: 0 }]),
		);
		socket.destroy();
		assert.equal(answer, 0);
	});

	it('captures a node that has the attacker’s pin, and reports it without the secret', async () => {
		const { report, endpoint, path, attacker } = await start('forge-signed', '--token-file', file('token', token));
		const pin = report().ownCaPin ?? '';
		const node = await meet('node-caught', { apiServerEndpoint: endpoint, token, caCertHashes: [pin] }, 908);
		assert.equal(node.hasEnded, false, node.output());
		assert.match(node.output(), /This node has joined the cluster/);
		await eventually(5, () => assert.match(attacker.output(), /Leases\/Create/));
		await attacker.stop();
		const { captured, tokenBytes, tokensSeen, clientCertificates, requests, tlsHandshakes } = report();
		assert.deepEqual(
			captured.map(({ node: name }) => name),
			['node-caught'],
		);
		assert.match(captured[0]?.serial ?? '', /^[0-9a-f]{32}$/);
		assert.deepEqual([tokensSeen, clientCertificates], [[token.slice(0, 6)], ['system:node:node-caught']]);
		assert.ok(tokenBytes > 0 && tokenBytes % 16 === 0 && tlsHandshakes >= 3, JSON.stringify(report()));
		for (const method of [
			'ConfigMaps/Get',
			'Nodes/Get',
			'CertificateSigningRequests/Create',
			'Nodes/Create',
			'Leases/Create',
		])
			assert.ok(
				requests.some((request) => request.method === `/kubejoin.v1.${method}`),
				`${method} was not heard`,
			);
		assert.equal(statSync(path).mode & 0o777, 0o600);
		assert.match(attacker.output(), /CAPTURED node-caught/);
		assert.match(attacker.output(), /THIS IS AN ATTACKER/);
		for (const text of [readFileSync(path, 'utf8'), attacker.output()])
			assert.ok(!text.includes(token.slice(7)), 'the report contains the secret');
		const genuine = (await mesh.api.nodes.list()).items.map(({ metadata }) => metadata.name);
		assert.ok(!genuine.includes('node-caught'), 'the node is in the genuine cluster as well');
	});

	it('gets no token at the address of the genuine document: TLS fails, also for a node without a pin', async () => {
		const before = await mesh.api.configMaps.get('cluster-info', 'kube-public');
		const { endpoint, report, attacker } = await start('replay');
		const named = (server: string) => (before.data?.kubeconfig ?? '').replace(mesh.endpoint, server);
		await mesh.api.configMaps.update({ ...before, data: { kubeconfig: named(endpoint) } });
		try {
			await eventually(10, async () => {
				const { data = {} } = await mesh.api.configMaps.get('cluster-info', 'kube-public');
				assert.ok(data[`jws-kubeconfig-${token.slice(0, 6)}`], 'cluster-info has no new signature yet');
			});
			const node = await meet(
				'node-replay',
				{ apiServerEndpoint: endpoint, token, unsafeSkipCAVerification: true },
				909,
			);
			assert.deepEqual(whatWasSaid(node.output()).code, 'PEER_REFUSED');
			assert.match(node.output(), /x509: certificate signed by unknown authority/);
			await attacker.stop();
			assert.equal(report().tokenBytes, 0);
			assert.ok(report().connections >= 2, 'the node never came back');
		} finally {
			const now = await mesh.api.configMaps.get('cluster-info', 'kube-public');
			await mesh.api.configMaps.update({ ...now, data: { kubeconfig: named(mesh.endpoint) } });
		}
	});

	describe('request-certificate', () => {
		const kubelet = ['--signer', 'kubernetes.io/kube-apiserver-client-kubelet'];
		const asNode = (name: string) => [
			...kubelet,
			'--common-name',
			`system:node:${name}`,
			'--organization',
			'system:nodes',
		];
		const ask = (stolen: readonly string[], ...args: string[]) =>
			attack(
				'request-certificate',
				'--target',
				mesh.endpoint,
				'--cluster-ca',
				pkiPath('admin/ca.crt'),
				...stolen,
				...args,
			);
		const withToken = () => ['--token-file', file('token', token)];
		const outcome = ({ stdout }: { stdout: string }) => stdout.split('\n')[0] ?? '';

		it('with a token gets a valid certificate for any node name, as upstream', async () => {
			const out = file('loot');
			const result = await ask(withToken(), ...asNode('somebody-else'), '--out', out);
			assert.match(outcome(result), /^outcome: issued serial [0-9a-f]{32}$/, result.stdout + result.stderr);
			assert.match(result.stdout, /^request: csr-\w+$/m);
			assert.equal(statSync(join(out, 'client.key')).mode & 0o777, 0o600);
			const used = await attack(
				'use-certificate',
				'--target',
				mesh.endpoint,
				'--cluster-ca',
				pkiPath('admin/ca.crt'),
				'--kubeconfig',
				join(out, 'client.conf'),
			);
			assert.match(
				outcome(used),
				/^outcome: accepted as system:node:somebody-else, groups system:nodes, system:authenticated$/,
			);
			assert.match(used.stdout, /^own node somebody-else: API_NOT_FOUND: nodes "somebody-else" not found$/m);
			assert.deepEqual([result.code, used.code], [0, 0]);
		});

		it('with a stolen kubelet.conf (P2) gets no approval for another node', async () => {
			const out = file('loot');
			await ask(withToken(), ...asNode('thief'), '--out', out);
			const result = await ask(['--kubeconfig', join(out, 'client.conf')], ...asNode('victim'), '--wait', '1s');
			assert.match(outcome(result), /^outcome: (pending|refused API_FORBIDDEN: .*)$/, result.stdout + result.stderr);
			const own = await ask(['--kubeconfig', join(out, 'client.conf')], ...asNode('thief'));
			assert.match(outcome(own), /^outcome: issued serial /, own.stdout + own.stderr);
		});

		it('for system:masters ends with API_FORBIDDEN and the text of the admission plugin', async () => {
			const signer = [
				'--signer',
				'kubernetes.io/kube-apiserver-client',
				'--common-name',
				'eve',
				'--organization',
				'system:masters',
			];
			const result = await ask(withToken(), ...signer);
			assert.match(
				outcome(result),
				/^outcome: refused API_FORBIDDEN: .*use of kubernetes\.io\/kube-apiserver-client signer with system:masters group is not allowed$/,
			);
			assert.equal(result.code, 0);
		});

		it('reports pending, denied, and failed with the reason of the signer', async () => {
			const odd = ['--signer', 'kubernetes.io/kube-apiserver-client', '--common-name', 'eve'];
			assert.equal(outcome(await ask(withToken(), ...odd, '--wait', '500ms')), 'outcome: pending');
			const decide = async (type: string, commonName: string, args: string[]) => {
				const asked = ask(withToken(), ...args);
				await eventually(10, async () => {
					const { items } = await mesh.api.certificateSigningRequests.list();
					const csr = items.find(
						({ spec, status }) =>
							status?.conditions === undefined &&
							spec.signerName === args[1] &&
							spec.username?.startsWith('system:bootstrap:'),
					);
					assert.ok(csr, `there is no request of ${commonName} yet`);
					await mesh.api.certificateSigningRequests.updateApproval({
						...csr,
						status: { conditions: [{ type, status: 'True', reason: 'Test', message: 'by the test' }] },
					});
				});
				return outcome(await asked);
			};
			for (const { metadata } of (await mesh.api.certificateSigningRequests.list()).items)
				await mesh.api.certificateSigningRequests.delete(metadata.name ?? '');
			assert.equal(await decide('Denied', 'eve', odd), 'outcome: denied Test: by the test');
			assert.equal(
				await decide('Approved', 'eve', [...kubelet, '--common-name', 'eve', '--organization', 'system:nodes']),
				'outcome: failed SignerValidationFailure: subject common name does not begin with system:node:',
			);
		});

		it('with an invalid token ends with API_UNAUTHORIZED', async () => {
			const result = await ask(['--token-file', file('token', 'aaaaaa.0123456789abcdef')], ...asNode('x'));
			assert.equal(outcome(result), 'outcome: refused API_UNAUTHORIZED: Unauthorized');
		});

		it('without a credential, or with two, ends with ATTACK_ARGUMENTS_INVALID and exit code 3', async () => {
			for (const stolen of [[], [...withToken(), '--kubeconfig', 'x']]) {
				const result = await ask(stolen, ...asNode('x'));
				assert.match(result.stderr, /ATTACK_ARGUMENTS_INVALID/);
				assert.equal(result.code, 3);
			}
		});
	});

	it('use-certificate with a certificate of another CA ends with API_UNAUTHORIZED', async () => {
		const { cert, key } = await issueElsewhere('system:node:node-1', ['system:nodes'], 'client auth');
		const kubeconfig = file(
			'kubelet.conf',
			writeKubeconfig(userKubeconfig(`https://${mesh.endpoint}`, mesh.ca, 'x', { certificate: cert, key })),
		);
		const result = await attack(
			'use-certificate',
			'--target',
			mesh.endpoint,
			'--cluster-ca',
			pkiPath('admin/ca.crt'),
			'--kubeconfig',
			kubeconfig,
		);
		assert.deepEqual([result.stdout, result.code], ['outcome: refused API_UNAUTHORIZED: Unauthorized\n', 0]);
	});

	describe('call-service', () => {
		const callAs = async (service: string, offset: number, ca: string, shown: string, ...more: string[]) => {
			const target = ['--service', service, '--target', `127.0.0.1:${mesh.port + offset}`, '--ca', pkiPath(ca)];
			const result = await attack(
				'call-service',
				...target,
				'--cert',
				pkiPath(`${shown}.crt`),
				'--key',
				pkiPath(`${shown}.key`),
				...more,
			);
			assert.equal(result.code, 0, result.stderr);
			return result.stdout.split('\n')[0] ?? '';
		};
		const meshCa = 'apiserver-sim/mesh-ca.crt';

		it('as apiserver-sim at ca-service ends with CALLER_DENIED and the allowed callers', async () => {
			const said = await callAs('ca-service', 1, meshCa, 'apiserver-sim/token-store-client');
			assert.match(
				said,
				/^outcome: refused CALLER_DENIED: apiserver-sim may not call .*CertificateAuthority\/Sign; allowed: system:kube-controller-manager$/,
			);
		});
		it('as controller-manager-sim at ca-service succeeds: the call can detect a missing check', async () => {
			assert.equal(
				await callAs('ca-service', 1, meshCa, 'controller-manager-sim/mesh-client'),
				'outcome: answered CertificateAuthority/Sign',
			);
		});
		it('with a certificate of the cluster CA at ca-service fails in the handshake', async () => {
			assert.match(
				await callAs('ca-service', 1, meshCa, 'apiserver-sim/server'),
				/^outcome: refused CLIENT_CERTIFICATE_REFUSED: /,
			);
		});
		it('as controller-manager-sim at token-store ends with CALLER_DENIED', async () => {
			assert.match(
				await callAs('token-store', 2, meshCa, 'controller-manager-sim/mesh-client'),
				/^outcome: refused CALLER_DENIED: /,
			);
		});
		it('with a mesh certificate at the API server ends with API_UNAUTHORIZED', async () => {
			assert.equal(
				await callAs('apiserver-sim', 0, 'admin/ca.crt', 'apiserver-sim/token-store-client'),
				'outcome: refused API_UNAUTHORIZED: Unauthorized',
			);
		});
		it('at an unverified server ends with PEER_REFUSED and sends nothing', async () => {
			assert.match(
				await callAs('ca-service', 1, 'admin/ca.crt', 'apiserver-sim/token-store-client'),
				/^outcome: refused PEER_REFUSED: /,
			);
		});
		it('with an unknown method ends with ATTACK_ARGUMENTS_INVALID', async () => {
			const named = [
				'--cert',
				pkiPath('apiserver-sim/server.crt'),
				'--key',
				pkiPath('apiserver-sim/server.key'),
				'--ca',
				pkiPath(meshCa),
			];
			const result = await attack(
				'call-service',
				'--service',
				'ca-service',
				'--target',
				mesh.endpoint,
				...named,
				'--method',
				'Steal',
			);
			assert.match(result.stderr, /--method Steal is not a unary method/);
			assert.equal(result.code, 3);
		});
	});
});
