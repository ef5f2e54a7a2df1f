import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type ErrorCode, hasCode, KubejoinError } from '../../../lib/errors.ts';
import { projectPath } from '../../../lib/paths.ts';
import { buildCaCertificate, buildCertificate, createIssuer, parseCertificates } from '../../../lib/pki/certificate.ts';
import { generateKeyPair, type KeyPair, spkiOf } from '../../../lib/pki/keys.ts';
import { parsePin, spkiPin } from '../../../lib/pki/pin.ts';
import type { SignedKubeconfig } from '../trust.ts';
import { acceptCa, pinCa as phase } from './pin-ca.ts';
import { clusterReader, parseClaimedCa, readCluster } from './read-cluster.ts';

const pinCa = phase({ readCluster });

const lifetime = { notBefore: 0, notAfter: 4e12 };
const realCa = readFileSync(projectPath('test/fixtures/kubeadm-1.29-ca.crt'), 'utf8');
const pinOf = (pem: string) => spkiPin(parseCertificates(pem)[0]);
const noPin = parsePin(`sha256:${'0'.repeat(64)}`);

function refusal(work: () => unknown): KubejoinError {
	try {
		work();
	} catch (error) {
		assert.ok(error instanceof KubejoinError);
		return error;
	}
	return assert.fail('nothing was refused');
}
const refusedWith = (code: ErrorCode, work: () => unknown) => assert.ok(hasCode(refusal(work), code));

