import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, hasCode } from '../../../lib/errors.ts';
import { parseKubeconfig } from '../../../lib/kube/kubeconfig.ts';
import { projectPath } from '../../../lib/paths.ts';
import { type TestTools, testTools } from './fixtures.test.ts';
import { endpointInFile, readDiscoveryFile, refuseFiles } from './read-discovery-file.ts';

const ca = readFileSync(projectPath('test', 'fixtures', 'kubeadm-1.29-ca.crt'), 'utf8');
const token = 'abcdef.0123456789abcdef';
const cluster = (fields: object = {}, name = 'k') => ({
	name,
	cluster: { server: 'https://h:6443', 'certificate-authority-data': Buffer.from(ca).toString('base64'), ...fields },
});
const context = { name: 'c', context: { cluster: 'k', user: 'u' } };
const kubeconfig = (changes: object = {}) => ({
	apiVersion: 'v1',
	kind: 'Config',
	clusters: [cluster()],
	contexts: [context],
	'current-context': 'c',
	users: [{ name: 'u', user: { token } }],
	...changes,
});

describe('read-file', () => {
	let tools: TestTools;
	beforeEach(() => {
		tools = testTools();
	});
	afterEach(() => tools.remove());
	const run = (config: object | string, tlsBootstrapToken = '') => {
		const path = join(tools.paths.root, 'discovery.conf');
		writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config));
		return Promise.resolve(
			readDiscoveryFile(tools).run({ discoveryFile: path, tlsBootstrapToken, discoveryTimeoutMs: 600_000 }),
		);
	};
	const fails = (result: Promise<unknown>, message: RegExp, code: ErrorCode = 'DISCOVERY_FILE_INVALID') =>
		assert.rejects(result, (error) => {
			assert.ok(hasCode(error, code), String(error));
			assert.match(error.message, message);
			assert.ok(!error.message.includes(token));
			return true;
		});

	it('returns the CA, the server and the credential of the current context', async () => {
		const { fileCa, namedServer, credential, fileCredential } = await run(kubeconfig());
		assert.equal(fileCa, ca);
		assert.equal(namedServer.server, 'https://h:6443');
		assert.deepEqual([credential, fileCredential], [{ token }, { token }]);
	});

	it('uses a cluster without a name, as cluster-info has it, with the token of the command line', async () => {
		const file = { clusters: [cluster({}, '')] };
		const given = await run(file, token);
		assert.deepEqual([given.fileCa, given.credential, given.fileCredential], [ca, { token }, undefined]);
		await fails(run(file), /^could not find authentication credentials for the TLS/, 'DISCOVERY_CREDENTIAL_MISSING');
	});

	it('gives the address to find the page of this machine, and none for a URL', async () => {
		await run(kubeconfig());
		assert.equal(endpointInFile(join(tools.paths.root, 'discovery.conf')), 'h:6443');
		for (const path of ['', 'https://h/x', tools.paths.root, '/nowhere']) assert.equal(endpointInFile(path), undefined);
	});

	it('prefers the token of the command line for the certificate request only', async () => {
		const { credential, fileCredential } = await run(kubeconfig(), 'zzzzzz.0123456789abcdef');
		assert.deepEqual([credential, fileCredential], [{ token: 'zzzzzz.0123456789abcdef' }, { token }]);
	});

	it('reads the files that a file of this machine names', async () => {
		writeFileSync(join(tools.paths.root, 'ca.crt'), `text before\n${ca}`);
		const named = cluster({ 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' });
		assert.equal((await run(kubeconfig({ clusters: [named] }))).fileCa, ca);
	});

	it('refuses a file without cluster, with kubeadm’s texts', async () => {
		await fails(run(''), /^the provided kubeconfig file must have at least one Cluster defined$/);
		await fails(
			run(kubeconfig({ 'current-context': 'x' })),
			/^the provided kubeconfig file is malformed: the current context is invalid: x$/,
		);
		await fails(
			run(kubeconfig({ clusters: [cluster({}, 'other')] })),
			/^the provided kubeconfig file is malformed: no matching cluster for the current context: c$/,
		);
	});

	it('refuses a cluster that is not verified, or whose CA is none', async () => {
		const of = (fields: object) => run(kubeconfig({ clusters: [cluster(fields)] }));
		const none = { 'certificate-authority-data': undefined };
		await fails(of(none), /^could not get CA certificate from discovery kubeconfig: data does not contain any valid/);
		await fails(of({ ...none, 'insecure-skip-tls-verify': true }), /insecure-skip-tls-verify/);
		await fails(
			of({ 'certificate-authority-data': 'eA==' }),
			/^could not get CA certificate from discovery kubeconfig/,
		);
	});

	it('refuses a file from a URL that names a file of this machine', () => {
		const of = (changes: object) => parseKubeconfig(JSON.stringify(kubeconfig(changes)), 'https://h/x');
		refuseFiles(of({}));
		for (const user of [{ tokenFile: '/x' }, { 'client-certificate': '/x' }, { 'client-key': '/x' }])
			assert.throws(() => refuseFiles(of({ users: [{ name: 'u', user }] })), /names a file of this machine/);
		const clusters = [cluster({ 'certificate-authority': '/x' })];
		assert.throws(
			() => refuseFiles(of({ clusters })),
			(error) => hasCode(error, 'DISCOVERY_FILE_INVALID'),
		);
	});

	it('refuses a credential that kubejoin cannot use, by its name', async () => {
		const users = [{ name: 'u', user: { exec: { command: 'x' } } }];
		await fails(run(kubeconfig({ users })), /has exec, which kubejoin does not use/, 'KUBECONFIG_INVALID');
	});
});
