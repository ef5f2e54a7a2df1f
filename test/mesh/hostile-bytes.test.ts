/** Raw bytes at every port of the mesh and of a node: the same processes serve afterwards. */
import assert from 'node:assert/strict';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import type { Child } from '../../lib/process-supervisor.ts';
import { runProgram } from '../../lib/process-supervisor.ts';
import {
	healthPort,
	nodeHealthPort,
	type ServiceName,
	serviceNames,
	servicePorts,
} from '../../scripts/mesh/services.ts';
import { callHeaders, frame, h2Start, KNOWN_PATH, openRaw, openTls, resets } from '../attacks/raw-client.ts';
import { openssl } from '../openssl.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';

const SEED = 20_110;
const ROUNDS = 30;
const all: readonly ServiceName[] = [...serviceNames, 'observer'];

/** Numbers below `limit`, the same in each run. @source mulberry32 */
function seeded(seed: number): (limit: number) => number {
	let state = seed;
	return (limit) => {
		state = (state + 0x6d2b79f5) | 0;
		let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
		mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
		return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
	};
}

const targets = [
	...[
		'//',
		'//evil/healthz',
		'/\\',
		'/%',
		'/%ff',
		'*',
		'?',
		'#',
		'/../..',
		'http://',
		'http://evil/readyz',
		'localhost:1',
	],
	...['/healthz\t', '/[', '/api/joins/%ff/stream', '/api/actions/__proto__', '/v1/traces?', `/${'a'.repeat(20_000)}`],
];
const methods = ['GET', 'POST', 'OPTIONS', 'CONNECT', 'TRACE', 'PRI', 'get', 'HEAD', 'G\0T'];
const heads = [
	...['Host: localhost', 'Host:', 'Host: a\r\nHost: b', 'Host: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade'],
	...['Host: localhost\r\nExpect: 100-continue\r\nContent-Length: 5', 'Host: localhost\r\nExpect: nonsense'],
	...['Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 'Host: localhost\r\nContent-Length: -1'],
	...['Host: localhost\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd'],
	...['Host: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{"'],
];
const kinds: readonly ((pick: (limit: number) => number) => Buffer)[] = [
	(pick) => Buffer.from(Array.from({ length: 1 + pick(2_000) }, () => pick(256))),
	(pick) =>
		Buffer.from(
			`${methods[pick(methods.length)]} ${targets[pick(targets.length)]} HTTP/1.${pick(3)}\r\n${heads[pick(heads.length)]}\r\n\r\n`,
		),
	(pick) => h2Start.subarray(0, pick(h2Start.length)),
	(pick) => Buffer.concat([h2Start, frame('HEADERS', pick(256), pick(5), callHeaders(KNOWN_PATH))]),
	(pick) =>
		Buffer.concat([
			h2Start,
			frame(
				(['DATA', 'HEADERS', 'RST_STREAM', 'SETTINGS', 'PING', 'CONTINUATION'] as const)[pick(6)] ?? 'DATA',
				pick(256),
				pick(7),
				Buffer.from(Array.from({ length: pick(64) }, () => pick(256))),
			),
		]),
	(pick) => Buffer.concat([h2Start, resets(1, pick(40))]),
	(pick) =>
		Buffer.concat([
			Buffer.from([0x16, 3, pick(5), pick(64), pick(256)]),
			Buffer.from(Array.from({ length: pick(600) }, () => pick(256))),
		]),
	() => Buffer.from('GET // HTTP/1.1\r\nHost: localhost\r\n\r\n'),
];

describe('hostile bytes', () => {
	let mesh: TestMesh;
	let node: Child;
	const sockets: Socket[] = [];

	before(async () => {
		mesh = await startTestMesh({ observer: { story: 'off', columns: 80 } });
		node = await mesh.startNode('node-1', 0, mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' }));
	});
	after(async () => {
		for (const socket of sockets) socket.destroy();
		await mesh?.stopAndRemove();
	});

	it('end no process, at any port', async () => {
		const pids = () => [...all.map((name) => mesh.service(name).pid()), node.pid()];
		const before = pids();
		const pick = seeded(SEED);
		const plain = new Set([...all.map((name) => healthPort(mesh.port, name)), nodeHealthPort(mesh.port, 0)]);
		const ports = new Set([...servicePorts(mesh.options).map(({ port }) => port), ...plain]);
		const send = async (socket: Socket, bytes: Buffer): Promise<void> => {
			sockets.push(socket);
			if (pick(2) === 0) socket.end(bytes);
			else socket.write(bytes);
		};
		for (let round = 0; round < ROUNDS; round++) {
			for (const port of ports) {
				const bytes = kinds.map((kind) => kind(pick));
				const target = { host: '127.0.0.1', port };
				await Promise.all(bytes.map((one) => send(openRaw(target), one)));
				if (port <= mesh.port + 2)
					await Promise.all(
						bytes.map(async (one) => send(await openTls(target, pick(2) === 0 ? 'h2' : 'http/1.1'), one)),
					);
			}
			for (const socket of sockets.splice(0, Math.floor(sockets.length / 2))) socket.destroy();
		}
		await mesh.ready();
		for (const port of plain) {
			const response = await eventually(10, () => fetch(`http://127.0.0.1:${port}/readyz`));
			assert.deepEqual([response.status, await response.text()], [200, 'ok']);
		}
		assert.deepEqual(pids(), before);
	});

	for (const version of ['tls1', 'tls1_1'])
		it(`in a handshake of ${version} are refused at every TLS port`, () => {
			for (const offset of [0, 1, 2]) {
				const args = ['s_client', '-connect', `127.0.0.1:${mesh.port + offset}`, '-cipher', 'ALL:@SECLEVEL=0'];
				assert.throws(
					() => openssl([...args, `-${version}`]),
					({ stderr = '' }: { stderr?: string }) => /alert protocol version/.test(stderr),
				);
				openssl([...args, '-tls1_2']);
			}
		});

	it('from a proxy are impossible: no program uses one', async () => {
		let connections = 0;
		const proxy = createServer((socket) => {
			connections += 1;
			socket.destroy();
		}).listen(0, '127.0.0.1');
		await new Promise((resolve) => proxy.once('listening', resolve));
		const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
		const names = ['grpc_proxy', 'http_proxy', 'https_proxy', 'all_proxy'];
		const variables = {
			...Object.fromEntries(names.flatMap((name) => [name, name.toUpperCase()]).map((name) => [name, url])),
			NODE_USE_ENV_PROXY: '1',
		};
		const telemetry = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${mesh.port + 3}` };
		const run = (program: string, ...args: string[]) =>
			runProgram({ name: program, program: `services/${program}.js`, args, variables, telemetry });
		const kubeconfig = ['--kubeconfig', mesh.kubeconfig];
		const attack = ['--cluster-ca', `${mesh.state}/pki/admin/ca.crt`, '--kubeconfig', mesh.kubeconfig];
		const done = await Promise.all([
			run('kubectl-sim/main', ...kubeconfig, 'get', 'nodes'),
			run('kubectl-sim/main', ...kubeconfig, 'version'),
			run('kubectl-sim/main', ...kubeconfig, 'token', 'list'),
			run('attacker-sim/main', 'use-certificate', '--target', mesh.endpoint, ...attack),
			run('observer/watch', 'watch', '--no-follow', '--url', mesh.page),
		]);
		assert.deepEqual(
			done.map(({ code, stderr }) => (code === 0 ? 0 : stderr)),
			[0, 0, 0, 0, 0],
		);
		// With another name and a wrong token, the API server refuses it, not the proxy.
		const config = mesh.joinConfig({ token: 'abcdef.0123456789abcdef' });
		const join = ['join', '--config', config, '--node-name', 'n', '--root', `${mesh.state}/n`, '--healthz-port', '0'];
		assert.match((await run('kubelet-sim/main', ...join)).stderr, /could not find a JWS signature/);
		proxy.close();
		assert.equal(connections, 0);
	});
});
