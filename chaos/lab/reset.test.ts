import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Secret } from '../../lib/kube/types.ts';
import { generateKeyPair, type KeyPair } from '../../lib/pki/keys.ts';
import { type FakePlace, fakePlace, nodeObject, requestOf, workerOf } from './context.fixture.ts';
import { BEGUN } from './context.ts';
import { TRIES } from './programs.ts';
import { resetPlace } from './reset.ts';
import { recordHalfJoined, recordSkew } from './skew.ts';
import { flushTokens } from './tokens.ts';

describe('reset', () => {
	let keyPair: KeyPair;
	let place: FakePlace;
	before(async () => {
		keyPair = await generateKeyPair('ECDSA-P256');
	});
	const secret = (id: string): Secret => ({
		...{ apiVersion: 'v1', kind: 'Secret', type: 'bootstrap.kubernetes.io/token' },
		metadata: { name: `bootstrap-token-${id}` },
		data: { 'token-id': Buffer.from(id).toString('base64') },
	});
	beforeEach(async () => {
		place = fakePlace();
		for (const name of ['n', 'm']) {
			await place.write(`nodes/${name}.json`, { names: [name], root: join(place.directory, 'nodes', name) });
			place.nodes.push(nodeObject(name, true));
			place.workers.push(workerOf(name));
		}
		place.workers.push(workerOf('attacker', { program: 'attacker-sim' }));
		place.nodes.push(nodeObject('node-1', true));
		place.requests.push(
			requestOf('theirs', 'node-1', keyPair),
			requestOf('stranger', 'x', keyPair, { username: 'system:bootstrap:abcdef' }),
		);
		place.secrets.push(secret('others'));
		await flushTokens(place);
		place.secrets.push(secret('abcdef'));
		await place.write('known-tokens.json', ['abcdef.0123456789abcdef']);
		await place.write(BEGUN, 1);
		await place.write(TRIES, []);
		await place.write('attackers/a.report.json', {});
		await recordSkew(place, { service: 's', offset: '+1s', outcome: 'joined' });
		await recordHalfJoined(place, 'x');
	});
	afterEach(() => place.remove());

	const names = (objects: readonly { readonly metadata: { readonly name?: string } }[]) =>
		objects.map(({ metadata }) => metadata.name);
	function assertAsBefore(): void {
		assert.deepEqual(
			[names(place.nodes), names(place.requests), names(place.secrets)],
			[['node-1'], ['theirs'], ['bootstrap-token-others']],
		);
		assert.deepEqual(place.workers, []);
		for (const name of ['attackers', 'home', 'skew.json', 'half-joined.json', TRIES, BEGUN, 'tokens', 'flushed.json'])
			assert.equal(existsSync(join(place.directory, name)), false, name);
		assert.deepEqual(readdirSync(join(place.directory, 'nodes')), []);
	}

	it('leaves the mesh as it was found, and says what it did', async () => {
		assert.deepEqual((await resetPlace(place)).toSorted(), [
			'deleted 1 tokens',
			'put 1 tokens back',
			'removed m',
			'removed n',
		]);
		assertAsBefore();
	});

	it('can be done twice: the second finds nothing to do', async () => {
		await resetPlace(place);
		assert.deepEqual(await resetPlace(place), []);
		assertAsBefore();
	});

	for (let crash = 1; crash <= 8; crash++)
		it(`puts everything right after one that crashed at change ${crash}`, async () => {
			let changes = 0;
			place.beforeChange = () => {
				if (++changes === crash) throw new TypeError('crash');
			};
			await assert.rejects(resetPlace(place), /crash/);
			await resetPlace(place);
			assertAsBefore();
		});
});
