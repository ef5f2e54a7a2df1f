import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { hasCode } from '../../../lib/errors.ts';
import { makePrivateDirectory } from '../../../lib/files.ts';
import { generateKeyPair, spkiOf, writePrivateKey } from '../../../lib/pki/keys.ts';
import type { NodeIdentity } from '../identity.ts';
import { createKey } from './create-key.ts';
import { type TestTools, testTools } from './fixtures.test.ts';

describe('create-key', () => {
	let tools: TestTools;
	beforeEach(() => {
		tools = testTools();
	});
	afterEach(() => tools.remove());
	const run = async (replaces?: NodeIdentity) => (await createKey(tools).run({ replaces })).keyPair;

	it('stores a new key with mode 0600 before it is used', async () => {
		const pair = await run();
		assert.equal(readFileSync(tools.paths.pendingKey, 'utf8'), writePrivateKey(pair.privateKey));
		assert.equal(statSync(tools.paths.pendingKey).mode & 0o777, 0o600);
		assert.equal(statSync(tools.paths.certificateDirectory).mode & 0o777, 0o700);
		assert.equal(pair.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
		assert.deepEqual(tools.said, []);
	});

	it('uses the key of a pending request', async () => {
		const first = await run();
		const second = await run();
		assert.ok(spkiOf(first.publicKey).equals(spkiOf(second.publicKey)));
		assert.match(tools.said.join(), /Using the key of an earlier request/);
	});

	it('does not use the key of the certificate that it replaces', async () => {
		const first = await run();
		const second = await run({ key: writePrivateKey(first.privateKey) } as NodeIdentity);
		assert.ok(!spkiOf(first.publicKey).equals(spkiOf(second.publicKey)));
		assert.equal(readFileSync(tools.paths.pendingKey, 'utf8'), writePrivateKey(second.privateKey));
		const third = await run({ key: writePrivateKey((await generateKeyPair('ECDSA-P256')).privateKey) } as NodeIdentity);
		assert.ok(spkiOf(third.publicKey).equals(spkiOf(second.publicKey)));
	});

	it('refuses a file without a key with KEY_MALFORMED, and keeps it', async () => {
		await makePrivateDirectory(tools.paths.certificateDirectory);
		writeFileSync(tools.paths.pendingKey, 'nonsense');
		await assert.rejects(run(), (error) => hasCode(error, 'KEY_MALFORMED'));
		assert.ok(existsSync(tools.paths.pendingKey));
	});
});
