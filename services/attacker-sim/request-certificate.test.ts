import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { systemClock } from '../../lib/clock.ts';
import { type ErrorCode, hasCode, KubejoinError } from '../../lib/errors.ts';
import { userKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import type { CertificateSigningRequest } from '../../lib/kube/types.ts';
import { buildCaCertificate, type Issuer, parseCertificates } from '../../lib/pki/certificate.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { generateKeyPair, readPrivateKey } from '../../lib/pki/keys.ts';
import { createCa, type TestCa } from '../../lib/rpc/fixtures.test.ts';
import type { Call } from '../../lib/rpc/server.ts';
import { makeOwnCa, signAnything } from './certificates.ts';
import { openService, serviceOf, type TestFiles, testFiles, tokenText } from './fixtures.test.ts';
import { outcomeText, type RequestFlags, requestCertificate } from './request-certificate.ts';
import { readStolenIdentity } from './stolen-files.ts';

const csr = (status: CertificateSigningRequest['status']): CertificateSigningRequest => ({
	apiVersion: 'certificates.k8s.io/v1',
	kind: 'CertificateSigningRequest',
	metadata: {},
	spec: { request: '', signerName: '', usages: [] },
	...(status === undefined ? {} : { status }),
});
const condition = (type: string) => ({ type, status: 'True', reason: 'Because', message: 'it was so' });

describe('the outcome of a request', () => {
	it('is pending until the request is signed', () => {
		assert.equal(outcomeText(csr(undefined)), 'outcome: pending');
		assert.equal(outcomeText(csr({ conditions: [condition('Approved')] })), 'outcome: pending');
	});
	it('is denied or failed, with reason and message', () => {
		assert.equal(outcomeText(csr({ conditions: [condition('Denied')] })), 'outcome: denied Because: it was so');
		assert.equal(
			outcomeText(csr({ conditions: [condition('Approved'), condition('Failed')] })),
			'outcome: failed Because: it was so',
		);
	});
	it('is issued, with the serial number', async () => {
		const pem = buildCaCertificate(
			{ commonName: 'x', dnsNames: [], notBefore: 0, notAfter: 1_000 },
			await generateKeyPair('ECDSA-P256'),
		);
		assert.match(
			outcomeText(csr({ certificate: Buffer.from(pem).toString('base64') })),
			/^outcome: issued serial [0-9a-f]{32}$/,
		);
	});
});

describe('a request with a stolen credential', () => {
	type Sent = Pick<CertificateSigningRequest, 'metadata' | 'spec'>;
	let files: TestFiles;
	let ca: TestCa;
	let signer: Issuer;
	let server: Awaited<ReturnType<typeof openService>>;
	let sent: { csr: Sent; credential: string } | undefined;
	/** The states of the request that its watch returns. */
	let decide: (csr: Sent) => readonly CertificateSigningRequest['status'][];
	let refusal: { readonly on: 'Create' | 'Watch' } | undefined;
	let watched: string;
	let flags: RequestFlags;

	const forbidden = () =>
		new KubejoinError('API_FORBIDDEN', { resource: 'x', group: '', name: '', because: 'because' });
	before(async () => {
		files = testFiles();
		ca = await createCa('kubernetes');
		signer = await makeOwnCa(systemClock);
		const create = (csr: Sent, { metadata, peer: { certificate } }: Call) => {
			if (refusal?.on === 'Create') throw forbidden();
			const name = certificate.state === 'verified' ? certificate.commonName : metadata('authorization');
			sent = { csr, credential: name ?? '' };
			return { ...csr, metadata: { name: 'csr-1' } };
		};
		async function* watch({ fieldSelector }: { readonly fieldSelector: string }, { signal }: Call) {
			watched = fieldSelector;
			if (refusal?.on === 'Watch') throw forbidden();
			if (sent === undefined) return;
			for (const status of decide(sent.csr))
				yield { type: 'MODIFIED', object: { ...sent.csr, metadata: { name: 'csr-1' }, status } };
			if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
		}
		server = await openService('apiserver-sim', ca, [
			serviceOf('CertificateSigningRequests', { Create: create }, { Watch: watch }),
		]);
		flags = {
			target: server.target,
			clusterCa: files.write('ca.crt', ca.pem),
			tokenFile: files.write('token', tokenText),
			signer: 'kubernetes.io/kube-apiserver-client-kubelet',
			commonName: 'system:node:a',
			wait: '1m',
		};
	});
	beforeEach(() => {
		sent = undefined;
		refusal = undefined;
		watched = '';
		decide = ({ spec }) => {
			const csr = Buffer.from(spec.request, 'base64').toString();
			const certificate = Buffer.from(signAnything(signer, csr, spec.usages, systemClock)).toString('base64');
			return [undefined, { conditions: [condition('Approved')] }, { certificate }];
		};
	});
	after(async () => {
		await server?.close();
		files.remove();
	});

	const attempt = (changed: Partial<RequestFlags> = {}, clock = systemClock) =>
		requestCertificate({ ...flags, ...changed }, clock);
	const refuses = (attempted: Promise<unknown>, code: ErrorCode, says: RegExp) =>
		assert.rejects(attempted, (error) => {
			assert.ok(hasCode(error, code), String(error));
			assert.match(error.message, says);
			assert.equal(sent, undefined);
			return true;
		});

	it('waits for the certificate, and prints its serial number and its lifetime', async () => {
		const dayMs = 24 * 60 * 60_000;
		const lines = await attempt({}, () => signer.notAfter - dayMs / 2);
		assert.match(lines[0] ?? '', /^outcome: issued serial [0-9a-f]{32}$/);
		assert.deepEqual([lines[1], lines.length, watched], ['request: csr-1', 3, 'metadata.name=csr-1']);
		const seconds = Number(/^good for: (\d+) s$/.exec(lines[2] ?? '')?.[1]);
		assert.ok(Math.abs(seconds - dayMs / 2 / 1000) < 5, lines[2]);
	});

	it('shows the stolen token', async () => {
		await attempt();
		assert.equal(sent?.credential, `Bearer ${tokenText}`);
	});

	it('shows the stolen certificate of a node', async () => {
		const { cert: certificate, key } = await ca.client('system:node:b');
		const config = userKubeconfig('https://h:6443', ca.pem, 'b', { certificate, key });
		const { tokenFile: _tokenFile, ...others } = flags;
		await requestCertificate({ ...others, kubeconfig: files.write('b.conf', writeKubeconfig(config)) }, systemClock);
		assert.equal(sent?.credential, 'system:node:b');
	});

	it('asks for the subject, the names, the signer and the usages of its flags', async () => {
		const organization = ['system:masters', 'others'];
		await attempt({ organization, dns: ['evil.example'], ip: ['203.0.113.1'], usage: ['server auth'], signer: 's' });
		const { request = '', signerName, usages } = sent?.csr.spec ?? {};
		const { subject, names } = parseCsr(Buffer.from(request, 'base64').toString());
		assert.deepEqual(subject, { organizations: organization, commonName: 'system:node:a' });
		assert.deepEqual([names.dns, names.ip], [['evil.example'], ['203.0.113.1']]);
		assert.deepEqual([signerName, usages], ['s', ['server auth']]);
	});

	it('asks for client authentication without names by default', async () => {
		await attempt();
		const { request = '', usages } = sent?.csr.spec ?? {};
		assert.deepEqual(usages, ['digital signature', 'client auth']);
		const { subject, names } = parseCsr(Buffer.from(request, 'base64').toString());
		assert.deepEqual([subject.organizations, names.dns, names.ip], [[], [], []]);
	});

	it('writes certificate, key and kubeconfig for its owner only', async () => {
		const out = files.path('loot');
		const lines = await attempt({ out });
		assert.equal(lines[2], `kept: ${out}/client.conf`);
		for (const name of ['client.crt', 'client.key', 'client.conf'])
			assert.equal(statSync(`${out}/${name}`).mode & 0o777, 0o600, name);
		const { cert, key } = await readStolenIdentity(`${out}/client.conf`);
		assert.equal(parseCertificates(cert)[0].checkPrivateKey(readPrivateKey(key)), true);
		assert.equal(lines[0], `outcome: issued serial ${parseCertificates(cert)[0].serialNumber.toLowerCase()}`);
	});

	it('fails with FILE_UNUSABLE when the certificate cannot be written', () =>
		assert.rejects(attempt({ out: files.write('file', '') }), (error) => hasCode(error, 'FILE_UNUSABLE')));

	for (const wait of ['0s', '-1s', '1ms'])
		it(`is pending after --wait ${wait} without a decision, and writes nothing`, async () => {
			decide = () => [undefined];
			const out = files.path(`pending-${wait}`);
			assert.deepEqual(await attempt({ wait, out }), ['outcome: pending', 'request: csr-1']);
			assert.throws(() => statSync(out), { code: 'ENOENT' });
		});

	for (const type of ['Denied', 'Failed'])
		it(`stops waiting when it is ${type.toLowerCase()}`, async () => {
			decide = () => [undefined, { conditions: [condition(type)] }];
			const expected = [`outcome: ${type.toLowerCase()} Because: it was so`, 'request: csr-1'];
			assert.deepEqual(await attempt(), expected);
		});

	for (const [on, names] of [
		['Create', []],
		['Watch', ['request: csr-1']],
	] as const)
		it(`prints the refusal of ${on}, and its request if there is one`, async () => {
			refusal = { on };
			const [line = '', ...more] = await attempt();
			assert.match(line, /^outcome: refused API_FORBIDDEN: .*because/);
			assert.deepEqual(more, names);
		});

	it('needs exactly one credential', async () => {
		const { tokenFile: _tokenFile, ...none } = flags;
		const says = /^give one stolen credential: --token-file FILE \(P1\) or --kubeconfig FILE \(P2\)$/;
		await refuses(requestCertificate(none, systemClock), 'ATTACK_ARGUMENTS_INVALID', says);
		await refuses(attempt({ kubeconfig: files.path('absent') }), 'ATTACK_ARGUMENTS_INVALID', says);
	});

	for (const [title, changed, code, says] of [
		['a duration without a unit', { wait: '5' }, 'ATTACK_ARGUMENTS_INVALID', /^--wait: time: missing unit/],
		['a target on the internet', { target: '203.0.113.7:6443' }, 'ATTACK_NOT_ALLOWED', /203\.0\.113\.7/],
		['the name of another service', { target: 'ca-service:6444' }, 'ATTACK_NOT_ALLOWED', /ca-service/],
		['an absent CA', { clusterCa: '/absent' }, 'ATTACK_ARGUMENTS_INVALID', /^--cluster-ca \/absent cannot be read/],
	] satisfies [string, Partial<RequestFlags>, ErrorCode, RegExp][])
		it(`refuses ${title}`, () => refuses(attempt(changed), code, says));
});
