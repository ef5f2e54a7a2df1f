/** Connections as the page shows them, against the files on disk and `openssl s_client` at the same port. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { servicePorts } from '../../scripts/mesh/services.ts';
// biome-ignore lint/style/noRestrictedImports: types, those of the answers that the page reads
import type { Connection, Join, Step, StepDetail, Traffic } from '../../services/observer/api.ts';
import { claimPorts, type PortBlock } from '../ports.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { newPage, requireBrowser, startBrowser } from './browser.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';
import { makeRedisFiles } from './redis-files.ts';
import { joinOverRest, sendHttp1, sendHttp2 } from './rest-node.ts';

const run = promisify(execFile);
const STREAM_MS = 2_000;

describe('the connections of the page, on Redis', () => {
	const state = mkdtempSync(join(tmpdir(), 'kubejoin-'));
	let block: PortBlock;
	let redis: RedisServer | undefined;
	let mesh: TestMesh;

	before(async function () {
		block = await claimPorts();
		const { port } = block;
		redis = await startRedis(await makeRedisFiles(state, port));
		if (redis === undefined) return this.skip();
		mesh = await startTestMesh({ state, port, store: redis.url, observer: { story: 'off' } });
		await mesh.startNode('node-1', 0, mesh.joinConfig({ token: await mesh.createToken(), discovery: '30s' }));
	});
	after(async () => {
		await mesh?.stopAndRemove();
		await redis?.stop();
		block.release();
	});

	/** What another implementation of TLS negotiates, and the certificate that it receives. */
	async function negotiated(port: number, alpn: string) {
		const command = `openssl s_client -connect 127.0.0.1:${port} -alpn ${alpn} </dev/null 2>&1 || true`;
		const { stdout } = await run('sh', ['-c', command]);
		const [, version, cipher] = /New, TLSv([\d.]+), Cipher is (\w+)/.exec(stdout) ?? assert.fail(stdout);
		const [pem] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(stdout) ?? assert.fail(stdout);
		const [, protocol] = /ALPN protocol: (\S+)/.exec(stdout) ?? [];
		return { version, cipher, alpn: protocol, sha256: sha256Of(pem), serial: serialOf(pem) };
	}
	const sha256Of = (pem: string | Buffer) => new X509Certificate(pem).fingerprint256.replaceAll(':', '');
	const serialOf = (pem: string) => new X509Certificate(pem).serialNumber.toLowerCase();
	const ask = async <T>(path: string): Promise<T> => (await fetch(`${mesh.page}${path}`)).json() as Promise<T>;
	/** The data of an event of a stream of the page. */
	async function event<T>(path: string, kind: string, isWanted: (data: T) => boolean = () => true): Promise<T> {
		const { body } = await fetch(`${mesh.page}${path}`, { signal: AbortSignal.timeout(STREAM_MS) });
		const events = new RegExp(`^event: ${kind}\ndata: (.*)\n\n`, 'gm');
		let text = '';
		try {
			for await (const chunk of body ?? []) {
				text += Buffer.from(chunk).toString();
				const found = [...text.matchAll(events)].map(([, json = '']): T => JSON.parse(json)).find(isWanted);
				if (found !== undefined) return found;
			}
		} catch {
			// The stream has no end.
		}
		return assert.fail(`no such ${kind}: ${text}`);
	}
	const traffic = () => event<Traffic>('/api/stream', 'traffic');
	async function connectionOf(join = '', step = ''): Promise<Connection> {
		const detail = await ask<StepDetail>(`/api/joins/${join}/steps/${step}`);
		return detail.connection ?? assert.fail(JSON.stringify(detail));
	}
	const find = async (from: string, to: string, tls: string) => {
		const { lines: all } = await traffic();
		const summary = all.map((line) => `${line.from} ${line.to} ${line.tls}`).join('\n');
		return all.find((line) => line.from === from && line.to === to && line.tls === tls) ?? assert.fail(summary);
	};
	const portOf = (name: string) =>
		servicePorts(mesh.options).find(({ service }) => service === name)?.port ?? assert.fail(name);

	async function ofLine(from: string, to: string): Promise<Connection> {
		const { last } = await find(from, to, 'mutual');
		return connectionOf(last?.join, last?.id);
	}

	for (const [from, to, folder] of [
		['apiserver-sim', 'token-store', 'token-store/server.crt'],
		['controller-manager-sim', 'ca-service', 'ca-service/server.crt'],
		['controller-manager-sim', 'apiserver-sim', 'apiserver-sim/server.crt'],
	] as const)
		it(`has what ${to} negotiates, at both ends of its line from ${from}`, () =>
			eventually(5, async () => {
				const { client, server } = await ofLine(from, to);
				const { sha256, serial: _, ...rest } = await negotiated(portOf(to), 'h2');
				for (const end of [client, server]) {
					const { version, cipher, alpn } = end ?? assert.fail('an end did not report');
					assert.deepEqual({ version, cipher, alpn }, rest);
					assert.deepEqual([end?.server?.sha256, sha256Of(mesh.pki(folder))], [sha256, sha256]);
				}
			}));

	for (const service of ['apiserver-sim', 'token-store'])
		it(`has the TLS parameters of Redis and ${service}, and the certificates of openssl and the files`, () =>
			eventually(5, async () => {
				const { client } = await ofLine(service, 'redis');
				const { sha256, version, cipher } = await negotiated(redis?.port ?? 0, 'none');
				assert.deepEqual([client?.version, client?.cipher], [version, cipher]);
				assert.deepEqual([client?.server?.sha256, sha256Of(mesh.pki('redis/server.crt'))], [sha256, sha256]);
				assert.equal(client?.client?.sha256, sha256Of(mesh.pki(`${service}/store.crt`)));
			}));

	for (const [alpn, sender] of [
		['http/1.1', sendHttp1],
		['h2', sendHttp2],
	] as const)
		it(`has the TLS parameters of a client of the REST API over ${alpn}, and the certificates of both`, async () => {
			const node = `rest-${alpn.replace(/\W/g, '-')}`;
			const send = sender(mesh.endpoint, mesh.ca);
			const { cert } = await joinOverRest(send, node, { token: await mesh.createToken() });
			const { sha256, serial: _, ...rest } = await negotiated(mesh.port, alpn);
			assert.equal(rest.alpn, alpn);
			await eventually(20, async () => {
				const isJoined = (join: Join) => join.node === node && join.state === 'joined';
				const { id } = await event<Join>('/api/stream', 'join', isJoined);
				for (const [label, tls, own] of [
					['get configmaps kube-system/kubeadm-config', 'one-way', undefined],
					['create nodes', 'mutual', sha256Of(cert)],
				]) {
					const isRequest = (step: Step) => step.label === label && step.tls === tls;
					const step = await event<Step>(`/api/joins/${id}/stream`, 'step', isRequest);
					const { server } = await connectionOf(id, step.id);
					const { version, cipher, alpn: chosen } = server ?? assert.fail('the server did not report');
					assert.deepEqual({ version, cipher, alpn: chosen }, rest);
					assert.deepEqual([server?.server?.sha256, sha256Of(mesh.pki('apiserver-sim/server.crt'))], [sha256, sha256]);
					assert.equal(server?.client?.sha256, own);
				}
			});
		});

	it('draws the version, cipher and serial numbers of openssl and the files in the panel of a line', async function () {
		requireBrowser(this);
		const browser = await startBrowser();
		try {
			const page = await newPage(browser);
			await page.goto(`${mesh.page}/#/map/controller-manager-sim~ca-service`);
			const serial = (side: string) => page.locator('.end', { hasText: `${side} · ` }).locator('[title]');
			const shown = async (name: string) =>
				page.locator('.checks tr', { hasText: name }).locator('td').first().textContent();
			await serial('Server').waitFor();
			const serials = await Promise.all(['Client', 'Server'].map((side) => serial(side).getAttribute('title')));
			const { version, cipher, alpn, serial: presented } = await negotiated(portOf('ca-service'), 'h2');
			const files = ['controller-manager-sim/mesh-client.crt', 'ca-service/server.crt'].map((file) =>
				serialOf(mesh.pki(file)),
			);
			assert.deepEqual([serials, serials[1]], [files, presented]);
			const rows = await Promise.all(['Protocol', 'Cipher', 'ALPN'].map(shown));
			assert.deepEqual(rows, [`TLS ${version}`, cipher, alpn]);
		} finally {
			await browser.close();
		}
	});

	it('says that spans go to the observer without TLS, where openssl finds none', async () => {
		await eventually(5, async () => {
			const { tls, last } = await find('apiserver-sim', 'observer', 'none');
			assert.deepEqual([tls, last], ['none', undefined]);
		});
		await assert.rejects(negotiated(mesh.port + 3, 'h2'), /no peer certificate available/);
	});
});
