import assert from 'node:assert/strict';
import type { KeyObject } from 'node:crypto';
import { chainProblem } from './chain.ts';
import { octetString, sequence, tagged, taggedBytes } from './der.ts';
import {
	type CertificateSpec,
	caExtension,
	type ExtensionSpec,
	type Made,
	makeCertificate,
	namesExtension,
	testNow,
	usageExtension,
} from './fixtures.test.ts';

const unknown = 'certificate signed by unknown authority';
const day = 24 * 3600 * 1000;
type Purpose = 'client auth' | 'server auth';

const problem = (
	chain: readonly [Made, ...Made[]],
	anchors: readonly Made[],
	purpose: Purpose = 'client auth',
	now = testNow,
): string | undefined => {
	const [leaf, ...intermediates] = chain.map(({ certificate }) => certificate);
	assert.ok(leaf !== undefined);
	return chainProblem(leaf, { intermediates, anchors: anchors.map(({ certificate }) => certificate), now, purpose });
};

describe('chains, as Go verifies them', () => {
	let root: Made;
	const ca = (commonName: string, issuer: Made | undefined, ...more: ExtensionSpec[]) =>
		makeCertificate({ commonName, extensions: [caExtension(), ...more], issuer });
	const leafOf = (issuer: Made, ...extensions: ExtensionSpec[]) =>
		makeCertificate({ commonName: 'leaf', issuer, extensions });

	before(async () => {
		root = await ca('root', undefined);
	});

	it('takes every certificate of the pool as an anchor: a root, an intermediate CA, a leaf', async () => {
		const intermediate = await ca('intermediate', root);
		const leaf = await leafOf(intermediate);
		assert.equal(problem([leaf, intermediate], [root]), undefined);
		assert.equal(problem([leaf], [intermediate]), undefined);
		assert.equal(problem([leaf], [leaf]), undefined);
		assert.equal(problem([leaf], [root]), unknown);
		assert.equal(problem([leaf], []), unknown);
		assert.equal(problem([leaf, intermediate], [await ca('root', undefined)]), unknown);
	});

	it('old and new CA in any order, also with one name', async () => {
		const [old, renewed] = [await ca('kubernetes', undefined), await ca('kubernetes', undefined)];
		for (const issuer of [old, renewed]) {
			const leaf = await leafOf(issuer);
			assert.equal(problem([leaf], [old, renewed]), undefined);
			assert.equal(problem([leaf], [renewed, old]), undefined);
		}
	});

	it('a forged certificate is not signed by the CA that it names', async () => {
		const stranger = await ca('root', undefined);
		const keyId: ExtensionSpec = ['subjectKeyIdentifier', octetString(Buffer.alloc(20, 7))];
		const issuer = await makeCertificate({ commonName: 'root', extensions: [caExtension(), keyId] });
		const authority: ExtensionSpec = ['authorityKeyIdentifier', sequence(taggedBytes(0, Buffer.alloc(20, 7)))];
		const spec: CertificateSpec = { commonName: 'leaf', issuer, extensions: [authority] };
		assert.equal(problem([await makeCertificate(spec)], [issuer]), undefined);
		const forged = await makeCertificate({ ...spec, signedBy: stranger.keys.privateKey });
		assert.ok(forged.certificate.checkIssued(issuer.certificate), 'name and key identifier are those of the CA');
		assert.equal(problem([forged], [issuer]), unknown);
		assert.equal(problem([forged, stranger], [issuer]), unknown);
	});

	it('every certificate of the chain must be valid now, the anchor as well', async () => {
		const expired = await makeCertificate({ commonName: 'old', extensions: [caExtension()], notAfter: testNow - day });
		const text = /^certificate has expired or is not yet valid: current time \S+ is (before|after) \S+$/;
		assert.match(problem([await leafOf(expired)], [expired]) ?? '', text);
		const leaf = await makeCertificate({ commonName: 'leaf', issuer: root, notAfter: testNow + day });
		assert.equal(problem([leaf], [root]), undefined);
		assert.match(problem([leaf], [root], 'client auth', testNow + 2 * day) ?? '', text);
		assert.match(problem([leaf], [root], 'client auth', testNow - 400 * day) ?? '', text);
	});

	it('only a CA signs', async () => {
		const leaf = await leafOf(root);
		const child = await leafOf(leaf);
		assert.match(problem([child, leaf], [root]) ?? '', /parent certificate cannot sign/);
		const isFalse: ExtensionSpec = ['basicConstraints', sequence(), true];
		const noCa = await makeCertificate({ commonName: 'no-ca', issuer: root, extensions: [isFalse] });
		assert.match(problem([await leafOf(noCa)], [noCa]) ?? '', /parent certificate cannot sign/);
	});

	it('a path length counts the CAs between', async () => {
		const short = await makeCertificate({ commonName: 'short', extensions: [caExtension(0)] });
		assert.equal(problem([await leafOf(short)], [short]), undefined);
		const below = await ca('below', short);
		assert.equal(problem([await leafOf(below), below], [short]), 'too many intermediates for path length constraint');
		assert.equal(problem([await leafOf(below)], [below]), undefined, 'the anchor ends the path');
		const one = await makeCertificate({ commonName: 'one', extensions: [caExtension(1)] });
		const second = await ca('second', one);
		assert.equal(problem([await leafOf(second), second], [one]), undefined);
	});

	it('extended key usages of the certificate and of each CA above it', async () => {
		const incompatible = 'certificate specifies an incompatible key usage';
		const cases: readonly (readonly [ca: ExtensionSpec[], leaf: ExtensionSpec[], Purpose, string | undefined])[] = [
			[[], [], 'client auth', undefined],
			[[], [usageExtension('client auth')], 'client auth', undefined],
			[[], [usageExtension('client auth')], 'server auth', incompatible],
			[[], [usageExtension('any')], 'server auth', undefined],
			[[usageExtension('server auth')], [usageExtension('client auth')], 'client auth', incompatible],
			[[usageExtension('server auth')], [], 'client auth', incompatible],
			[[usageExtension('any')], [usageExtension('client auth')], 'client auth', undefined],
			[[usageExtension('server auth', 'client auth')], [usageExtension('client auth')], 'client auth', undefined],
		];
		for (const [ofCa, ofLeaf, purpose, wanted] of cases) {
			const issuer = await ca('issuer', root, ...ofCa);
			assert.equal(problem([await leafOf(issuer, ...ofLeaf), issuer], [root], purpose), wanted);
			assert.equal(problem([await leafOf(issuer, ...ofLeaf)], [issuer], purpose), wanted);
		}
	});

	it('a critical extension that is not understood is refused wherever it is', async () => {
		const strange: ExtensionSpec = ['1.2.3.4', sequence(), true];
		assert.equal(problem([await leafOf(root, strange)], [root]), 'unhandled critical extension');
		assert.equal(problem([await leafOf(root, ['1.2.3.4', sequence()])], [root]), undefined);
		const issuer = await ca('issuer', root, strange);
		assert.equal(problem([await leafOf(issuer)], [issuer]), 'unhandled critical extension');
	});

	it('a chain of strangers ends the search', async () => {
		const chain: Made[] = [await ca('ca', undefined)];
		for (let i = 0; i < 12; i++) chain.unshift(await ca(`ca-${i}`, chain[0]));
		const [leaf, ...rest] = chain;
		assert.ok(leaf !== undefined);
		assert.equal(problem([leaf, ...rest], chain.slice(-1)), unknown, 'longer than is looked at');
		assert.equal(problem([leaf, ...rest], chain.slice(8, 9)), undefined);
		// All have one name and one key, so that each has signed each.
		const keys = root.keys;
		const same = await Promise.all(
			Array.from({ length: 12 }, (_, i) =>
				makeCertificate({ commonName: 'same', keys, extensions: [caExtension()], notAfter: testNow + (i + 1) * day }),
			),
		);
		const [first = root, ...others] = same;
		assert.equal(problem([first, ...others], [await ca('other', undefined)]), unknown);
		const signer = await makeCertificate({ commonName: 'same', keys, extensions: [caExtension()] });
		assert.equal(problem([first, ...others], [signer]), undefined);
		const expired = { commonName: 'same', keys, extensions: [caExtension()], notAfter: testNow - day };
		assert.match(problem([first, ...others], [await makeCertificate(expired)]) ?? '', /has expired/);
	});

	it('verifies no signature with the key of a stranger, which can take long', async () => {
		const stranger = await ca('root', undefined);
		const intermediate = await ca('intermediate', stranger);
		const leaf = await leafOf(intermediate);
		const keys: KeyObject[] = [];
		for (const { certificate } of [leaf, intermediate, stranger]) {
			const verify = certificate.verify.bind(certificate);
			certificate.verify = (key) => {
				keys.push(key);
				return verify(key);
			};
		}
		assert.equal(problem([leaf, intermediate, stranger], [root]), unknown);
		assert.deepEqual(
			keys.map((key) => key.equals(root.certificate.publicKey)),
			[true, true],
		);
		assert.equal(problem([leaf, intermediate], [stranger]), undefined);
		assert.equal(keys.length, 4);
	});
});

