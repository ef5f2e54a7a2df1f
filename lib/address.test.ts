import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import fc from 'fast-check';
import { ipBytes, ipText, ipVersion, isGlobalUnicast, isLoopback, joinHostPort, splitHostPort } from './address.ts';

const join = (host: string, port: number) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

describe('ipVersion', () => {
	it('is that of Node for any text', () => {
		const text = fc.oneof(
			fc.ipV4(),
			fc.ipV6(),
			fc.domain(),
			fc.string(),
			fc.constantFrom('', '::1', '::1%lo', '1.2.3'),
		);
		fc.assert(fc.property(text, (one) => assert.equal(ipVersion(one), isIP(one))));
	});
});

describe('splitHostPort', () => {
	it('splits HOST:PORT with a name, an IPv4 and an IPv6 address', () => {
		const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.constantFrom('localhost', 'token-store', 'a_b'));
		fc.assert(
			fc.property(host, fc.integer({ min: 1, max: 65535 }), (h, port) =>
				assert.deepEqual(splitHostPort(join(h, port)), { host: h, port }),
			),
		);
	});

	it('refuses any other text', () => {
		const bad = [
			'',
			':',
			'a',
			'a:',
			':1',
			'a:0',
			'a:65536',
			'a:99999',
			'a:1 ',
			' a:1',
			'a:1\n',
			'a:-1',
			'a:1.5',
			'a:0x1',
			'a:1:2',
			'::1:1',
			'[::1]',
			'[::1]:',
		];
		const worse = [
			'[1.2.3.4]:1',
			'[a]:1',
			'[::1]1',
			'https://a:1',
			'a/b:1',
			'u@a:1',
			'ä:1',
			'[fe80::1%eth0]:1',
			'[::g]:1',
			'a:１',
		];
		for (const text of [...bad, ...worse]) assert.equal(splitHostPort(text), undefined, JSON.stringify(text));
	});

	it('returns a host and a port for every text that it accepts', () => {
		fc.assert(
			fc.property(fc.string({ unit: fc.constantFrom('a', '.', '-', ':', '[', ']', '1', '0', '\n', '/') }), (text) => {
				const found = splitHostPort(text);
				if (found === undefined) return;
				assert.ok(found.port >= 1 && found.port <= 65535 && /^[A-Za-z0-9._:-]+$/.test(found.host));
				assert.equal(splitHostPort(join(found.host, found.port))?.host, found.host);
			}),
		);
	});
});

describe('IP addresses', () => {
	it('formats addresses as RFC 5952 and Go do', () => {
		// @source RFC 5952 section 4; Go net/ip_test.go ipStringTests
		const forms: readonly (readonly [written: string, printed: string])[] = [
			['192.0.2.1', '192.0.2.1'],
			['::ffff:192.0.2.1', '192.0.2.1'],
			['0:0:0:0:0:0:0:1', '::1'],
			['::', '::'],
			['2001:DB8:0:0:0:0:0:0', '2001:db8::'],
			['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
			['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
			['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
			['1:0:0:4:0:0:7:8', '1::4:0:0:7:8'],
			['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
			['::ffff:0:1.2.3.4', '::ffff:0:102:304'],
		];
		for (const [written, printed] of forms) assert.equal(ipText(ipBytes(written) ?? Buffer.alloc(0)), printed, written);
	});

	it('parses the same bytes as the platform', () => {
		fc.assert(
			fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (text) => {
				const bytes = ipBytes(text);
				assert.ok(bytes !== undefined);
				assert.deepEqual(ipBytes(ipText(bytes)), bytes);
				if (bytes.length === 16)
					assert.equal(new URL(`http://[${text}]`).hostname, new URL(`http://[${ipText(bytes)}]`).hostname);
			}),
		);
	});

	it('refuses texts that are no addresses', () => {
		for (const text of [
			'',
			'a',
			'1.2.3',
			'01.2.3.4',
			'1.2.3.256',
			'[::1]',
			'::1%eth0',
			':::',
			'1::2::3',
			'::g',
			' ::1',
		])
			assert.equal(ipBytes(text), undefined, text);
		assert.throws(() => ipText(Buffer.alloc(5)));
	});
});

describe('the kind of an address', () => {
	it('is global unicast unless Go says otherwise', () => {
		const others = ['0.0.0.0', '127.0.0.1', '127.9.9.9', '169.254.169.254', '224.0.0.1', '239.1.1.1'];
		const ofIpv6 = ['::', '::1', 'fe80::1', 'febf::1', 'ff02::1', '::ffff:127.0.0.1', '::ffff:169.254.169.254'];
		for (const address of [...others, '255.255.255.255', ...ofIpv6, 'localhost', ''])
			assert.equal(isGlobalUnicast(address), false, address);
		for (const address of [
			'10.0.0.1',
			'192.168.1.1',
			'126.0.0.1',
			'170.254.0.1',
			'240.0.0.1',
			'2001:db8::1',
			'fc00::1',
		])
			assert.equal(isGlobalUnicast(address), true, address);
	});

	it('is loopback in 127.0.0.0/8, and for ::1', () => {
		for (const address of ['127.0.0.1', '127.255.0.1', '::1', '::ffff:127.0.0.1'])
			assert.equal(isLoopback(address), true, address);
		for (const address of ['128.0.0.1', '::2', 'localhost']) assert.equal(isLoopback(address), false, address);
	});

	it('has brackets around an IPv6 address before a port', () => {
		assert.deepEqual([joinHostPort('::1', 1), joinHostPort('h', 2)], ['[::1]:1', 'h:2']);
	});
});
