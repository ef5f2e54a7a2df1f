import assert from 'node:assert/strict';
import { hasCode } from '../../../lib/errors.ts';
import type { CertificateSigningRequest } from '../../../lib/kube/types.ts';
import { buildCaCertificate, parseCertificates } from '../../../lib/pki/certificate.ts';
import { generateKeyPair, type KeyPair } from '../../../lib/pki/keys.ts';
import { type FakeContext, fakeContext, requestOf } from '../context.fixture.ts';
import { signAgain } from './sign-again.ts';

describe('a second signature for one request', () => {
	let keyPair: KeyPair;
	let context: FakeContext;
	before(async () => {
		keyPair = await generateKeyPair('ECDSA-P256');
	});
	beforeEach(() => {
		context = fakeContext();
	});
	afterEach(() => context.remove());
	const certificate = () => {
		const days = { notBefore: Date.UTC(2026, 0, 1), notAfter: Date.UTC(2027, 0, 1) };
		return Buffer.from(buildCaCertificate({ commonName: 'n', dnsNames: [], ...days }, keyPair)).toString('base64');
	};
	const serial = (base64: string) => parseCertificates(Buffer.from(base64, 'base64').toString())[0].serialNumber;
	const issued = (node: string, status: NonNullable<CertificateSigningRequest['status']>) => {
		const request = { ...requestOf(`csr-${node}`, node, keyPair), status };
		request.metadata.uid = `uid-${node}`;
		context.requests.push(request);
		return request;
	};

	it('holds when ca-service returns the issued certificate for the same UID', async () => {
		const first = certificate();
		issued('other', { certificate: certificate() });
		const { spec } = issued('n', { certificate: first });
		const asked: object[] = [];
		const verdict = await signAgain(context, 'n', async (request) => {
			asked.push(request);
			return first;
		});
		assert.match(verdict, /^security: held: /);
		assert.ok(verdict.endsWith(`serial ${serial(first)}`));
		const { request: csr, signerName, usages } = spec;
		assert.deepEqual(asked, [{ csr, signerName, usages, requestId: 'uid-n' }]);
	});

	it('is violated by another certificate, with both serials', async () => {
		const [first, second] = [certificate(), certificate()];
		issued('n', { certificate: first });
		const verdict = await signAgain(context, 'n', async () => second);
		assert.match(verdict, /^security: violated: ca-service issued a second certificate/);
		assert.ok(verdict.includes(serial(first)) && verdict.includes(serial(second)));
	});

	it('reports LAB_NOT_FOUND for a request that was not signed', async () => {
		issued('n', {});
		await assert.rejects(
			signAgain(context, 'n', async () => ''),
			(error) => hasCode(error, 'LAB_NOT_FOUND'),
		);
	});
});
