import assert from 'node:assert/strict';
import fc from 'fast-check';
import { maskSecrets, printable, printableCell, printableJson, printableLines, quoteInput } from './text.ts';

const hostile =
	'\x00\x07\x08\x1b]0;x\x07\r\n\t\x7f\x85\x9b\u061c\u200b\u200e\u200f\u2028\u2029\u202e\u2066\u2069\ufeff';
const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const anyText = fc.string({ unit: 'binary', maxLength: 40 });
/** Code units, so also halves of pairs. */
const anyUnits = fc
	.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
	.map((units) => String.fromCharCode(...units));

describe('printable', () => {
	it('escapes ESC and CR as kubectl does, and everything else that cannot be seen as Go does', () => {
		assert.equal(printable('a\x1b[31mb\rc'), 'a^[[31mb\\rc');
		assert.equal(
			printable(hostile),
			'\\x00\\x07\\x08^[]0;x\\x07\\r\\n\\t\\x7f\\u0085\\u009b\\u061c' +
				'\\u200b\\u200e\\u200f\\u2028\\u2029\\u202e\\u2066\\u2069\\ufeff',
		);
		assert.equal(printable('\ud800x\udc00\u{e0041}\u3164'), '\\ud800x\\udc00\\U000e0041\\u3164');
	});

	it('keeps readable text: letters of any script, emoji with their selector, ✔', () => {
		for (const text of ['node-1.example.com', 'Größe 東京 مرحبا', '❤\ufe0f 😀', '✔ ✘ → …'])
			assert.equal(printable(text), text);
	});

	it('any text becomes one line without controls, and no longer than asked', () => {
		fc.assert(
			fc.property(fc.oneof(anyText, anyUnits), (text) => {
				assert.doesNotMatch(printable(text), controls);
				assert.doesNotMatch(printable(text), /\p{Cs}/u);
				assert.doesNotMatch(printableLines(text).replace(/[\n\t]/g, ''), controls);
				assert.doesNotMatch(quoteInput(text), controls);
			}),
		);
		assert.equal(printable('abcdef', { maxLength: 3 }), 'abc...');
		assert.equal(printable('ab😀', { maxLength: 3 }), 'ab...');
	});

	it('lines keep their breaks, cells end at the first one', () => {
		assert.equal(printableLines('a\n\tb\r\x1b'), 'a\n\tb\\r^[');
		assert.equal(printableCell('a\tb\x1b'), 'a\\tb^[');
		for (const end of ['\n', '\r', '\f', '\r\n']) assert.equal(printableCell(`a${end}fake-row`), 'a...');
	});

	it('JSON keeps its value', () => {
		fc.assert(
			fc.property(fc.dictionary(anyText, fc.oneof(anyText, anyUnits)), (value) => {
				const text = printableJson(JSON.stringify(value, undefined, 2));
				assert.doesNotMatch(text.replaceAll('\n', ''), controls);
				assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
			}),
		);
	});
});

describe('quoteInput', () => {
	it('quotes and escapes, at most 256 characters', () => {
		assert.equal(quoteInput('a"b\\c\n'), '"a\\"b\\\\c\\n"');
		assert.equal(quoteInput('x'.repeat(256)), `"${'x'.repeat(256)}"`);
		assert.equal(quoteInput('x'.repeat(257)), `"${'x'.repeat(256)}..."`);
		assert.ok(quoteInput('\x1b'.repeat(1_000_000)).length < 600);
	});
});

const token = 'abcdef.0123456789abcdef';
const masked = 'abcdef.****************';
const pem = (type: string) =>
	`-----BEGIN ${type}-----\nTUlHSEFnRUFNQk1HQnlxR1NNNDlB\nZ0VHQ0NxR1NNNDlBd0VI\n-----END ${type}-----\n`;
const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('maskSecrets', () => {
	it('masks the secret of a bootstrap token, also after an escaped line break and before other characters', () => {
		for (const before of ['', 'a ', '"', '\n', '\\n', '\\r', '\\x0a', '\\u000a', '=', '/', 'ü'])
			assert.equal(maskSecrets(`${before}${token} b`), `${before}${masked} b`);
		assert.equal(maskSecrets(`${token}0`), masked);
		assert.equal(maskSecrets(JSON.stringify({ a: `\n${token}\n` })), `{"a":"\\n${masked}\\n"}`);
	});

	it('masks private keys as PEM and as base64, whole and cut, and leaves certificates', () => {
		for (const type of ['PRIVATE KEY', 'RSA PRIVATE KEY', 'EC PRIVATE KEY', 'ENCRYPTED PRIVATE KEY']) {
			const key = pem(type);
			for (const text of [key, JSON.stringify(key), key.slice(0, 50), base64(key), base64(key).slice(0, 60)])
				assert.doesNotMatch(maskSecrets(`a ${text}`), /TUlH|Z0VH|VFVsSF|WjBWSA/, text);
			assert.deepEqual(Object.keys(JSON.parse(maskSecrets(JSON.stringify({ key, b: '"' })))), ['key', 'b']);
		}
		const certificate = pem('CERTIFICATE');
		assert.equal(maskSecrets(`${certificate}${base64(certificate)}`), `${certificate}${base64(certificate)}`);
		assert.equal(maskSecrets('client-key-data: QUJDRA=='), 'client-key-data: ****');
		assert.equal(maskSecrets('{"client-key-data":"QUJDRA=="}'), '{"client-key-data":"****"}');
	});

	it('masks bearer tokens, JWTs and passwords in URLs', () => {
		assert.equal(maskSecrets('Authorization: Bearer s3cr3t!x, b'), 'Authorization: Bearer **** b');
		assert.equal(maskSecrets(`Bearer ${token}`), `Bearer ${masked}`);
		assert.equal(maskSecrets('a Bearer token is needed'), 'a Bearer token is needed');
		assert.equal(maskSecrets('x eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln y'), 'x eyJ**** y');
		assert.equal(maskSecrets('redis://user:pa:ss@host:1/0'), 'redis://user:****@host:1/0');
		assert.equal(maskSecrets('"https://user:p@ss@w@host:1/x@y"'), '"https://user:****@host:1/x@y"');
		assert.equal(maskSecrets('https://ghp_0123456789abcdefghij@host/x'), 'https://****@host/x');
		assert.equal(maskSecrets('https://git@host/x'), 'https://git@host/x');
		assert.equal(maskSecrets('https://h/f?X-Amz-Signature=0a1b&b=1'), 'https://h/f?X-Amz-Signature=****&b=1');
		assert.equal(maskSecrets('Get "https://h/f?access_token=x.y"'), 'Get "https://h/f?access_token=****"');
		assert.equal(maskSecrets('https://h/f?continue=x&limit=1'), 'https://h/f?continue=x&limit=1');
		assert.equal(maskSecrets('https://host:6443/a@b'), 'https://host:6443/a@b');
	});

	it('leaves names alone', () => {
		for (const name of ['kubernetes.io/kubelet-serving', 'node-1.example.internal', '10.244.0.0/16', 'sha256.abc'])
			assert.equal(maskSecrets(name), name);
	});

	it('is linear', () => {
		for (const part of [
			'a.',
			'eyJ-',
			'abcdef.',
			'-----BEGIN ',
			'Bearer ',
			'x://a:',
			'x://a@',
			'://a:@',
			'?',
			'&sig',
			'?token=',
			'LS0tLS1CRUdJTiB',
			'\\n',
			' ',
		])
			maskSecrets(part.repeat(1_000_000 / part.length));
	});
});
