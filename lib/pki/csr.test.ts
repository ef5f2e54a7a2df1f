import assert from 'node:assert/strict';
import { createPublicKey, ECDH, generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { openssl } from '../../test/openssl.ts';
import { type ErrorCode, hasCode } from '../errors.ts';
import { signWith } from './algorithms.ts';
import { createCsr, parseCsr } from './csr.ts';
import {
	bitString,
	bitStringBytes,
	itemsOfSequence,
	itemsOfTag,
	readDer,
	sequence,
	tagged,
	unsignedInteger,
	writeDer,
} from './der.ts';
import { generateKeyPair, type KeyPair, keyAlgorithms, spkiOf, writePrivateKey } from './keys.ts';
import { readPem, writePem } from './pem.ts';

const subject = { organizations: ['system:nodes'], commonName: 'system:node:worker-1' };
const throwsCode = (pem: string, code: ErrorCode) =>
	assert.throws(
		() => parseCsr(pem),
		(error: unknown) => hasCode(error, code),
	);
const derOf = (pem: string): Buffer => readPem(pem).blocks[0]?.der ?? Buffer.alloc(0);
const opensslCsr = (args: readonly string[], config = '') =>
	parseCsr(
		openssl(
			['req', '-new', '-nodes', '-keyout', '/dev/null', ...args, ...(config === '' ? [] : ['-config', 'req.cnf'])],
			{ 'req.cnf': config },
		),
	);
const opensslConfig = (subjectLines: string, extensions: string) =>
	`[req]\nprompt=no\nutf8=yes\nstring_mask=utf8only\ndistinguished_name=dn\nreq_extensions=v3\n` +
	`[dn]\n${subjectLines}\n[v3]\n${extensions}\n`;
const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];

/** The same key pair with the public point written in its short form. */
function withCompressedPoint({ privateKey, publicKey }: KeyPair): KeyPair {
	const [algorithm, point] = itemsOfSequence(readDer(spkiOf(publicKey)));
	assert.ok(algorithm !== undefined);
	const compressed = ECDH.convertKey(bitStringBytes(point), 'prime256v1', undefined, undefined, 'compressed');
	const spki = writeDer(sequence(algorithm, bitString(Buffer.from(compressed))));
	return { privateKey, publicKey: createPublicKey({ key: spki, format: 'der', type: 'spki' }) };
}

