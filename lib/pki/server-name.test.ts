import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ipText } from '../address.ts';
import { sequence } from './der.ts';
import { type ExtensionSpec, makeCertificate, namesExtension } from './fixtures.test.ts';
import { serverNameProblem } from './server-name.ts';

const certificateFor = async (
	names: Parameters<typeof namesExtension>[0],
	commonName = 'server',
	...more: ExtensionSpec[]
) => (await makeCertificate({ commonName, extensions: [namesExtension(names), ...more] })).certificate;

describe('the name of a server, as Go verifies it', () => {
	// @source crypto/x509 verify_test.go matchHostnamesTests
	const hostNames: readonly (readonly [pattern: string, host: string, isMatch: boolean])[] = [
		['a.b.c', 'a.b.c', true],
		['a.b.c', 'b.b.c', false],
		['*.b.c', 'b.b.c', true],
		['*.b.c', 'a.b.c.', true],
		['*.b.c', 'a.b.c.d', false],
		['*.b.c', 'b.c', false],
		['*.c', 'a.b.c', false],
		['*', 'a', false],
		['*', 'a.b', false],
		['*.', 'a.', false],
		['a.*', 'a.b', false],
		['f*.b', 'foo.b', false],
		['*oo.b', 'foo.b', false],
		['a.b', 'A.B', true],
		['A.B.', 'a.b', false],
		['*.EXAMPLE.com', 'www.example.COM', true],
		['_a.b', '_a.b', true],
		['-a.b', '-a.b', true],
		['a..b', 'a..b', true],
		['*.b', 'a..b', false],
		['*.b', '.b', false],
		['a b', 'a b', true],
		['*.b', 'a b.b', false],
		['xn--bcher-kva.example', 'bücher.example', false],
		['a.b', 'a.b..', false],
		['fe80::1%eth0', 'fe80::1%ETH0', true],
	];
	for (const [pattern, host, isMatch] of hostNames) {
		it(`a certificate for ${pattern} is ${isMatch ? '' : 'not '}for ${host}`, async () => {
			const problem = serverNameProblem(await certificateFor({ dns: [pattern] }), host);
			assert.equal(problem, isMatch ? undefined : `certificate is valid for ${pattern}, not ${host}`);
		});
	}

	it('an address compares by its bytes, however it is written', async () => {
		const certificate = await certificateFor({
			dns: ['10.0.0.2'],
			ip: ['10.96.0.1', '127.0.0.1', '::1', '2001:db8::7'],
		});
		for (const host of ['::1', '[::1]', '0:0:0:0:0:0:0:1', '0000:0000::0001', '::0.0.0.1'])
			assert.equal(serverNameProblem(certificate, host), undefined, host);
		for (const host of ['127.0.0.1', '::ffff:127.0.0.1', '[::FFFF:7f00:1]', '2001:DB8:0::7', '2001:db8:0:0:0:0:0:7'])
			assert.equal(serverNameProblem(certificate, host), undefined, host);
		assert.equal(
			serverNameProblem(certificate, '[::2]'),
			'certificate is valid for 10.96.0.1, 127.0.0.1, ::1, 2001:db8::7, not ::2',
		);
		assert.equal(
			serverNameProblem(certificate, '10.0.0.2'),
			'certificate is valid for 10.96.0.1, 127.0.0.1, ::1, 2001:db8::7, not 10.0.0.2',
		);
		// A zone and leading zeros make no address, so that the names are compared.
		for (const host of ['::1%lo', '127.0.0.01', '127.1', '0x7f.0.0.1', '2130706433'])
			assert.equal(serverNameProblem(certificate, host), `certificate is valid for 10.0.0.2, not ${host}`);
	});

	it('an IPv4-mapped address in a certificate is the IPv4 address', async () => {
		const mapped = Buffer.concat([Buffer.from('00000000000000000000ffff', 'hex'), Buffer.from([1, 2, 3, 4])]);
		assert.equal(ipText(mapped), '1.2.3.4');
		const certificate = await certificateFor({ ip: ['::ffff:1.2.3.4'] });
		assert.equal(serverNameProblem(certificate, '1.2.3.4'), undefined);
	});

	it('the common name never counts', async () => {
		const { certificate } = await makeCertificate({ commonName: 'a.example' });
		assert.equal(
			serverNameProblem(certificate, 'a.example'),
			'certificate relies on legacy Common Name field, use SANs instead',
		);
		assert.equal(
			serverNameProblem(certificate, 'b.example'),
			'certificate is not valid for any names, but wanted to match b.example',
		);
		assert.equal(
			serverNameProblem(await certificateFor({ ip: ['::1'] }, 'a.example'), 'a.example'),
			'certificate is not valid for any names, but wanted to match a.example',
		);
		assert.equal(
			serverNameProblem(await certificateFor({ dns: ['b.example'] }, '10.0.0.1'), '10.0.0.1'),
			"cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs",
		);
	});

	it('a hundred names are counted and not listed', async () => {
		const dns = Array.from({ length: 100 }, (_, i) => `n${i}.example`);
		const ip = dns.map((_, i) => `10.0.0.${i}`);
		assert.equal(
			serverNameProblem(await certificateFor({ dns }), 'a.example'),
			'certificate is valid for 100 names, but none matched a.example',
		);
		assert.equal(
			serverNameProblem(await certificateFor({ ip }), '10.0.1.1'),
			'certificate is valid for 100 IP SANs, but none matched 10.0.1.1',
		);
	});

	it('a malformed certificate is for no host, and no host is in any certificate', async () => {
		const broken = await makeCertificate({ commonName: 'a', extensions: [['subjectAltName', sequence(), true]] });
		assert.match(serverNameProblem(broken.certificate, 'a') ?? '', /^certificate is not valid for any names/);
		const control = await certificateFor({ dns: ['a\nb'] });
		assert.match(serverNameProblem(control, 'a') ?? '', /^malformed certificate: a name has control characters/);
		const certificate = await certificateFor({ dns: ['*.example', 'example'], ip: ['10.0.0.1'] });
		fc.assert(
			fc.property(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6(), fc.domain()), (host) => {
				const isMatch = /^(\[?(::ffff:)?10\.0\.0\.1\]?|([a-z0-9_][a-z0-9_-]*\.)?example\.?)$/i.test(host);
				assert.equal(serverNameProblem(certificate, host) === undefined, isMatch, host);
			}),
		);
	});
});
