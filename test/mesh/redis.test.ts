/** The mesh on Redis with TLS, client certificates and an ACL user for each service. Needs redis-server. */
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimPorts, type PortBlock } from '../ports.ts';
import { type RedisServer, type RedisServerOptions, startRedis } from '../redis-server.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';
import { makeRedisFiles } from './redis-files.ts';

describe('a mesh on Redis', () => {
	const state = mkdtempSync(join(tmpdir(), 'kubejoin-'));
	let block: PortBlock;
	let options: RedisServerOptions;
	let redis: RedisServer | undefined;
	let mesh: TestMesh;

	before(async function () {
		block = await claimPorts();
		const { port } = block;
		options = await makeRedisFiles(state, port);
		redis = await startRedis(options);
		if (redis === undefined) return this.skip();
		mesh = await startTestMesh({ state, port, store: redis.url });
	});
	after(async () => {
		await mesh?.stopAndRemove();
		await redis?.stop();
		block.release();
	});

	const join1 = async (name: string, index: number) =>
		mesh.startNode(name, index, mesh.joinConfig({ token: await mesh.createToken(), discovery: '30s' }));
	const readyNodes = async () =>
		(await mesh.api.nodes.list()).items
			.filter(({ status }) =>
				status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True'),
			)
			.map(({ metadata }) => metadata.name);

	it('accepts nodes', async () => {
		await join1('node-1', 0);
		await eventually(5, async () => assert.deepEqual(await readyNodes(), ['node-1']));
	});

	it('keeps acknowledged writes when Redis is killed, and accepts another node', async () => {
		const token = await mesh.createToken();
		const { port: redisPort, kill9 } = redis as RedisServer;
		await kill9();
		redis = await startRedis({ ...options, port: redisPort });
		await eventually(20, () => mesh.ready());
		const { items } = await mesh.api.secrets.list({ namespace: 'kube-system' });
		assert.ok(items.some(({ metadata }) => metadata.name === `bootstrap-token-${token.slice(0, 6)}`));
		await join1('node-2', 1);
		await eventually(20, async () => assert.deepEqual(await readyNodes(), ['node-1', 'node-2']));
	});
});
