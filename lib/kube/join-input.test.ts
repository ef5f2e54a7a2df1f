import assert from 'node:assert/strict';
import fc from 'fast-check';
import { endpointFinding, pinFinding, tokenFinding } from './join-input.ts';

const hex = `${'c0ffee'.repeat(10)}c0ff`;
const pin = `sha256:${hex}`;
const bytes = (hex.match(/../g) ?? []).join(':');
const [id, secret] = ['abcdef', '0123456789abcdef'];
const token = `${id}.${secret}`;

describe('findings about a typed or pasted value', () => {
	const cases = (title: string, find: (text: string) => string | undefined, rows: Readonly<Record<string, RegExp>>) =>
		it(title, () => {
			for (const [text, finding] of Object.entries(rows)) assert.match(find(text) ?? '', finding, JSON.stringify(text));
		});

	cases('of a pin', pinFinding, {
		'': /empty: there is a comma too many/,
		[` ${pin}`]: /begins with a blank/,
		[`${pin} `]: /ends with a blank/,
		[`${pin}\n`]: /line break/,
		[`"${pin}`]: /quote/,
		[`“${pin}”`]: /quote/,
		[`${pin},`]: /ends with a comma/,
		[`sha256:${bytes}`]: /colons between its bytes/,
		[bytes.toUpperCase()]: /colons between its bytes/,
		[`sha256=${hex}`]: /has = after sha256/,
		[`sha256\uFF1A${hex}`]: /U\+FF1A/,
		[`sha256:\u200B${hex}`]: /invisible character \(U\+200B\)/,
		[`\uFEFF${pin}`]: /invisible character \(U\+FEFF\)/,
		[`sha256::${hex}`]: /two colons/,
		[`sha256//${hex}`]: /another character than a colon/,
		[`sha-256:${hex}`]: /hyphen/,
		[`SHA2-256(stdin)= ${hex}`]: /line that openssl dgst prints/,
		[`(stdin)= ${hex}`]: /does not begin with sha256|line that openssl/,
		[hex]: /sha256: in front of it is missing/,
		[pin.slice(0, -1)]: /63 hexadecimal digits/,
		[`${pin}00`]: /66 hexadecimal digits/,
		[`sha512:${hex}${hex}`]: /another kind/,
		[`sha256:${hex.slice(0, 40)}`]: /SHA-1/,
		[`sha256:${hex.slice(0, -1)}g`]: /U\+0067/,
		[`sha256:0x${hex}`]: /0x/,
		[`sha256:${Buffer.from(hex, 'hex').toString('base64')}`]: /base64/,
		[token]: /is a token/,
		'/etc/kubernetes/pki/ca.crt': /a file/,
		'<hash>': /placeholder/,
		$PIN: /variable/,
		[`${pin}:00`.repeat(20)]: /1420 characters|characters, far too many/,
	});

	cases('of a token', tokenFinding, {
		[token.toUpperCase()]: /upper-case/,
		[`"${token}"`]: /quote/,
		[` ${token}`]: /begins with a blank/,
		[`${token}\n`]: /line break/,
		[`${id}.\u200B${secret}`]: /U\+200B/,
		[`${id}\u3002${secret}`]: /U\+3002/,
		[`K10${hex}::server:${secret}`]: /k3s/,
		[`K10${hex}::${token}`]: /k3s/,
		[id]: /ID alone/,
		[secret]: /secret alone/,
		[`${id}:${secret}`]: /not separated by a dot/,
		[`${id}${secret}`]: /dot between ID and secret is missing/,
		[`${id}..${secret}`]: /dot too many/,
		[`${token}.`]: /dot too many/,
		[`${token}.x`]: /2 dots/,
		[`${id}.${secret.slice(1)}`]: /secret has 15 characters/,
		[`${id}.${secret}0`]: /secret has 17 characters/,
		[`${id.slice(1)}.${secret}`]: /ID has 5 characters/,
		[`${id}.0123456789abcde_`]: /other than lower-case/,
		[pin]: /hash of a CA key/,
		'eyJhbGciOiJSUzI1NiJ9.e30.x': /JWT/,
		[`bootstrap-token-${id}`]: /name of the Secret/,
		[`Bearer ${token}`]: /word in front/,
		[`--token=${token}`]: /word in front/,
		[Buffer.from(token).toString('base64')]: /base64/,
		'<token>': /placeholder/,
		hello: /no dot/,
	});

	cases('of an address', endpointFinding, {
		'https://h:6443': /scheme/,
		h: /port is missing/,
		'h:': /port after the colon is missing/,
		':6443': /host in front of the colon is missing/,
		'h:0': /from 1 to 65535/,
		'h:70000': /from 1 to 65535/,
		'h:port': /not a number/,
		'::1:6443': /brackets/,
		'2001:db8::1': /brackets/,
		'[::1]': /port after the brackets/,
		'[::1:6443': /bracket/,
		'[fe80::1%eth0]:6443': /zone/,
		'fe80::1%eth0': /zone/,
		'[127.0.0.1]:6443': /only an IPv6 address/,
		'[h]:6443': /only an IPv6 address/,
		'h:6443/path': /path/,
		'user@h:6443': /user name/,
		' h:6443': /blank/,
		'"h:6443"': /quote/,
		'h\uFF1A6443': /U\+FF1A/,
		'h,6443': /port is missing/,
		'a!b:6443': /characters that no name/,
	});

	it('returns no finding for a valid form, and one for any other text', () => {
		for (const text of [pin, `SHA256:${hex.toUpperCase()}`]) assert.equal(pinFinding(text), undefined);
		assert.equal(tokenFinding(token), undefined);
		for (const text of ['h:6443', '[::1]:6443', '1.2.3.4:1']) assert.equal(endpointFinding(text), undefined);
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.string({ unit: 'binary' })), (text) => {
				for (const find of [pinFinding, tokenFinding, endpointFinding]) assert.notEqual(find(`${text}~`), undefined);
			}),
		);
	});

	it('repeats the value in no finding', () => {
		const wrapped = fc.tuple(fc.string(), fc.string()).map(([before, after]) => `${before}${token}${after}`);
		fc.assert(
			fc.property(wrapped, (text) => {
				for (const find of [pinFinding, tokenFinding, endpointFinding])
					assert.ok(!(find(text) ?? '').includes(secret), text);
			}),
		);
	});
});
