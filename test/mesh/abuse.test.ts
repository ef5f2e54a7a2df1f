/** Abusive connections leave no open descriptor, and honest clients are served meanwhile. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { limits } from '../../lib/limits.ts';
import { lingering, type Target } from '../attacks/raw-client.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';

/** Connections of each kind, at each port. */
const CONNECTIONS = 30;

describe('abusive connections', () => {
	let mesh: TestMesh;
	let sockets: Socket[];
	const servers = ['apiserver-sim', 'ca-service', 'token-store'] as const;
	const descriptors = (name: (typeof servers)[number]): number =>
		readdirSync(`/proc/${mesh.service(name).pid()}/fd`).length;

	before(async () => {
		mesh = await startTestMesh();
	});
	beforeEach(() => {
		sockets = [];
	});
	afterEach(() => {
		for (const socket of sockets) socket.destroy();
	});
	after(() => mesh?.stopAndRemove());

	function targets(): readonly Target[] {
		const at = (offset: number): Target => ({ host: '127.0.0.1', port: mesh.port + offset });
		return [at(0), at(1), at(2)];
	}

	it('are closed by the servers, and a node joins meanwhile', async () => {
		const before = servers.map(descriptors);
		const config = mesh.joinConfig({ token: await mesh.createToken(), discovery: '60s' });
		const openAll = async (): Promise<void> => {
			for (let index = 0; index < CONNECTIONS; index++) {
				await Promise.all(
					targets().flatMap((target) =>
						Object.values(lingering).map(async (open) => void sockets.push(await open(target))),
					),
				);
			}
		};
		await Promise.all([openAll(), mesh.startNode('honest', 0, config)]);
		// The clients do not close their ends.
		const waitSeconds = (3 * limits.peerAliveTime.value + limits.firstRequestTime.value) / 1_000;
		await eventually(waitSeconds, () => {
			const left = servers.map((name, index) => descriptors(name) - (before[index] ?? 0));
			assert.ok(
				left.every((more) => more < 20),
				`descriptors more than before: ${left.join(', ')}`,
			);
		});
		await mesh.ready();
	});
});
