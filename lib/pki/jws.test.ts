import assert from 'node:assert/strict';
import fc from 'fast-check';
import { signDetached, verifyDetached } from './jws.ts';

const id = 'joshua';
const secret = 'my voice is my passcode';
const content = 'Hello from the other side. I must have called a thousand times.';
const signature = 'eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..VShe2taLd-YTrmWuRkcL_8QTNDHYxQIEBsAYYiIj1_8';

describe('detached JWS', () => {
	it("gives upstream's signatures", () => {
		assert.equal(signDetached(content, id, secret), signature);
		assert.equal(
			signDetached('', id, secret),
			'eyJhbGciOiJIUzI1NiIsImtpZCI6Impvc2h1YSJ9..7Ui1ALizW4jXphVUB7xUqC9vLYLL9RZeOFfVLoB7Tgk',
		);
	});

	it('verifies its own signatures, also with an empty secret', () => {
		assert.ok(verifyDetached(signature, content, id, secret));
		assert.ok(verifyDetached(signDetached(content, id, ''), content, id, ''));
	});

	it('refuses other content, another token, another secret', () => {
		assert.ok(!verifyDetached(signature, `${content} `, id, secret));
		assert.ok(!verifyDetached(signature, content, 'joshub', secret));
		assert.ok(!verifyDetached(signature, content, id, `${secret}!`));
	});

	it('refuses a signature whose header asks for no algorithm', () => {
		const header = Buffer.from(JSON.stringify({ alg: 'none', kid: id })).toString('base64url');
		assert.ok(!verifyDetached(`${header}..`, content, id, secret));
	});

	it('refuses every other text', () => {
		fc.assert(fc.property(fc.string(), (text) => text === signature || !verifyDetached(text, content, id, secret)));
		fc.assert(
			fc.property(fc.nat(signature.length - 1), fc.constantFrom(...'Aa0_-.='), (at, letter) => {
				const changed = signature.slice(0, at) + letter + signature.slice(at + 1);
				return changed === signature || !verifyDetached(changed, content, id, secret);
			}),
		);
	});
});