describe('name constraints, as Go applies them', () => {
	const bytesOf = (text: string) => Buffer.from(text, 'ascii');
	const network = (...bytes: number[]) => taggedBytes(7, Buffer.from(bytes));
	const dns = (name: string) => taggedBytes(2, bytesOf(name));
	const constraints = (permitted: ReturnType<typeof dns>[], excluded: ReturnType<typeof dns>[]): ExtensionSpec => [
		'nameConstraints',
		sequence(
			...(permitted.length === 0 ? [] : [tagged(0, ...permitted.map((name) => sequence(name)))]),
			...(excluded.length === 0 ? [] : [tagged(1, ...excluded.map((name) => sequence(name)))]),
		),
		true,
	];
	const check = async (limit: ExtensionSpec, names?: Parameters<typeof namesExtension>[0]) => {
		const issuer = await makeCertificate({ commonName: 'ca', extensions: [caExtension(), limit] });
		const leaf = await makeCertificate({
			commonName: 'www.example.com',
			issuer,
			extensions: names === undefined ? [] : [namesExtension(names)],
		});
		return problem([leaf], [issuer], 'server auth');
	};
	const forbidden = 'a root or intermediate certificate is not authorized to sign for this name: ';

	it('permitted names', async () => {
		const limit = constraints([dns('example.com'), network(10, 0, 0, 0, 255, 0, 0, 0)], []);
		assert.equal(await check(limit), undefined, 'the common name is no name');
		assert.equal(await check(limit, { dns: ['example.com', 'a.b.EXAMPLE.com'], ip: ['10.1.2.3'] }), undefined);
		assert.equal(await check(limit, { email: ['a@evil.test'] }), undefined, 'of this kind nothing is constrained');
		for (const name of ['example.org', 'badexample.com', 'com', 'kubernetes'])
			assert.equal(
				await check(limit, { dns: ['example.com', name] }),
				`${forbidden}DNS name "${name}" is not permitted by any constraint`,
			);
		for (const ip of ['11.0.0.1', '::1'])
			assert.equal(
				await check(limit, { ip: [ip] }),
				`${forbidden}IP address "${ip}" is not permitted by any constraint`,
			);
	});

	it('excluded names win', async () => {
		const limit = constraints([dns('example.com')], [dns('secret.example.com'), network(127, 0, 0, 0, 255, 0, 0, 0)]);
		assert.equal(await check(limit, { dns: ['www.example.com'] }), undefined);
		assert.equal(
			await check(limit, { dns: ['a.secret.example.com'] }),
			`${forbidden}DNS name "a.secret.example.com" is excluded by constraint "secret.example.com"`,
		);
		assert.equal(
			await check(limit, { ip: ['127.0.0.1'] }),
			`${forbidden}IP address "127.0.0.1" is excluded by constraint "127.0.0.0/8"`,
		);
	});

	it('a dot in front wants a name below; the empty constraint is every name', async () => {
		assert.equal(await check(constraints([dns('.example.com')], []), { dns: ['a.example.com'] }), undefined);
		assert.match(
			(await check(constraints([dns('.example.com')], []), { dns: ['example.com'] })) ?? '',
			/not permitted/,
		);
		assert.match((await check(constraints([], [dns('')]), { dns: ['a.test'] })) ?? '', /excluded/);
	});

	it('mail addresses and URIs', async () => {
		const mail = constraints([taggedBytes(1, bytesOf('example.com')), taggedBytes(1, bytesOf('a@host.test'))], []);
		assert.equal(await check(mail, { email: ['x@example.com', 'a@HOST.test'] }), undefined);
		for (const email of ['x@example.org', 'b@host.test', 'A@host.test', 'x@sub.host.test'])
			assert.match((await check(mail, { email: [email] })) ?? '', /email address .* is not permitted/, email);
		const uri = constraints([taggedBytes(6, bytesOf('example.com'))], []);
		assert.equal(await check(uri, { uri: ['https://www.example.com:8443/x'] }), undefined);
		assert.match((await check(uri, { uri: ['https://evil.test/'] })) ?? '', /URI .* is not permitted/);
		for (const bad of ['urn:x', 'https://10.0.0.1/'])
			assert.match((await check(uri, { uri: [bad] })) ?? '', /malformed certificate: the URI/, bad);
	});

	it('apply to all certificates below, and refuse names that they cannot compare', async () => {
		const root = await makeCertificate({
			commonName: 'root',
			extensions: [caExtension(), constraints([dns('example.com')], [])],
		});
		const between = await makeCertificate({ commonName: 'between', issuer: root, extensions: [caExtension()] });
		const leaf = await makeCertificate({
			commonName: 'leaf',
			issuer: between,
			extensions: [namesExtension({ dns: ['evil.test'] })],
		});
		assert.match(problem([leaf, between], [root]) ?? '', /DNS name "evil.test" is not permitted/);
		assert.equal(problem([leaf], [between]), undefined);
		const directory: ExtensionSpec = ['nameConstraints', sequence(tagged(0, sequence(tagged(4, sequence())))), true];
		assert.equal(await check(directory, { dns: ['a.test'] }), 'unhandled critical extension');
		assert.match((await check(constraints([network(10, 0)], []), { ip: ['10.0.0.1'] })) ?? '', /not a network/);
	});
});
