import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
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
		return sectionsOf(step, own, answerOf(own, spans), spans);
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

	const checksIn = (sections: ReturnType<typeof sectionsOf>, kind: SectionKind) =>
		(sections.find((one) => one.kind === kind) ?? assert.fail(kind)).checks?.map(
			({ key, result }) => `${key} ${result}`,
		);

	it('of a wrong pin name the mistake, if it is the hash of other bytes', () => {
		const der = new X509Certificate(ca).raw;
		for (const [bytes, mistake] of [
			['', 'nothing'],
			[der, 'certificate'],
			[ca, 'certificate-pem'],
			['something else', undefined],
		] as const) {
			const pin = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
			const sections = sectionsWith({ 'kubejoin.ca.pem': ca, 'kubejoin.ca.pinned': [pin] });
			assert.equal(fieldsOf(sections, 'pin')('pin.mistake'), mistake);
			assert.deepEqual(checksIn(sections, 'pin'), ['pinEqual failed']);
		}
		assert.deepEqual(checksIn(sectionsWith({ 'kubejoin.ca.pem': ca }), 'pin'), ['pinGiven not-made']);
	});

	it('of a signature have the checks of the node, and never the signature that it computed', () => {
		const secret = '0123456789abcdef';
		const content = 'kind: Config\n';
		const attributes = (jws: string) => ({
			'kubejoin.jws.detached': jws,
			'kubejoin.cluster_info': content,
			'kubejoin.token.id': 'abcdef',
		});
		const sectionsFor = (jws: string, failed?: string) =>
			sectionsIn(
				[root(), phase(2, 'discovery/verify-signature', attributes(jws), failed === undefined ? {} : { failed })],
				'discovery/verify-signature',
			);
		const genuine = signDetached(content, 'abcdef', secret);
		assert.deepEqual(checksIn(sectionsFor(genuine), 'jws'), [
			'jwsAlgorithm passed',
			'jwsKeyId passed',
			'jwsEqual passed',
		]);
		const forged = signDetached(content, 'abcdef', 'f'.repeat(16));
		const refused = sectionsFor(forged, 'not valid');
		assert.deepEqual(checksIn(refused, 'jws'), ['jwsAlgorithm passed', 'jwsKeyId passed', 'jwsEqual failed']);
		assert.ok(!JSON.stringify(refused).includes(genuine.split('..')[1] ?? assert.fail()));
		const other = sectionsFor(signDetached(content, 'zzzzzz', secret), 'not valid');
		assert.deepEqual(checksIn(other, 'jws'), ['jwsAlgorithm passed', 'jwsKeyId failed', 'jwsEqual not-made']);
	});

	it('of a token have the nine checks of token-store up to the failed one, and stars for the secret', () => {
		const accepted = sectionsWith({ 'kubejoin.token.user': 'system:bootstrap:abcdef', 'kubejoin.token.bytes': 23 });
		assert.equal(checksIn(accepted, 'token')?.filter((check) => check.endsWith(' passed')).length, 9);
		const bytes = accepted.find(({ kind }) => kind === 'token')?.bytes ?? '';
		assert.equal(Buffer.from(bytes, 'base64').toString(), `abcdef.${'*'.repeat(16)}`);
		const expired = checksIn(sectionsWith({ 'kubejoin.token.refused': 'TOKEN_EXPIRED' }), 'token') ?? [];
		assert.deepEqual(expired.slice(5), [
			'tokenId passed',
			'tokenNotExpired failed',
			'tokenUsage not-made',
			'tokenGroups not-made',
		]);
	});

	/** A request that the controller approved and the CA signed. */
	const issuedSpans = () => {
		const api = (id: number, verb: string, subresource: string, user: string) =>
			span(id, 'request', {
				kind: 'server',
				service: 'apiserver-sim',
				attributes: {
					'kubejoin.request.verb': verb,
					'kubejoin.request.what': `certificatesigningrequests.certificates.k8s.io${subresource}`,
					'kubejoin.user': user,
					'kubejoin.decision': 'allowed',
				},
			});
		return [
			root(),
			phase(2, 'tls-bootstrap/request-certificate', {
				'kubejoin.csr.pem': csr,
				'kubejoin.csr.usages': ['digital signature', 'client auth'],
			}),
			api(3, 'create', '', 'system:bootstrap:abcdef'),
			api(4, 'update', '/approval x', 'system:kube-controller-manager'),
			api(5, 'update', '/status x', 'system:kube-controller-manager'),
			span(6, 'kubejoin.v1.CertificateAuthority/Sign', {
				kind: 'server',
				service: 'ca-service',
				attributes: { 'kubejoin.certificate.pem': certificate },
			}),
			phase(7, 'tls-bootstrap/verify-certificate', { 'kubejoin.certificate.pem': certificate, 'kubejoin.ca.pem': ca }),
		];
	};

	it('of a request are who created, approved, signed and delivered it, and the certificate beside it', () => {
		const sections = sectionsIn(issuedSpans(), 'tls-bootstrap/request-certificate');
		const request = fieldsOf(sections, 'csr');
		assert.deepEqual((['csr.requester', 'csr.approvedBy', 'csr.signedBy', 'csr.deliveredBy'] as const).map(request), [
			'system:bootstrap:abcdef, +3 ms',
			'system:kube-controller-manager, +4 ms',
			'ca-service, +6 ms',
			'system:kube-controller-manager, +5 ms',
		]);
		const { comparison = [] } = sections.find(({ kind }) => kind === 'csr') ?? {};
		const row = (key: FieldKey) => comparison.find((one) => one.key === key);
		assert.equal(row('csr.publicKey')?.asked, row('csr.publicKey')?.issued);
		assert.equal(row('csr.subject')?.issued, 'O=system:nodes, CN=system:node:node-1');
		assert.equal(row('csr.validity')?.issued, '2026-01-01 – 2026-01-02');
		assert.deepEqual(checksIn(sections, 'csr'), ['csrSignature passed', 'csrApproved passed', 'csrIssued passed']);
	});

	it('of a certificate are its chain to the CA, its lifetime, its checks, and the connections that present it', () => {
		const sha256 = createHash('sha256').update(new X509Certificate(certificate).raw).digest('hex').toUpperCase();
		const spans = [
			...issuedSpans(),
			span(8, 'm', { kind: 'client' }),
			span(9, 'm', {
				parentId: idOf(8),
				kind: 'server',
				service: 'apiserver-sim',
				attributes: { 'tls.client.hash.sha256': sha256 },
			}),
		];
		const sections = sectionsIn(spans, 'tls-bootstrap/verify-certificate');
		const field = fieldsOf(sections, 'certificate');
		assert.equal(field('certificate.chain'), 'O=system:nodes, CN=system:node:node-1\nCN=kubernetes');
		assert.equal(field('certificate.presentedBy'), 'node-1 → apiserver-sim');
		const { lifetime } = sections.find(({ kind }) => kind === 'certificate') ?? {};
		assert.deepEqual(lifetime, { notBeforeMs: nowMs, notAfterMs: nowMs + dayMs });
		assert.equal(
			checksIn(sections, 'certificate')?.every((check) => check.endsWith(' passed')),
			true,
		);
	});

	it('of a request to the API server are its three gates, with the reason of the one that stopped it', () => {
		const gates = (attributes: Attributes, failed?: string) => {
			const server = span(3, 'm', { parentId: idOf(2), kind: 'server', service: 'apiserver-sim', attributes });
			const spans = [
				root(),
				span(2, 'm', { kind: 'client', attributes: { 'rpc.service': 'a.Nodes', 'rpc.method': 'Create' } }),
				failed === undefined ? server : { ...server, failed },
			];
			const { label } = stepsOf(traceId, spans)[0] ?? assert.fail();
			return checksIn(sectionsIn(spans, label), 'decision')?.map((check) => check.split(' ')[1]);
		};
		const request = { 'kubejoin.user': 'u', 'kubejoin.request.verb': 'create', 'kubejoin.request.what': 'nodes n' };
		const allowed = { ...request, 'kubejoin.decision': 'allowed' };
		assert.deepEqual(gates({ 'kubejoin.unauthorized.why': ['no'] }, 'x'), ['failed', 'not-made', 'not-made']);
		assert.deepEqual(gates({ ...request, 'kubejoin.decision': 'refused' }, 'x'), ['passed', 'failed', 'not-made']);
		assert.deepEqual(gates({ ...allowed, 'error.type': 'API_FORBIDDEN' }, 'x'), ['passed', 'passed', 'failed']);
		assert.deepEqual(gates({ ...allowed, 'error.type': 'API_ALREADY_EXISTS' }, 'x'), ['passed', 'passed', 'passed']);
		assert.deepEqual(gates({ ...allowed, 'kubejoin.request.verb': 'get' }), ['passed', 'passed', 'not-made']);
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
