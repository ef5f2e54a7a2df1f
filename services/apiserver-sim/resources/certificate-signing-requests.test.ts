import assert from 'node:assert/strict';
import type { FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import { resources } from '../../../lib/kube/resources.ts';
import type {
	CertificateSigningRequest,
	CertificateSigningRequestCondition,
	UserInfo,
} from '../../../lib/kube/types.ts';
import { limits } from '../../../lib/limits.ts';
import { buildCaCertificate } from '../../../lib/pki/certificate.ts';
import { createCsr, parseCsr } from '../../../lib/pki/csr.ts';
import { createCsrReader } from '../../../lib/pki/csr-reader.ts';
import { generateKeyPair, type KeyPair } from '../../../lib/pki/keys.ts';
import { usageNames } from '../../../lib/pki/usages.ts';
import { quoteInput } from '../../../lib/text.ts';
import { defaultPlugins } from '../admit/chain.ts';
import { node, userNamed } from '../authorize/fixtures.test.ts';
import {
	admin,
	clock,
	fakeAuthorizer,
	now,
	refusalOf,
	registryOn,
	request,
	storeOfEachTest,
} from '../fixtures.test.ts';
import { createObjectReader } from '../registry/object-reader.ts';
import { createStorage } from '../registry.ts';
import type { Subresource } from '../request/api-request.ts';
import { parseFieldSelector } from '../selectors.ts';
import { certificateSigningRequests } from './certificate-signing-requests.ts';

type Csr = CertificateSigningRequest;
type Condition = CertificateSigningRequestCondition;

const resource = resources.certificateSigningRequests;
const clientKubelet = 'kubernetes.io/kube-apiserver-client-kubelet';
const earlier = '2026-01-31T11:00:00Z';
const approved: Condition = {
	type: 'Approved',
	status: 'True',
	reason: 'KubectlApprove',
	message: 'm',
	lastUpdateTime: earlier,
};
const denied: Condition = { type: 'Denied', status: 'True' };
const failed: Condition = { type: 'Failed', status: 'True' };
const base64 = (text: string) => Buffer.from(text).toString('base64');
const invalid = (...causes: string[]) =>
	'422 Invalid: CertificateSigningRequest.certificates.k8s.io "csr" is invalid: ' +
	(causes.length === 1 ? causes[0] : `[${causes.join(', ')}]`);
const forbidden = (because: string) =>
	`403 Forbidden: certificatesigningrequests.certificates.k8s.io "csr" is forbidden: ${because}`;

describe('CertificateSigningRequests', () => {
	const store = storeOfEachTest();
	let keys: KeyPair;
	let pem: string;
	let certificate: string;
	/** A user that may approve and sign, by signer or by domain. */
	const authorizer = fakeAuthorizer(
		`admin approve signers ${clientKubelet}`,
		'admin sign signers kubernetes.io/*',
		'approver approve signers kubernetes.io/*',
	);

	before(async () => {
		keys = await generateKeyPair('ECDSA-P256');
		pem = requestOf('system:node:a', 'system:nodes');
		certificate = base64(
			buildCaCertificate({ commonName: 'any', dnsNames: [], notBefore: clock(), notAfter: clock() + 1000 }, keys),
		);
	});
	const requestOf = (commonName: string, ...organizations: string[]) =>
		createCsr({ subject: { commonName, organizations } }, keys);
	const csr = (spec: Partial<Csr['spec']> = {}): Csr => ({
		apiVersion: 'certificates.k8s.io/v1',
		kind: resource.kind,
		metadata: { name: 'csr' },
		spec: { request: base64(pem), signerName: clientKubelet, usages: ['digital signature', 'client auth'], ...spec },
	});
	let readCsr = createCsrReader();
	const endpoint = () =>
		createStorage(
			certificateSigningRequests(readCsr),
			registryOn(
				store(),
				defaultPlugins({
					...{ objects: createObjectReader(store()), authorizer, clock, readCsr },
					updateQuota: async () => undefined,
				}),
			),
		);
	const create = (object: Csr, user: UserInfo = admin) =>
		endpoint().create(request('create', resource, { object, user })) as Promise<Csr>;
	const update = (object: Csr, subresource: Subresource, user = admin) =>
		endpoint().update(
			request('update', resource, { object, name: object.metadata.name ?? '', subresource, user }),
		) as Promise<Csr>;
	/** The stored object after an update with this status. */
	const sent = async (status: Csr['status'] = {}): Promise<Csr> => ({
		...((await endpoint().get({ namespace: '', name: 'csr' } as never)) as Csr),
		status,
	});
	const approve = async (...conditions: Condition[]) => update(await sent({ conditions }), 'approval');
	const setStatus = async (status: Csr['status']) => update(await sent(status), 'status');
	const types = ({ status }: Csr) => status?.conditions?.map(({ type }) => type);

	it('verifies the request once for its creation, its approval and its certificate', async () => {
		let verified = 0;
		readCsr = createCsrReader((text) => {
			verified++;
			return parseCsr(text);
		});
		await create(csr(), userNamed('system:node:a', 'system:nodes'));
		await approve(approved);
		await setStatus({ conditions: [approved], certificate });
		readCsr = createCsrReader();
		assert.equal(verified, 1);
	});

	describe('the spec', () => {
		it('has the requester and no status, for any sent fields', async () => {
			const user: UserInfo = { username: 'system:bootstrap:abcdef', uid: '7', groups: ['g'], extra: { k: ['v'] } };
			const forged = { username: 'system:admin', uid: '0', groups: ['system:masters'], extra: { x: ['y'] } };
			const created = await create(
				{ ...csr({ ...forged, expirationSeconds: 600 }), status: { conditions: [approved], certificate } },
				user,
			);
			const { request: _request, ...spec } = created.spec;
			assert.deepEqual(spec, {
				signerName: clientKubelet,
				expirationSeconds: 600,
				usages: ['digital signature', 'client auth'],
				...user,
			});
			assert.deepEqual(created.status, {});
			const { spec: bare } = await create({ ...csr(forged), metadata: { generateName: 'csr-' } }, userNamed('u'));
			assert.deepEqual([bare.uid, bare.extra, bare.groups], [undefined, undefined, []]);
		});

		it('422: there is none', async () => {
			const { spec: _none, ...without } = csr();
			assert.equal(
				await refusalOf(create(without as Csr)),
				'422 Invalid: CertificateSigningRequest.certificates.k8s.io "csr" is invalid: [spec.request: Invalid value: ' +
					'null: PEM block type must be CERTIFICATE REQUEST, spec.usages: Required value, spec.signerName: Required value]',
			);
		});

		it('any path segment is a name', async () => {
			for (const name of ['node-csr-AbC_-9', 'a:b']) await create({ ...csr(), metadata: { name } });
			for (const name of ['a/b', 'a%b', '.', '..'])
				assert.match(await refusalOf(create({ ...csr(), metadata: { name } })), /^422 Invalid: .*may not be/);
		});

		it('422: the request is not PEM, not signed by its own key, or not one', async () => {
			const bad = async (text: string) => {
				const refusal = await refusalOf(create(csr({ request: base64(text) })));
				const start = invalid(`spec.request: Invalid value: ${quoteInput(base64(text))}: `);
				assert.ok(refusal.startsWith(start), refusal);
				return refusal.slice(start.length);
			};
			const wrongType = 'PEM block type must be CERTIFICATE REQUEST';
			for (const text of ['', 'x', pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')])
				assert.equal(await bad(text), wrongType);
			assert.equal(
				await bad(pem.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST')),
				`${wrongType}; found NEW CERTIFICATE REQUEST: remove NEW from the BEGIN line and the END line`,
			);
			const certificateFirst = `${pem.replaceAll('CERTIFICATE REQUEST', 'CERTIFICATE')}${pem}`;
			assert.equal(await bad(certificateFirst), wrongType);
			const { request: _request, ...without } = csr().spec;
			assert.equal(
				await refusalOf(create({ ...csr(), spec: without as Csr['spec'] })),
				invalid(`spec.request: Invalid value: null: ${wrongType}`),
			);
			const other = createCsr(
				{ subject: { commonName: 'b', organizations: [] } },
				{ publicKey: keys.publicKey, privateKey: (await generateKeyPair('ECDSA-P256')).privateKey },
			);
			assert.equal(
				await bad(other),
				'the signature of the certificate request does not verify with its own public key',
			);
			await create(csr({ request: base64(`${pem}text\n${pem}`) }));
		});

		it('the first of several blocks counts, and text around it does not', async () => {
			for (const [index, text] of [`${pem}${pem}`, `${pem}text`, `text\n${pem}`].entries())
				await create({ ...csr({ request: base64(text) }), metadata: { name: `csr-${index}` } });
		});

		it('422: usages are required, known and distinct; all 23 are known', async () => {
			assert.equal(await refusalOf(create(csr({ usages: [] }))), invalid('spec.usages: Required value'));
			const supported = [...usageNames]
				.sort()
				.map((usage) => `"${usage}"`)
				.join(', ');
			assert.equal(
				await refusalOf(create(csr({ usages: ['client auth', 'magic', 'client auth'] }))),
				invalid(
					`spec.usages[1]: Unsupported value: "magic": supported values: ${supported}`,
					'spec.usages[2]: Duplicate value: "client auth"',
				),
			);
			await create(csr({ usages: [...usageNames] }));
			assert.equal(usageNames.length, limits.requestUsages.value);
		});

		it('422: more usages than there are, without a look at each', async () => {
			const usages = Array.from({ length: 120_000 }, (_, index) => `usage ${index}`);
			assert.equal(
				await refusalOf(create(csr({ usages }))),
				invalid('spec.usages: Too many: 120000: must have at most 23 items'),
			);
		});

		it('422: a longer request than the limit, which the cause names', async () => {
			const request = base64(pem.padEnd(limits.csrCharacters.value + 1));
			await assert.rejects(create(csr({ request })), (error: KubejoinError) => {
				const causes = error.details.causes as readonly FieldProblem[];
				assert.deepEqual(
					causes.map(({ field, limit }) => [field, limit]),
					[['spec.request', 'csrCharacters']],
				);
				return true;
			});
		});

		it('422: the signer name is <domain>/<path>', async () => {
			const bad = async (signerName: string) => refusalOf(create(csr({ signerName })));
			const field = (value: string) => `spec.signerName: Invalid value: "${value}":`;
			assert.equal(await bad(''), invalid('spec.signerName: Required value'));
			const legacy = 'kubernetes.io/legacy-unknown';
			assert.equal(
				await bad(legacy),
				invalid(`${field(legacy)} the legacy signerName is not allowed via this API version`),
			);
			const form = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
			for (const name of ['plain', 'a.b/c/d']) assert.equal(await bad(name), invalid(`${field(name)} ${form}`));
			assert.equal(
				await bad('local/name'),
				invalid(`${field('local')} should be a domain with at least two segments separated by dots`),
			);
			for (const name of ['a.b/', '/c', 'A.b/c', 'a.b/C', 'a.b/c..d'])
				assert.match(await bad(name), /^422 Invalid: /, name);
			await create(csr({ signerName: 'example.com/my.signer' }));
			const label =
				"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " +
				'and must start and end with an ' +
				"alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is " +
				"'[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
			assert.equal(await bad('FOO.com/x'), invalid(`${field('FOO.com')} validating label "FOO": ${label}`));
			assert.ok((await bad('foo.com/')).includes(`${field('')} validating label "": a lowercase RFC 1123 subdomain`));
			const domain = `${'a'.repeat(300)}.com`;
			const shown = `${domain.slice(0, 256)}...`;
			assert.equal(
				await bad(`${domain}/x`),
				invalid(
					'spec.signerName: Too long: may not be more than 253 bytes',
					`${field(shown)} validating label "${'a'.repeat(256)}...": must be no more than 63 characters`,
				),
			);
		});

		it('422: a duration of less than ten minutes', async () => {
			for (const expirationSeconds of [599, 0, -1]) {
				const text =
					`spec.expirationSeconds: Invalid value: ${expirationSeconds}: ` +
					'may not specify a duration less than 600 seconds (10 minutes)';
				assert.equal(await refusalOf(create(csr({ expirationSeconds }))), invalid(text));
			}
			await create(csr({ expirationSeconds: 600 }));
		});

		it('never changes by any update, without an error', async () => {
			const { spec } = await create(csr());
			const other = {
				...spec,
				signerName: 'kubernetes.io/kubelet-serving',
				usages: ['any'],
				username: 'eve',
				expirationSeconds: 9_999,
				request: '',
			};
			for (const subresource of ['', 'approval', 'status'] as const) {
				assert.deepEqual((await update({ ...(await sent()), spec: other }, subresource)).spec, spec);
			}
		});

		it('can be selected by signer', async () => {
			await create(csr());
			await create({ ...csr({ signerName: 'example.com/x' }), metadata: { name: 'other' } });
			const fieldSelector = parseFieldSelector(`spec.signerName=${clientKubelet}`);
			const { items } = await endpoint().list(request('list', resource, { fieldSelector }));
			assert.deepEqual(
				items.map(({ metadata }) => metadata.name),
				['csr'],
			);
		});
	});

	describe('admission', () => {
		it('403: refuses system:masters in client certificates to every user', async () => {
			const masters = base64(requestOf('eve', 'a', 'system:masters'));
			const client = 'kubernetes.io/kube-apiserver-client';
			const text = `use of ${client} signer with system:masters group is not allowed`;
			assert.equal(await refusalOf(create(csr({ request: masters, signerName: client }))), forbidden(text));
			await create(csr({ request: masters, signerName: 'example.com/x' }));
		});

		it('403: a node asks for itself only', async () => {
			const text = 'can only create a node CSR with CN=system:node:b';
			for (const signerName of [clientKubelet, 'kubernetes.io/kubelet-serving']) {
				assert.equal(await refusalOf(create(csr({ signerName }), node('b'))), forbidden(text));
				const unreadable = await refusalOf(create(csr({ signerName, request: base64('nonsense') }), node('b')));
				assert.equal(unreadable, forbidden('unable to parse csr: PEM block type must be CERTIFICATE REQUEST'));
			}
			await create(csr(), node('a'));
		});

		it('403: an approval needs the verb approve on the signer, or on its domain', async () => {
			await create(csr());
			const object = await sent({ conditions: [approved] });
			const text = `user not permitted to approve requests with signerName "${clientKubelet}"`;
			assert.equal(await refusalOf(update(object, 'approval', userNamed('nobody'))), forbidden(text));
			assert.equal(
				await refusalOf(
					update(
						{ ...object, spec: { ...object.spec, signerName: 'example.com/mine' } },
						'approval',
						userNamed('nobody'),
					),
				),
				forbidden(text),
			);
			assert.deepEqual(types(await update(object, 'approval', userNamed('approver'))), ['Approved']);
		});

		it('403: a signature needs the verb sign; an update without changes needs none', async () => {
			await create(csr());
			const text = `user not permitted to sign requests with signerName "${clientKubelet}"`;
			for (const status of [{ certificate }, { conditions: [failed] }]) {
				assert.equal(await refusalOf(update(await sent(status), 'status', userNamed('approver'))), forbidden(text));
			}
			await update(await sent(), 'status', userNamed('approver'));
			assert.equal((await setStatus({ certificate })).status?.certificate, certificate);
		});
	});

	describe('conditions', () => {
		beforeEach(() => create(csr()));

		it('are written by /approval, which keeps all else; times that are missing are filled in', async () => {
			const labelled = { ...(await sent({ conditions: [approved], certificate })) };
			const { status } = await update(labelled, 'approval');
			assert.deepEqual(status, { conditions: [{ ...approved, lastTransitionTime: now }] });
			const again = await approve({ ...approved, lastUpdateTime: '2026-01-31T11:30:00Z', message: 'other' });
			assert.deepEqual(again.status?.conditions?.[0], {
				...approved,
				lastUpdateTime: '2026-01-31T11:30:00Z',
				lastTransitionTime: now,
				message: 'other',
			});
			const { lastUpdateTime: _time, ...untimed } = approved;
			assert.equal((await approve(untimed)).status?.conditions?.[0]?.lastUpdateTime, now);
		});

		it('are not written by an update of the object', async () => {
			const { status } = await update(await sent({ conditions: [approved], certificate }), '');
			assert.deepEqual(status, {});
			await approve(approved);
			assert.deepEqual(types(await update(await sent({}), '')), ['Approved']);
		});

		it('422: Approved and Denied exclude each other', async () => {
			const text = 'Approved and Denied conditions are mutually exclusive';
			assert.equal(
				await refusalOf(approve(approved, denied)),
				invalid(`status.conditions[1].type: Invalid value: "Denied": ${text}`),
			);
			await approve(denied);
			assert.equal(
				await refusalOf(approve(denied, approved)),
				invalid(`status.conditions[1].type: Invalid value: "Approved": ${text}`),
			);
		});

		it('422: a type once, with a status; Approved, Denied and Failed are True or not there', async () => {
			assert.equal(
				await refusalOf(approve(approved, approved)),
				invalid('status.conditions[1].type: Duplicate value: "Approved"'),
			);
			for (const type of ['Approved', 'Denied', 'Failed']) {
				const text = 'status.conditions[0].status: Unsupported value: "False": supported values: "True"';
				assert.equal(await refusalOf(approve({ type, status: 'False' })), invalid(text));
				assert.equal(
					await refusalOf(approve({ type, status: '' })),
					invalid('status.conditions[0].status: Required value'),
				);
			}
			assert.equal(
				await refusalOf(approve({ type: '', status: 'True' })),
				invalid('status.conditions[0].type: Required value'),
			);
			const text =
				'status.conditions[0].status: Unsupported value: "Perhaps": supported values: "False", "True", "Unknown"';
			assert.equal(await refusalOf(approve({ type: 'Odd', status: 'Perhaps' })), invalid(text));
			assert.deepEqual(types(await approve({ type: 'Odd', status: 'Unknown' })), ['Odd']);
		});

		it('422: a decision cannot be changed', async () => {
			const removed = (type: string) =>
				invalid(`status.conditions: Forbidden: updates may not remove a condition of type "${type}"`);
			await approve(approved);
			assert.equal(await refusalOf(approve()), removed('Approved'));
			assert.equal(await refusalOf(approve(denied)), removed('Approved'));
			assert.equal(await refusalOf(setStatus({})), removed('Approved'));
			await setStatus({ conditions: [approved, failed] });
			assert.equal(await refusalOf(setStatus({ conditions: [approved] })), removed('Failed'));
			assert.equal(await refusalOf(approve(approved)), removed('Failed'));
		});

		it('422: Approved and Denied are added by /approval only; a change by /status is not taken', async () => {
			for (const condition of [approved, denied]) {
				const text = `status.conditions: Forbidden: updates may not add a condition of type "${condition.type}"`;
				assert.equal(await refusalOf(setStatus({ conditions: [condition] })), invalid(text));
			}
			const { status } = await approve(approved);
			assert.deepEqual((await setStatus({ conditions: [{ ...approved, message: 'forged' }] })).status, status);
		});
	});

	describe('the certificate', () => {
		beforeEach(() => create(csr()));
		const field = 'status.certificate:';

		it('is set once, by /status', async () => {
			await approve(approved);
			const { status } = await setStatus({ conditions: [approved], certificate });
			assert.deepEqual([status?.certificate, status?.conditions?.length], [certificate, 1]);
			const text = invalid(`${field} Forbidden: updates may not modify existing certificate content`);
			const other = base64(
				buildCaCertificate({ commonName: 'other', dnsNames: [], notBefore: clock(), notAfter: clock() + 1000 }, keys),
			);
			for (const change of [{ certificate: other }, { certificate: '' }, {}])
				assert.equal(await refusalOf(setStatus({ conditions: [approved], ...change })), text);
		});

		it('is not touched by /approval or an update of the object', async () => {
			assert.equal((await update(await sent({ certificate }), 'approval')).status?.certificate, undefined);
			assert.equal((await update(await sent({ certificate }), '')).status?.certificate, undefined);
			await setStatus({ certificate });
			for (const subresource of ['', 'approval'] as const)
				assert.equal((await update(await sent({}), subresource)).status?.certificate, certificate);
		});

		it('422: not certificates in PEM', async () => {
			const text = Buffer.from(certificate, 'base64').toString();
			for (const [bad, problem] of [
				['x', 'must contain at least one CERTIFICATE PEM block'],
				[text + pem, 'only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"'],
				[text.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n'), 'no PEM block headers are permitted'],
				[text.replace('MII', 'MIJ'), 'the certificate cannot be parsed: '],
				[text.slice(0, -20), 'the certificate cannot be parsed: '],
			] as const) {
				const refusal = await refusalOf(setStatus({ certificate: base64(bad) }));
				assert.ok(refusal.startsWith(invalid(`${field} Invalid value: "<certificate data>": ${problem}`)), refusal);
			}
			await setStatus({ certificate: base64(`a comment\n${text}${text}`) });
		});
	});
});
