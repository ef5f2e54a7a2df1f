import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '../../lib/kube/types.ts';
import { generateKeyPair, type KeyPair } from '../../lib/pki/keys.ts';
import { type FakeContext, fakeContext, nodeObject, requestOf, workerOf } from './context.fixture.ts';
import { STARTED_AT } from './context.ts';
import { fakeDriver } from './drivers/driver.fixture.ts';
import { HALF_JOINED, recordHalfJoined, recordSkew, SKEW_RESULTS } from './faults/clock-skew.ts';
import { ATTEMPTS } from './faults/stolen-credentials.ts';
import { resetMesh, resetNodes } from './reset.ts';
import { flushTokens } from './tokens.ts';

describe('resetMesh', () => {
	it('restores services before nodes, which are removed from the cluster through them', async () => {
		const driver = fakeDriver();
		driver.restored = ['resumed ca-service'];
		driver.left = ['removed the lab'];
		driver.results.resetNodes = ['removed n'];
		assert.equal(await resetMesh(driver), 'resumed ca-service\nremoved n\nremoved the lab');
		assert.deepEqual(driver.done, ['restore', 'resetNodes']);
	});

	it('creates no lab container to find out that there is nothing to restore', async () => {
		const driver = { ...fakeDriver(), labExists: async () => false };
		assert.equal(await resetMesh(driver), 'there was nothing to restore');
		assert.deepEqual(driver.done, ['restore']);
	});
});

describe('resetNodes', () => {
	let keyPair: KeyPair;
	let context: FakeContext;
	before(async () => {
		keyPair = await generateKeyPair('ECDSA-P256');
	});
	const secret = (id: string): Secret => ({
		...{ apiVersion: 'v1', kind: 'Secret', type: 'bootstrap.kubernetes.io/token' },
		metadata: { name: `bootstrap-token-${id}` },
		data: { 'token-id': Buffer.from(id).toString('base64') },
	});
	beforeEach(async () => {
		context = fakeContext();
		for (const name of ['n', 'm']) {
			await context.write(`nodes/${name}.json`, { names: [name], root: join(context.directory, 'nodes', name) });
			context.nodes.push(nodeObject(name, true));
			context.workers.push(workerOf(name));
		}
		context.workers.push(workerOf('attacker', { program: 'attacker-sim' }));
		context.nodes.push(nodeObject('node-1', true));
		context.requests.push(
			requestOf('theirs', 'node-1', keyPair),
			requestOf('stranger', 'x', keyPair, { username: 'system:bootstrap:abcdef' }),
		);
		context.secrets.push(secret('others'));
		await flushTokens(context);
		context.secrets.push(secret('abcdef'));
		await context.write('known-tokens.json', ['abcdef.0123456789abcdef']);
		await context.write(STARTED_AT, 1);
		await context.write(ATTEMPTS, []);
		await context.write('attackers/a.report.json', {});
		await recordSkew(context, { service: 's', offset: '+1s', outcome: 'joined' });
		await recordHalfJoined(context, 'x');
	});
	afterEach(() => context.remove());

	const names = (objects: readonly { readonly metadata: { readonly name?: string } }[]) =>
		objects.map(({ metadata }) => metadata.name);
	function assertAsBefore(): void {
		assert.deepEqual(
			[names(context.nodes), names(context.requests), names(context.secrets)],
			[['node-1'], ['theirs'], ['bootstrap-token-others']],
		);
		assert.deepEqual(context.workers, []);
		for (const name of ['attackers', 'home', SKEW_RESULTS, HALF_JOINED, ATTEMPTS, STARTED_AT, 'tokens', 'flushed.json'])
			assert.equal(existsSync(join(context.directory, name)), false, name);
		assert.deepEqual(readdirSync(join(context.directory, 'nodes')), []);
	}

	it('removes everything of the experiment and reports it', async () => {
		assert.deepEqual((await resetNodes(context)).toSorted(), [
			'deleted 1 tokens',
			'removed m',
			'removed n',
			'restored 1 tokens',
		]);
		assertAsBefore();
	});

	it('has nothing to do the second time', async () => {
		await resetNodes(context);
		assert.deepEqual(await resetNodes(context), []);
		assertAsBefore();
	});

	for (let crash = 1; crash <= 8; crash++)
		it(`completes a reset that crashed at change ${crash}`, async () => {
			let changes = 0;
			context.beforeChange = () => {
				if (++changes === crash) throw new TypeError('crash');
			};
			await assert.rejects(resetNodes(context), /crash/);
			await resetNodes(context);
			assertAsBefore();
		});
});
