import assert from 'node:assert/strict';
import fc from 'fast-check';
import { splitHostPort } from './address.ts';

const join = (host: string, port: number) => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

describe('splitHostPort', () => {
	it('takes apart what was put together: names, IPv4, IPv6', () => {
		const host = fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), fc.constantFrom('localhost', 'token-store', 'a_b'));
		fc.assert(
			fc.property(host, fc.integer({ min: 1, max: 65535 }), (h, port) =>
				assert.deepEqual(splitHostPort(join(h, port)), { host: h, port }),
			),
		);
	});

	it('refuses everything else', () => {
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

	it('what it takes, whatever the text, is a host and a port', () => {
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
