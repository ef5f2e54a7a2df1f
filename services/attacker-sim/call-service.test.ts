import assert from 'node:assert/strict';
import { type ErrorCode, hasCode } from '../../lib/errors.ts';
import { parseCsr } from '../../lib/pki/csr.ts';
import { createCa, type Identity, type TestCa } from '../../lib/rpc/fixtures.test.ts';
import type { Service } from '../../lib/rpc/server.ts';
import { type CallFlags, callService } from './call-service.ts';
import { openService, serviceOf, type TestFiles, testFiles } from './fixtures.test.ts';
import { type MeshService, meshServices } from './guard-rails.ts';

describe('a call with a stolen certificate', () => {
	let files: TestFiles;
	let ca: TestCa;
	let identity: Identity;
	let called: { method: string; message: object }[];
	let servers: Map<MeshService, Awaited<ReturnType<typeof openService>>>;

	const recording = (method: string, answer: object) => (message: never) => {
		called.push({ method, message });
		return answer;
	};
	before(async () => {
		files = testFiles();
		ca = await createCa('mesh');
		identity = await ca.client('token-store');
		files.write('ca.crt', ca.pem);
		files.write('client.crt', identity.cert);
		files.write('client.key', identity.key);
		const sign = recording('Sign', { certificate: 'Q0VSVA==' });
		const authority = serviceOf('CertificateAuthority', { Sign: sign });
		const onlyController = Object.fromEntries(Object.keys(authority.callers).map((method) => [method, ['controller']]));
		const services: Readonly<Record<MeshService, readonly Service[]>> = {
			'ca-service': [{ ...authority, callers: { ...onlyController, Sign: 'authorizes-itself' } }],
			'token-store': [serviceOf('TokenStore', { List: recording('List', { items: [] }) })],
			'apiserver-sim': [serviceOf('Nodes', { List: recording('List', { items: [{}] }), Get: recording('Get', {}) })],
		};
		servers = new Map();
		for (const name of meshServices) servers.set(name, await openService(name, ca, services[name]));
	});
	beforeEach(() => {
		called = [];
	});
	after(async () => {
		for (const server of servers.values()) await server.close();
		files.remove();
	});

	const attempt = (service: MeshService, changed: Partial<CallFlags> = {}) =>
		callService({
			service,
			target: servers.get(service)?.target ?? '',
			ca: files.path('ca.crt'),
			cert: files.path('client.crt'),
			key: files.path('client.key'),
			...changed,
		});
	const refuses = (attempted: Promise<unknown>, code: ErrorCode, says: RegExp) =>
		assert.rejects(attempted, (error) => {
			assert.ok(hasCode(error, code), String(error));
			assert.match(error.message, says);
			assert.deepEqual(called, []);
			return true;
		});

	for (const [service, line, fields] of [
		['ca-service', 'answered CertificateAuthority/Sign', 'certificate'],
		['apiserver-sim', 'answered Nodes/List', 'items'],
		['token-store', 'answered TokenStore/List', 'none'],
	] as const)
		it(`of ${service} calls the method that an attacker wants most, and prints the fields of the answer`, async () =>
			assert.deepEqual(await attempt(service), [`outcome: ${line}`, `fields: ${fields}`]));

	it('requests the certificate of a node from ca-service', async () => {
		await attempt('ca-service');
		const [{ message } = { message: {} }] = called;
		const { csr, ...rest } = message as { csr: string };
		const { subject } = parseCsr(Buffer.from(csr, 'base64').toString());
		assert.deepEqual(subject, { organizations: ['system:nodes'], commonName: 'system:node:attacker' });
		const { requestId, ...asked } = rest as { requestId: string };
		assert.match(requestId, /^[0-9a-f-]{36}$/);
		assert.deepEqual(asked, {
			signerName: 'kubernetes.io/kube-apiserver-client-kubelet',
			usages: ['digital signature', 'client auth'],
		});
	});

	for (const method of ['Get', 'Nodes/Get'])
		it(`calls --method ${method}`, async () => {
			assert.equal((await attempt('apiserver-sim', { method }))[0], 'outcome: answered Nodes/Get');
			assert.deepEqual(
				called.map((one) => one.method),
				['Get'],
			);
		});

	it('prints the refusal of a service', async () => {
		const [line = ''] = await attempt('ca-service', { method: 'Ledger' });
		assert.match(line, /^outcome: refused CALLER_DENIED: .*token-store/);
	});

	it('prints that the server is another service', async () => {
		const [line = ''] = await attempt('ca-service', { target: servers.get('token-store')?.target ?? '' });
		assert.match(line, /^outcome: refused PEER_REFUSED: /);
		assert.deepEqual(called, []);
	});

	for (const method of ['Watch', 'Nodes/Watch', 'Destroy', 'Nodes/', '/', 'a/b', 'Nodes/Get/List', 'toString', ''])
		it(`refuses --method ${JSON.stringify(method)}`, () =>
			refuses(attempt('apiserver-sim', { method }), 'ATTACK_ARGUMENTS_INVALID', /^--method .*is not a unary method/));

	it('refuses an unknown service', () =>
		refuses(
			callService({ service: 'etcd', target: '127.0.0.1:1', ca: '', cert: '', key: '' }),
			'ATTACK_ARGUMENTS_INVALID',
			/^--service etcd is unknown; it must be one of apiserver-sim, ca-service, token-store$/,
		));

	for (const target of ['203.0.113.7:6444', 'example.com:6444', 'apiserver-sim:6443', '127.0.0.1'])
		it(`refuses the target ${target} before it reads a file`, () =>
			refuses(attempt('ca-service', { target, key: files.path('absent') }), 'ATTACK_NOT_ALLOWED', /refuses/));

	for (const option of ['ca', 'cert', 'key'] as const)
		it(`refuses an absent file of --${option}`, () =>
			refuses(
				attempt('ca-service', { [option]: files.path('absent') }),
				'ATTACK_ARGUMENTS_INVALID',
				new RegExp(`^--${option} \\S+/absent cannot be read: `),
			));

	for (const [title, option, contents] of [
		['a key of another certificate', 'key', async () => (await ca.client('other')).key],
		['a file without a certificate', 'cert', async () => 'no certificate'],
		['a file without a key', 'key', async () => 'no key'],
	] as const)
		it(`refuses ${title}, and quotes no key`, async () => {
			const path = files.write(`wrong-${option}`, await contents());
			await refuses(
				attempt('ca-service', { [option]: path }),
				'ATTACK_ARGUMENTS_INVALID',
				/^--cert \S+ and --key \S+ are not a certificate and its key, or --ca \S+ is not a CA$/,
			);
		});
});
