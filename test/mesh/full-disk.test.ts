/** A full disk causes clear errors and no crash. With free space, joins succeed and none is half done. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../../lib/process-supervisor.ts';
import { nodePlan, type ServiceName, serviceNames } from '../../scripts/mesh/services.ts';
import { mountSmallDisk, type SmallDisk } from '../small-disk.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';

const DISK_MEGABYTES = 64;
/** The stores have free pages in their files, with which a few joins succeed on a full disk. */
const MAX_JOINS = 30;
const services: readonly ServiceName[] = [...serviceNames, 'observer'];

interface Join {
	readonly name: string;
	readonly hasJoined: boolean;
	readonly output: string;
}

describe('on a full disk', () => {
	let disk: SmallDisk | undefined;
	let elsewhere: string;
	let mesh: TestMesh;
	let config: string;
	let pids: readonly (number | undefined)[];
	const joins: Join[] = [];

	before(async function () {
		elsewhere = mkdtempSync(join(tmpdir(), 'kubejoin-elsewhere-'));
		disk = await mountSmallDisk(DISK_MEGABYTES);
		if (disk === undefined) return this.skip();
		mesh = await startTestMesh({ state: join(disk.path, 'state'), observer: { story: 'off', columns: 80 } });
		config = mesh.joinConfig({ token: await mesh.createToken(), discovery: '20s' });
		pids = pidsOfServices();
		assert.ok((await tryJoin('before')).hasJoined);
	});
	afterEach(() => {
		disk?.free();
		assert.deepEqual(pidsOfServices(), pids, 'a service ended');
	});
	after(async () => {
		await mesh?.stopAndRemove();
		disk?.remove();
		rmSync(elsewhere, { recursive: true, force: true });
	});

	const pidsOfServices = () => services.map((name) => mesh.service(name).pid());
	function begin(name: string, state: string) {
		const lines: string[] = [];
		const { observer: _, ...options } = mesh.options;
		const node = launch(nodePlan(name, 'none', config, { ...options, state }), (_name, line) => lines.push(line));
		const ended = async (): Promise<Join> => {
			const hasJoined = await node.started.then(
				() => true,
				() => false,
			);
			node.process.kill('SIGTERM');
			await node.ended;
			const result = { name, hasJoined, output: lines.join('\n') };
			joins.push(result);
			return result;
		};
		return { ended };
	}
	/** A store that is full refuses the request of the node, or a service that signs it, which the service reports. */
	function requireCause(output: string): void {
		// A store can have no space for a moment only: the request is created then, and its answer does not fit.
		if (/code: +STORE_UNAVAILABLE/.test(output)) assert.match(output, /no space is left on the disk of/);
		else {
			assert.match(output, /code: +CSR_TIMEOUT/);
			assert.ok(mesh.lines.some(({ line }) => /STORE_UNAVAILABLE|FILE_UNUSABLE/.test(line)));
		}
	}
	/** @param state  directory of the files of the node; default that of the mesh */
	const tryJoin = (name: string, state = mesh.state): Promise<Join> => begin(name, state).ended();

	it('a join is refused with the cause, and the node joins when there is space', async () => {
		disk?.fill();
		const onDisk = await tryJoin('on-the-disk');
		assert.match(onDisk.output, /no space left on device\n +code: +FILE_UNUSABLE/);
		let refused: Join | undefined;
		for (let index = 0; refused === undefined && index < MAX_JOINS; index++) {
			const result = await tryJoin(`elsewhere-${index}`, elsewhere);
			if (!result.hasJoined) refused = result;
		}
		requireCause(refused?.output ?? 'all joined');
		disk?.free();
		for (const [name, state] of [['on-the-disk'], [refused?.name ?? '', elsewhere]] as const) {
			const { hasJoined, output } = await tryJoin(name, state);
			assert.ok(hasJoined, output);
		}
	});

	it('a join that waits for its certificate completes when there is space', async () => {
		const signer = mesh.service('controller-manager-sim');
		signer.kill('SIGSTOP');
		const known = (await requests()).length;
		const waiting = begin('waiting', elsewhere);
		await eventually(20, async () => assert.equal((await requests()).length, known + 1, 'no request was created'));
		disk?.fill();
		const before = mesh.lines.length;
		signer.kill('SIGCONT');
		await eventually(20, () =>
			assert.ok(
				mesh.lines.slice(before).some(({ line }) => /STORE_UNAVAILABLE|FILE_UNUSABLE/.test(line)),
				'no service reports the full disk',
			),
		);
		disk?.free();
		const { hasJoined, output } = await waiting.ended();
		assert.ok(hasJoined, output);
	});

	it('leaves no join half done', async () => {
		const joined = new Set(joins.filter(({ hasJoined }) => hasJoined).map(({ name }) => name));
		const nodes = (await mesh.api.nodes.list()).items.map(({ metadata }) => metadata.name ?? '');
		assert.deepEqual(nodes.toSorted(), [...joined].sort());
		const certificates = (await requests()).map(({ status }) => status?.certificate);
		assert.ok(!certificates.includes(undefined), 'a request has no certificate');
		const ledger = readFileSync(join(mesh.state, 'ca-service/ledger.jsonl'), 'utf8').trim().split('\n');
		assert.equal(new Set(ledger.map((line) => JSON.parse(line).serial)).size, ledger.length);
		assert.equal(new Set(certificates).size, certificates.length);
	});

	const requests = async () => (await mesh.api.certificateSigningRequests.list()).items;
});
