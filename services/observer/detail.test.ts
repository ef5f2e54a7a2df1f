import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { buildCaCertificate, buildCertificate, issuerOf } from '../../lib/pki/certificate.ts';
import { createCsr } from '../../lib/pki/csr.ts';
import { signDetached } from '../../lib/pki/jws.ts';
import { generateKeyPair, type KeyPair, spkiOf } from '../../lib/pki/keys.ts';
import { sectionsOf } from './detail.ts';
import type { FieldKey, SectionKind } from './field-keys.ts';
import type { Attributes, Span } from './otlp.ts';
import { idOf, joinedSpans, phase, refusedSpans, root, span, traceId } from './spans.fixture.ts';
import { answerOf, stepsOf } from './steps.ts';

const nowMs = Date.UTC(2026, 0, 1);
const dayMs = 86_400_000;

describe('the details of a step', () => {
	let caKeys: KeyPair;
	let nodeKeys: KeyPair;
	let ca: string;
	let certificate: string;
	let csr: string;
	before(async () => {
		[caKeys, nodeKeys] = await Promise.all([generateKeyPair('ECDSA-P256'), generateKeyPair('ECDSA-P256')]);
		const options = { commonName: 'kubernetes', dnsNames: ['kubernetes'], notBefore: nowMs, notAfter: nowMs + dayMs };
		ca = buildCaCertificate(options, caKeys);
		const subject = { organizations: ['system:nodes'], commonName: 'system:node:node-1' };
		certificate = buildCertificate(
			{ subject, spki: spkiOf(nodeKeys.publicKey), notBefore: nowMs, notAfter: nowMs + dayMs, usages: ['client auth'] },
			issuerOf(ca, caKeys.privateKey),
		);
		csr = createCsr({ subject, dnsNames: ['node-1'] }, nodeKeys);
	});

	/** Of a step with the label, among the spans. */
	function sectionsIn(spans: readonly Span[], label: string) {
		const step = stepsOf(traceId, spans).find((one) => one.label === label) ?? assert.fail();
		const own = spans.find(({ spanId }) => spanId === step.id.split('-')[0]) ?? assert.fail();
		return sectionsOf(step, own, answerOf(own, spans));
	}
	const sectionsWith = (attributes: Attributes) => sectionsIn([root(), phase(2, 'preflight', attributes)], 'preflight');
	const fieldsOf = (sections: ReturnType<typeof sectionsOf>, kind: SectionKind) => {
		const section = sections.find((one) => one.kind === kind) ?? assert.fail(`there is no section ${kind}`);
		return (key: FieldKey) => section.fields.find((field) => field.key === key)?.value;
	};

	it('of a failure are code, message, causes and remedy, which the attributes do not repeat', () => {
		const sections = sectionsIn(refusedSpans, 'discovery/pin-ca');
		assert.deepEqual(sections[0]?.fields, [
			{ key: 'failure.code', value: 'CA_HASH_MISMATCH' },
			{ key: 'failure.sentence', value: 'not pinned' },
			{ key: 'failure.mostLikely', value: 'another cluster' },
			{ key: 'failure.alsoPossible', value: 'a forged answer\na wrong hash' },
			{ key: 'failure.remedy', value: 'do not join' },
		]);
		const attributes = sections.find(({ kind }) => kind === 'attributes')?.fields ?? [];
		assert.deepEqual(
			attributes.filter(({ key }) => /likely|possible|remedy/.test(key)),
			[],
		);
	});

	it('of a failed check do not say which side trusts the other; those of one that passed do', () => {
		const trustOf = (label: string) => fieldsOf(sectionsIn(refusedSpans, label), 'check')('check.trust');
		assert.deepEqual([trustOf('preflight'), trustOf('discovery/pin-ca')], ['after preflight', undefined]);
	});

	it('of a message are peers, protection, sizes and the decision of the API server', () => {
		const sections = sectionsIn(joinedSpans, 'get configmaps kube-public/cluster-info');
		const message = fieldsOf(sections, 'message');
		assert.deepEqual(
			(['message.from', 'message.to', 'message.peer', 'message.tls', 'message.receivedBytes'] as const).map(message),
			['node-1', 'apiserver-sim', '127.0.0.1:6443', 'one-way', '2000'],
		);
		const decision = fieldsOf(sections, 'decision');
		assert.deepEqual(
			(['decision.user', 'decision.verb', 'decision.resource', 'decision.decision'] as const).map(decision),
			['system:anonymous', 'get', 'configmaps kube-public/cluster-info', 'allowed'],
		);
	});

	it('of an error that the caller expects are an answer and no failure', () => {
		const spans = [
			root(),
			span(2, 'm', {
				kind: 'client',
				attributes: {
					'rpc.service': 'kubejoin.v1.Nodes',
					'rpc.method': 'Get',
					'kubejoin.expected_error': 'API_NOT_FOUND',
				},
			}),
		];
		const sections = sectionsIn(spans, 'Nodes/Get');
		assert.equal(fieldsOf(sections, 'message')('message.expectedError'), 'API_NOT_FOUND');
		assert.ok(!sections.some(({ kind }) => kind === 'failure'));
	});

	it('of a pin are all steps from the bytes of the certificate to the comparison', () => {
		const spki = spkiOf(caKeys.publicKey);
		const digest = createHash('sha256').update(spki).digest('hex');
		for (const [pinned, matches] of [
			[[`sha256:${digest}`], 'true'],
			[[`sha256:${'0'.repeat(64)}`], 'false'],
		] as const) {
			const pin = fieldsOf(sectionsWith({ 'kubejoin.ca.pem': ca, 'kubejoin.ca.pinned': pinned }), 'pin');
			assert.equal(pin('pin.certificate'), 'CN=kubernetes');
			assert.equal(pin('pin.spki'), `${spki.length} bytes: ${spki.toString('hex')}`);
			assert.equal(pin('pin.sha256'), digest);
			assert.equal(pin('pin.presented'), `sha256:${digest}`);
			assert.deepEqual([pin('pin.wanted'), pin('pin.matches')], [pinned[0], matches]);
		}
	});

	it('of a signature: its parts, and the signed text', () => {
		const content = 'kind: Config\n';
		const detached = signDetached(content, 'abcdef', '0123456789abcdef');
		const jws = fieldsOf(sectionsWith({ 'kubejoin.jws.detached': detached, 'kubejoin.cluster_info': content }), 'jws');
		assert.deepEqual([jws('jws.alg'), jws('jws.kid')], ['HS256', 'abcdef']);
		const [header = '', , signature = ''] = detached.split('.');
		assert.equal(jws('jws.signedText'), `${header}.${Buffer.from(content).toString('base64url')}`);
		assert.equal(jws('jws.signature'), Buffer.from(signature, 'base64url').toString('hex'));
	});

	it('of a certificate and a request are subject, key, names and usages', () => {
		const sections = sectionsWith({
			'kubejoin.certificate.pem': certificate,
			'kubejoin.csr.pem': csr,
			'kubejoin.csr.usages': ['client auth'],
		});
		const issued = fieldsOf(sections, 'certificate');
		assert.equal(issued('certificate.subject'), 'O=system:nodes, CN=system:node:node-1');
		assert.equal(issued('certificate.issuer'), 'CN=kubernetes');
		assert.equal(issued('certificate.notAfter'), '2026-01-02T00:00:00.000Z');
		assert.deepEqual([issued('certificate.extendedKeyUsage'), issued('certificate.isCa')], ['client auth', 'false']);
		const requested = fieldsOf(sections, 'csr');
		assert.equal(requested('csr.subject'), 'O=system:nodes, CN=system:node:node-1');
		assert.match(requested('csr.publicKey') ?? '', /^P-256$/);
		assert.match(requested('csr.subjectAltNames') ?? '', /node-1/);
	});

	it('of a token: its ID, its user and the reason of a refusal', () => {
		const token = fieldsOf(
			sectionsWith({ 'kubejoin.token.id': 'abcdef', 'kubejoin.token.refused': true, 'kubejoin.token.why': 'expired' }),
			'token',
		);
		assert.deepEqual([token('token.id'), token('token.why')], ['abcdef', 'expired']);
	});

	it('of bytes that are no certificate, request or signature are not an error', () => {
		for (const text of ['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', '....']) {
			const sections = sectionsWith({
				'kubejoin.ca.pem': text,
				'kubejoin.certificate.pem': text,
				'kubejoin.csr.pem': text,
				'kubejoin.jws.detached': text,
			});
			assert.ok(sections.some(({ kind }) => kind === 'check'));
			assert.ok(!sections.some(({ kind }) => kind === 'certificate' || kind === 'pin'));
		}
	});

	it('show every other attribute under its own name, in printable characters', () => {
		const evil = 'a\u202eb\u001b[2J';
		const section = sectionsWith({ 'x.y': evil, list: ['p', 'q'], flag: true }).find(
			({ kind }) => kind === 'attributes',
		);
		const values = new Map(section?.fields.map(({ key, value }) => [key, value]));
		assert.deepEqual([values.get('list'), values.get('flag')], ['p\nq', 'true']);
		assert.equal(values.get('x.y'), 'a\\u202eb^[[2J');
	});

	it('of a change that was seen by watch are those of its phase', () => {
		const sections = sectionsIn(joinedSpans, 'csr "x" Approved');
		assert.ok(sections.length > 0);
		assert.equal(idOf(7).length, 16);
	});
});
