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
import type { Connection, StepDetail, Traffic } from '../../services/observer/api.ts';
import { claimPorts, type PortBlock } from '../ports.ts';
import { type RedisServer, startRedis } from '../redis-server.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';
import { makeRedisFiles } from './redis-files.ts';

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
		return { version, cipher, alpn: protocol, sha256: sha256Of(pem) };
	}
	const sha256Of = (pem: string | Buffer) => new X509Certificate(pem).fingerprint256.replaceAll(':', '');
	const ask = async <T>(path: string): Promise<T> => (await fetch(`${mesh.page}${path}`)).json() as Promise<T>;
	/** The lines of the map, from the stream of the page. */
	async function traffic(): Promise<Traffic> {
		const { body } = await fetch(`${mesh.page}/api/stream`, { signal: AbortSignal.timeout(STREAM_MS) });
		let text = '';
		for await (const chunk of body ?? []) {
			text += Buffer.from(chunk).toString();
			const [, json] = /^event: traffic\ndata: (.*)\n\n/m.exec(text) ?? [];
			if (json !== undefined) return JSON.parse(json);
		}
		return assert.fail(text);
	}
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
				const { sha256, ...rest } = await negotiated(portOf(to), 'h2');
				for (const end of [client, server]) {
					const { version, cipher, alpn } = end ?? assert.fail('an end did not report');
					assert.deepEqual({ version, cipher, alpn }, rest);
					assert.deepEqual([end?.server?.sha256, sha256Of(mesh.pki(folder))], [sha256, sha256]);
				}
			}));

	for (const service of ['apiserver-sim', 'token-store'])
		it(`has what Redis negotiates with ${service}, and the certificates of openssl and the files`, () =>
			eventually(5, async () => {
				const { client } = await ofLine(service, 'redis');
				const { sha256, version, cipher } = await negotiated(redis?.port ?? 0, 'none');
				assert.deepEqual([client?.version, client?.cipher], [version, cipher]);
				assert.deepEqual([client?.server?.sha256, sha256Of(mesh.pki('redis/server.crt'))], [sha256, sha256]);
				assert.equal(client?.client?.sha256, sha256Of(mesh.pki(`${service}/store.crt`)));
			}));

	it('says that spans go to the observer without TLS, where openssl finds none', async () => {
		await eventually(5, async () => {
			const { tls, last } = await find('apiserver-sim', 'observer', 'none');
			assert.deepEqual([tls, last], ['none', undefined]);
		});
		await assert.rejects(negotiated(mesh.port + 3, 'h2'), /no peer certificate available/);
	});
});