describe('certificate requests', () => {
	for (const algorithm of keyAlgorithms) {
		it(`${algorithm}: creates a request that openssl verifies and that parses again`, async () => {
			const keys = await generateKeyPair(algorithm);
			const pem = createCsr(
				{ subject, dnsNames: ['worker-1'], ipAddresses: ['10.0.0.7', '2001:DB8:0::7', '::ffff:1.2.3.4'] },
				keys,
			);
			const text = openssl(['req', '-verify', '-noout', '-text', '-in', 'csr.pem'], { 'csr.pem': pem });
			assert.match(text, /Subject: O = system:nodes, CN = system:node:worker-1\n/);
			assert.match(
				text,
				/DNS:worker-1, IP Address:10\.0\.0\.7, IP Address:2001:DB8:0:0:0:0:0:7, IP Address:1\.2\.3\.4\n/,
			);
			const csr = parseCsr(pem);
			assert.deepEqual(csr.subject, subject);
			assert.deepEqual(csr.names, {
				dns: ['worker-1'],
				ip: ['10.0.0.7', '2001:db8::7', '1.2.3.4'],
				email: [],
				uri: [],
			});
			assert.ok(csr.publicKey.equals(keys.publicKey));
			assert.deepEqual(csr.spki, spkiOf(keys.publicKey));
		});
	}

	it("has no extensions without names, as the kubelet's client request", async () => {
		const pem = createCsr({ subject }, await generateKeyPair('ECDSA-P256'));
		assert.match(openssl(['req', '-noout', '-text', '-in', 'csr.pem'], { 'csr.pem': pem }), /Attributes:\n\s+\(none\)/);
		assert.deepEqual(parseCsr(pem).names, { dns: [], ip: [], email: [], uri: [] });
	});

	it("reads openssl's requests: RSA, P-384, P-521, SHA-384 and SHA-512", () => {
		assert.equal(opensslCsr(['-newkey', 'rsa:2048', '-sha512', '-subj', '/O=a/O=b/CN=c']).subject.commonName, 'c');
		assert.deepEqual(
			opensslCsr([
				'-newkey',
				'ec',
				'-pkeyopt',
				'ec_paramgen_curve:P-384',
				'-sha384',
				'-subj',
				'/O=a+O=b/CN=c',
				'-multivalue-rdn',
			]).subject,
			{
				organizations: ['a', 'b'],
				commonName: 'c',
			},
		);
		assert.equal(
			opensslCsr(['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521', '-subj', '/CN=c']).publicKey
				.asymmetricKeyDetails?.namedCurve,
			'secp521r1',
		);
	});

	it('reads every kind of name, beside other attributes and extensions', () => {
		const names =
			'subjectAltName=DNS:a.b,IP:1.2.3.4,IP:::1,email:x@y.z,URI:spiffe://a/b,RID:1.2.3\n' +
			'keyUsage=critical,keyCertSign\nbasicConstraints=critical,CA:TRUE';
		const csr = opensslCsr(ec, opensslConfig('C=DE\nOU=unit\nO=Größe\nCN=n', names));
		assert.deepEqual(csr.subject, { organizations: ['Größe'], commonName: 'n' });
		assert.deepEqual(csr.names, { dns: ['a.b'], ip: ['1.2.3.4', '::1'], email: ['x@y.z'], uri: ['spiffe://a/b'] });
	});

	it('cannot be made to read one attribute out of the value of another', () => {
		const csr = opensslCsr([...ec, '-subj', '/O=x\\/O=system:masters,O=system:masters/CN=a\\, CN=admin']);
		assert.deepEqual(csr.subject, {
			organizations: ['x/O=system:masters,O=system:masters'],
			commonName: 'a, CN=admin',
		});
		throwsCode(
			openssl(['req', '-new', ...ec, '-nodes', '-keyout', '/dev/null', '-subj', '/O=x\nO=system:masters/CN=a']),
			'CSR_MALFORMED',
		);
	});

	it('CSR_SIGNATURE_INVALID for a changed request and for a key that did not sign', async () => {
		const keys = await generateKeyPair('ECDSA-P256');
		const other = await generateKeyPair('ECDSA-P256');
		throwsCode(
			createCsr({ subject }, { publicKey: other.publicKey, privateKey: keys.privateKey }),
			'CSR_SIGNATURE_INVALID',
		);
		const der = derOf(createCsr({ subject }, keys));
		der[der.indexOf('worker-1')] = 0x57;
		throwsCode(writePem('CERTIFICATE REQUEST', der), 'CSR_SIGNATURE_INVALID');
	});

	it('keeps no pool of buffers in memory', async () => {
		const { spki } = parseCsr(createCsr({ subject }, await generateKeyPair('ECDSA-P256')));
		assert.equal(spki.buffer.byteLength, spki.length);
	});

	it('reads the first block and ignores text around it', async () => {
		const pem = createCsr({ subject }, await generateKeyPair('ECDSA-P256'));
		const other = createCsr({ subject: { ...subject, commonName: 'b' } }, await generateKeyPair('ECDSA-P256'));
		for (const text of [pem + other, `${pem}x`, `text\n${pem}`, pem.replace('\n', '\nComment: a\n\n')])
			assert.equal(parseCsr(text).subject.commonName, subject.commonName);
		assert.equal(parseCsr(pem.replaceAll('\n', '\r\n')).subject.commonName, subject.commonName);
	});

	it('CSR_MALFORMED when the first block is of another type, and for bytes after the request in it', async () => {
		const keys = await generateKeyPair('ECDSA-P256');
		const pem = createCsr({ subject }, keys);
		throwsCode('', 'CSR_MALFORMED');
		throwsCode(writePrivateKey(keys.privateKey) + pem, 'CSR_MALFORMED');
		throwsCode(pem.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'), 'CSR_MALFORMED');
		throwsCode(writePem('CERTIFICATE REQUEST', Buffer.concat([derOf(pem), Buffer.from([0])])), 'CSR_MALFORMED');
		throwsCode(pem + ' '.repeat(64 * 1024), 'CSR_MALFORMED');
	});

	it('an Ed25519 key is accepted, as in Go, and its signature is verified', () => {
		const keys = generateKeyPairSync('ed25519');
		const pem = openssl(['req', '-new', '-key', 'k.pem', '-subj', '/O=system:nodes/CN=a'], {
			'k.pem': writePrivateKey(keys.privateKey),
		});
		assert.equal(parseCsr(pem).publicKey.asymmetricKeyType, 'ed25519');
		const der = derOf(pem);
		der[der.indexOf('system:nodes')] = 0x53;
		throwsCode(writePem('CERTIFICATE REQUEST', der), 'CSR_SIGNATURE_INVALID');
	});

	it('CSR_MALFORMED for keys that are too small, on other curves, compressed, or of other types', () => {
		const pair = (keys: KeyPair) => throwsCode(createCsr({ subject }, keys), 'CSR_MALFORMED');
		pair(generateKeyPairSync('rsa', { modulusLength: 1024 }));
		pair(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 2_147_483_659 }));
		pair(generateKeyPairSync('ec', { namedCurve: 'secp256k1' }));
		pair(generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' }));
		pair(withCompressedPoint(generateKeyPairSync('ec', { namedCurve: 'P-256' })));
		throwsCode(
			openssl(['req', '-new', '-newkey', 'ed448', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=a']),
			'CSR_MALFORMED',
		);
	});

	it('names refused algorithms together with the accepted ones', () => {
		const problemOf = (pem: string) => {
			try {
				return String(parseCsr(pem));
			} catch (error) {
				return (error as Error).message;
			}
		};
		const small = createCsr({ subject }, generateKeyPairSync('rsa', { modulusLength: 1024 }));
		assert.match(
			problemOf(small),
			/RSA key of 1024 bits is not accepted; RSA of 2048 to 8192 bits, EC on .*Ed25519 are$/,
		);
		const request = (...args: string[]) =>
			openssl(['req', '-new', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=a', ...args]);
		assert.match(problemOf(request(...ec, '-sha1')), /SHA-1 with ECDSA is not accepted; SHA-256/);
		const pss = request('-newkey', 'rsa:2048', '-sigopt', 'rsa_padding_mode:pss');
		assert.match(problemOf(pss), /RSA-PSS is not accepted/);
	});

	it('CSR_MALFORMED for SHA-1, an algorithm of another key type, and two common names', async () => {
		throwsCode(
			openssl(['req', '-new', ...ec, '-nodes', '-keyout', '/dev/null', '-sha1', '-subj', '/CN=a']),
			'CSR_MALFORMED',
		);
		throwsCode(
			openssl(['req', '-new', ...ec, '-nodes', '-keyout', '/dev/null', '-subj', '/CN=a/CN=b']),
			'CSR_MALFORMED',
		);
		const rsa = await generateKeyPair('RSA-2048');
		const p256 = await generateKeyPair('ECDSA-P256');
		const [info] = itemsOfSequence(readDer(derOf(createCsr({ subject }, p256))));
		const [, rsaAlgorithm] = itemsOfSequence(readDer(derOf(createCsr({ subject }, rsa))));
		assert.ok(info !== undefined && rsaAlgorithm !== undefined);
		throwsCode(
			writePem(
				'CERTIFICATE REQUEST',
				writeDer(sequence(info, rsaAlgorithm, bitString(signWith(p256.privateKey, writeDer(info))))),
			),
			'CSR_MALFORMED',
		);
	});

	it('CSR_MALFORMED for another version, and for extensions that are requested twice', async () => {
		const keys = await generateKeyPair('ECDSA-P256');
		const pem = createCsr({ subject, dnsNames: ['a.b'] }, keys);
		const [info, algorithm] = itemsOfSequence(readDer(derOf(pem)));
		const [version, name, spki, attributes] = itemsOfSequence(info);
		const [attribute] = itemsOfTag(attributes, 0);
		assert.ok(algorithm && version && name && spki && attribute);
		const signed = (...changed: Parameters<typeof sequence>): string => {
			const body = sequence(...changed);
			const signature = bitString(signWith(keys.privateKey, writeDer(body)));
			return writePem('CERTIFICATE REQUEST', writeDer(sequence(body, algorithm, signature)));
		};
		assert.deepEqual(parseCsr(signed(version, name, spki, tagged(0, attribute))).names.dns, ['a.b']);
		throwsCode(signed(unsignedInteger(Buffer.from([1])), name, spki, tagged(0, attribute)), 'CSR_MALFORMED');
		throwsCode(signed(version, name, spki, tagged(0, attribute, attribute)), 'CSR_MALFORMED');
	});

	it('throws only its two codes for any bytes', async () => {
		const der = derOf(createCsr({ subject, dnsNames: ['a'] }, await generateKeyPair('ECDSA-P256')));
		const throwsOwnCode = (bytes: Uint8Array) => {
			try {
				parseCsr(writePem('CERTIFICATE REQUEST', bytes));
				return Buffer.from(bytes).equals(der);
			} catch (error) {
				return hasCode(error, 'CSR_MALFORMED', 'CSR_SIGNATURE_INVALID');
			}
		};
		fc.assert(fc.property(fc.uint8Array(), throwsOwnCode));
		const changed = fc
			.tuple(fc.nat(der.length - 1), fc.nat(255))
			.map(([at, byte]) => Buffer.concat([der.subarray(0, at), Buffer.from([byte]), der.subarray(at + 1)]));
		fc.assert(fc.property(changed, throwsOwnCode), { numRuns: 1000 });
		fc.assert(
			fc.property(fc.string(), (text) =>
				assert.throws(
					() => parseCsr(text),
					(error: unknown) => hasCode(error, 'CSR_MALFORMED'),
				),
			),
		);
		throwsOwnCode(Buffer.alloc(40_000, 0x30));
	});
});