describe('pin-ca', () => {
	let pair: KeyPair;
	let own: string;
	let other: string;
	before(async () => {
		pair = await generateKeyPair('ECDSA-P256');
		own = buildCaCertificate({ commonName: 'kubernetes', dnsNames: [], ...lifetime }, pair);
		other = buildCaCertificate(
			{ commonName: 'kubernetes', dnsNames: [], ...lifetime },
			await generateKeyPair('ECDSA-P256'),
		);
	});

	it('accepts a CA of a real cluster by the hash of its public key', () => {
		assert.equal(acceptCa(parseClaimedCa(realCa), [noPin, pinOf(realCa)]), realCa);
	});

	it('accepts a renewed certificate with the same key', () => {
		const renewed = buildCaCertificate({ commonName: 'kubernetes', dnsNames: [], notBefore: 1, notAfter: 5e12 }, pair);
		assert.equal(acceptCa(parseClaimedCa(renewed), [pinOf(own)]), renewed);
	});

	it('refuses too many CAs with CLUSTER_INFO_INVALID', () => {
		assert.equal(acceptCa(parseClaimedCa(own.repeat(32)), [pinOf(own)]), own.repeat(32));
		refusedWith('CLUSTER_INFO_INVALID', () => acceptCa(parseClaimedCa(own.repeat(33)), [pinOf(own)]));
	});

	it('removes text around the certificates', async () => {
		const trusted = own.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE');
		const ca = Buffer.from(`text\n${trusted}${own}${trusted}`).toString('base64');
		const cluster = { server: 'https://h:6443', 'certificate-authority-data': ca };
		const text = JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] });
		const { pinnedCa } = await pinCa.run({ signedKubeconfig: text as SignedKubeconfig, pins: [pinOf(own)] });
		assert.equal(pinnedCa, own);
	});

	it('accepts two CAs that are both pinned, as in a rotation', () => {
		assert.equal(acceptCa(parseClaimedCa(own + other), [pinOf(own), pinOf(other)]), own + other);
	});

	it('accepts a CA signed by a pinned CA', async () => {
		const cross = await generateKeyPair('ECDSA-P256');
		const template = {
			subject: { commonName: 'new', organizations: [] },
			spki: spkiOf(cross.publicKey),
			...lifetime,
			usages: ['cert sign'] as const,
			isCa: true,
		};
		const signed = buildCertificate(template, createIssuer(parseCertificates(own)[0], pair.privateKey));
		assert.equal(acceptCa(parseClaimedCa(own + signed), [pinOf(own)]), own + signed);
	});

	it('refuses unpinned CAs with upstream’s text and their hashes', () => {
		const error = refusal(() => acceptCa(parseClaimedCa(own + other), [noPin]));
		assert.equal(error.code, 'CA_HASH_MISMATCH');
		assert.equal(
			error.message,
			`cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "${pinOf(own)}:${pinOf(other)}" are pinned`,
		);
	});

	it('refuses another CA appended to the pinned one', () => {
		assert.deepEqual(refusal(() => acceptCa(parseClaimedCa(own + other), [pinOf(own)])).details.presented, [
			pinOf(other),
		]);
	});

	it('refuses an appended CA with a forged signature of the pinned CA', async () => {
		const thief = await generateKeyPair('ECDSA-P256');
		const template = {
			subject: { commonName: 'x', organizations: [] },
			spki: spkiOf(thief.publicKey),
			...lifetime,
			usages: ['cert sign'] as const,
			isCa: true,
		};
		const forged = buildCertificate(
			template,
			createIssuer(
				parseCertificates(buildCaCertificate({ commonName: 'kubernetes', dnsNames: [], ...lifetime }, thief))[0],
				thief.privateKey,
			),
		);
		refusedWith('CA_HASH_MISMATCH', () => acceptCa(parseClaimedCa(own + forged), [pinOf(own)]));
	});

	it('refuses an appended CA that the pinned key signed under another name', async () => {
		const cross = await generateKeyPair('ECDSA-P256');
		const template = {
			subject: { commonName: 'new', organizations: [] },
			spki: spkiOf(cross.publicKey),
			...lifetime,
			usages: ['cert sign'] as const,
			isCa: true,
		};
		const renamed = buildCaCertificate({ commonName: 'another name', dnsNames: [], ...lifetime }, pair);
		const signed = buildCertificate(template, createIssuer(parseCertificates(renamed)[0], pair.privateKey));
		refusedWith('CA_HASH_MISMATCH', () => acceptCa(parseClaimedCa(own + signed), [pinOf(own)]));
	});

	it('refuses a node’s certificate from the pinned CA', async () => {
		const node = await generateKeyPair('ECDSA-P256');
		const template = {
			subject: { commonName: 'system:node:a', organizations: [] },
			spki: spkiOf(node.publicKey),
			...lifetime,
			usages: ['client auth'] as const,
		};
		const leaf = buildCertificate(template, createIssuer(parseCertificates(own)[0], pair.privateKey));
		refusedWith('CA_HASH_MISMATCH', () => acceptCa(parseClaimedCa(own + leaf), [pinOf(own)]));
	});

	it('refuses missing certificates, CA or kubeconfig, and a server without https', () => {
		const run = (kubeconfig: string) =>
			pinCa.run({ signedKubeconfig: kubeconfig as SignedKubeconfig, pins: [pinOf(own)] });
		const config = (cluster: object) =>
			JSON.stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] });
		const ca = Buffer.from(own).toString('base64');
		refusedWith('CLUSTER_INFO_INVALID', () => acceptCa(parseClaimedCa('nonsense'), [pinOf(own)]));
		refusedWith('CLUSTER_INFO_INVALID', () => run(config({ server: 'https://h:1' })));
		refusedWith('CLUSTER_INFO_INVALID', () => run(config({ server: 'http://h:1', 'certificate-authority-data': ca })));
		refusedWith('CLUSTER_INFO_INVALID', () => run('a: [1'));
		refusedWith('CLUSTER_INFO_INVALID', () =>
			run(config({ server: 'https://h:1', 'certificate-authority': '/etc/passwd' })),
		);
	});

	it('reads equal documents once, and checks the pins of each', () => {
		const document = (server: string) => {
			const cluster = { server, 'certificate-authority-data': Buffer.from(own).toString('base64') };
			const kubeconfig = { apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] };
			return JSON.stringify(kubeconfig) as SignedKubeconfig;
		};
		const read = clusterReader();
		const first = read(document('https://h:6443'));
		assert.equal(read(document('https://h:6443')), first);
		assert.equal(read(document('https://other:6443')).namedServer.server, 'https://other:6443');
		refusedWith('CLUSTER_INFO_INVALID', () => read('a: [1' as SignedKubeconfig));
		const { run } = phase({ readCluster: read });
		const signedKubeconfig = document('https://h:6443');
		assert.equal((run({ signedKubeconfig, pins: [pinOf(own)] }) as { pinnedCa: string }).pinnedCa, own);
		refusedWith('CA_HASH_MISMATCH', () => run({ signedKubeconfig, pins: [noPin] }));
	});

	it('returns the server of the document', async () => {
		const cluster = { server: 'https://h:6443', 'certificate-authority-data': Buffer.from(own).toString('base64') };
		const kubeconfig = JSON.stringify({
			apiVersion: 'v1',
			kind: 'Config',
			clusters: [{ name: '', cluster }],
		}) as SignedKubeconfig;
		assert.deepEqual(await pinCa.run({ signedKubeconfig: kubeconfig, pins: [pinOf(own)] }), {
			pinnedCa: own,
			namedServer: { server: 'https://h:6443' },
		});
	});
});
