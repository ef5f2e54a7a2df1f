import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { KubejoinError } from '../errors.ts';
import { fingerprintOf, parseCertificates } from './certificate.ts';
import { matchesPin, parsePin, spkiPin } from './pin.ts';

const fixture = (name: string) =>
	parseCertificates(readFileSync(new URL(`../../test/fixtures/${name}`, import.meta.url), 'utf8'))[0];
const ca = fixture('kubeadm-1.29-ca.crt');
const pin = 'sha256:092d7d8d7d6f1984c35542b23c9a8183d8cffbcc6b994b5ed1016c8b5b2dabb8';

const refusal = (text: string): string => {
	try {
		parsePin(text);
	} catch (error) {
		if (error instanceof KubejoinError && error.code === 'PIN_INVALID') return error.message;
		throw error;
	}
	return 'accepted';
};

describe('pins', () => {
	it('gives the hash that kubeadm printed for its CA', () => {
		assert.equal(spkiPin(ca), pin);
		assert.equal(fingerprintOf(ca).slice(0, 16), '6081850317f48b0b');
	});

	it('matches any of several pins, in any case of letters', () => {
		const other = parsePin(`sha256:${'0'.repeat(64)}`);
		assert.ok(matchesPin(ca, [other, parsePin(`SHA256:${pin.slice(7).toUpperCase()}`)]));
		assert.ok(!matchesPin(ca, [other]));
		assert.ok(!matchesPin(ca, []));
		assert.ok(!matchesPin(fixture('kubeadm-1.29-admin-expired.crt'), [parsePin(pin)]));
	});

	it('every digit counts', () => {
		for (let at = 'sha256:'.length; at < pin.length; at++) {
			const digit = pin[at] === '0' ? '1' : '0';
			assert.ok(!matchesPin(ca, [parsePin(`${pin.slice(0, at)}${digit}${pin.slice(at + 1)}`)]), `digit ${at}`);
		}
	});

	it("PIN_INVALID with upstream's texts", () => {
		const form = 'invalid hash, expected "format:hex-value". Known format(s) are: sha256';
		assert.equal(refusal(''), form);
		assert.equal(refusal('0'.repeat(64)), form);
		assert.equal(refusal(`${pin}:`), form);
		assert.equal(refusal('md5:00'), 'unknown hash format "md5". Known format(s) are: sha256');
		assert.equal(refusal('sha256:abcd'), 'invalid hash "sha256:abcd", expected a 32 byte SHA-256 hash, found 2 bytes');
		const wrong = `sha256:${'0'.repeat(63)}z`;
		assert.equal(
			refusal(wrong),
			`invalid hash "${wrong}", could not decode SHA-256 from hex: encoding/hex: invalid byte: U+007A 'z'`,
		);
		assert.equal(
			refusal(`${pin}0`),
			`invalid hash "${pin}0", could not decode SHA-256 from hex: encoding/hex: odd length hex string`,
		);
	});

	it('PIN_INVALID says why for the SHA-256 of nothing', () => {
		assert.match(
			refusal('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
			/your CA key is not RSA/,
		);
	});

	it('reads back every pin of 32 bytes and throws nothing but PIN_INVALID', () => {
		fc.assert(
			fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
				const text = `sha256:${Buffer.from(bytes).toString('hex')}`;
				return parsePin(text) === text;
			}),
		);
		fc.assert(
			fc.property(fc.string(), (text) => refusal(text) !== 'accepted' && refusal(`sha256:${text}`) !== 'accepted'),
		);
	});
});
