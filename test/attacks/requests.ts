/** Malformed requests on every port: none may end a process. */
import assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import type { AttackGroup } from './attack.ts';
import { sendRaw, sendTls, statusOfAnswer, type Target } from './target.ts';

const hostileTargets = [
	'//',
	'///',
	'//evil.example/healthz',
	'/%',
	'/%ff/%c0%af',
	'/%00',
	'/../../etc/passwd',
	'http://[::1',
	'http://user:password@127.0.0.1/healthz',
	'*',
	'/healthz?%',
	`/${'a'.repeat(15_000)}`,
	'/api/joins/%ff/stream',
	'\\',
];

/** A request line with each target and each of these methods, on one port. */
async function sendHostileTargets(send: (bytes: string) => ReturnType<typeof sendRaw>, name: string): Promise<void> {
	for (const target of hostileTargets) {
		for (const method of ['GET', 'HEAD', 'OPTIONS']) {
			const answered = await send(`${method} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
			const status = statusOfAnswer(answered);
			assert.ok(!(status >= 500) || status === 501, `${name}: ${method} ${target.slice(0, 40)} is answered ${status}`);
		}
	}
	for (const line of [
		'CONNECT evil.example:443 HTTP/1.1',
		'GET / HTTP/9.9',
		'GET /',
		'PRI * HTTP/2.0',
		'TRACE / HTTP/1.1',
	]) {
		await send(`${line}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
	}
	for (const headers of [
		'Upgrade: websocket\r\nConnection: upgrade',
		'Expect: 100-continue',
		'Transfer-Encoding: gzip, chunked',
	]) {
		await send(`POST / HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`);
	}
}

const hostileHosts: Readonly<Record<string, string>> = {
	'two hosts': 'Host: localhost\r\nHost: localhost\r\n',
	'two different hosts': 'Host: localhost\r\nhost: evil.example\r\n',
	'a second host after a thousand headers': `Host: localhost\r\n${'A:\r\n'.repeat(1_200)}Host: evil.example\r\n`,
	'no host': '',
	'a host with a path': 'Host: localhost/a\r\n',
	'a host with a blank': 'Host: local host\r\n',
};

async function sendHostileHosts(send: (bytes: string) => ReturnType<typeof sendRaw>, name: string): Promise<void> {
	for (const [what, hosts] of Object.entries(hostileHosts)) {
		const status = statusOfAnswer(await send(`GET /healthz HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`));
		assert.equal(status, 400, `${name}: ${what}`);
	}
}

async function sendNoise({ httpPorts, tlsPorts }: Target): Promise<void> {
	await Promise.all(
		[...httpPorts, ...tlsPorts].map(async ({ port }) => {
			for (const bytes of [
				randomFillSync(Buffer.alloc(4_096)),
				Buffer.from([0x16, 3, 1, 0xff, 0xff, 1]),
				Buffer.alloc(1_024),
			])
				await sendRaw(port, bytes, 200);
		}),
	);
}

export const requests: AttackGroup = {
	name: 'Malformed requests',
	attacks: [
		{
			title: 'send `GET //` and other request targets that no URL parser takes, on every HTTP port',
			attacker: 'network access only',
			result: '400 or 404; the process keeps running',
			async run({ httpPorts }) {
				await Promise.all(
					httpPorts.map(({ name, port }) => sendHostileTargets((bytes) => sendRaw(port, bytes, 1_000), name)),
				);
			},
		},
		{
			title: 'send the same through TLS to the API server',
			attacker: 'network access only',
			result: '4xx; the process keeps running',
			async run({ mesh }) {
				await sendHostileTargets((bytes) => sendTls(mesh.port, bytes, 1_000), 'apiserver-sim');
			},
		},
		{
			title: 'send two hosts, no host, or a malformed one to every HTTP port, and through TLS to the API server',
			attacker: 'network access only',
			result: "400, as Go's server answers",
			async run({ mesh, httpPorts }) {
				for (const { name, port } of httpPorts) await sendHostileHosts((bytes) => sendRaw(port, bytes, 1_000), name);
				await sendHostileHosts((bytes) => sendTls(mesh.port, bytes, 1_000), 'apiserver-sim');
			},
		},
		{
			title: 'send random bytes, half a ClientHello and zeros to every port',
			attacker: 'network access only',
			result: 'connection closed; the process keeps running',
			run: sendNoise,
		},
		{
			title: 'let a web page of another origin, or a DNS name bound to 127.0.0.1, ask the health and trace ports',
			attacker: 'network access only',
			result: '4xx without content',
			async run({ httpPorts }) {
				for (const { name, port } of httpPorts) {
					for (const path of ['/readyz', '/metrics', '/', '/v1/traces']) {
						const bytes = `GET ${path} HTTP/1.1\r\nHost: rebound.example:${port}\r\nConnection: close\r\n\r\n`;
						const status = statusOfAnswer(await sendRaw(port, bytes));
						assert.ok(status >= 400 && status < 500, `${name}: ${path} is answered ${status}`);
					}
				}
			},
		},
	],
};
