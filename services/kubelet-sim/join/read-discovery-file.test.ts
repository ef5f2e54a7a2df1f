import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
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
			/^unable to load root certificates/,
			'KUBECONFIG_INVALID',
		);
		const damaged = Buffer.from(ca.replace(/\n-----END/, 'A\n-----END')).toString('base64');
		await fails(of({ 'certificate-authority-data': damaged }), /certificate/, 'KUBECONFIG_INVALID');
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
		const apiVersion = 'client.authentication.k8s.io/v1';
		for (const [field, value] of [
			['exec', { apiVersion, command: 'x', interactiveMode: 'Never' }],
			['auth-provider', { name: 'oidc' }],
			['username', 'a'],
			['password', 'b'],
			['as', 'c'],
		] as const) {
			const users = [{ name: 'u', user: { [field]: value } }];
			await fails(
				run(kubeconfig({ users }), token),
				new RegExp(`has ${field}, which kubejoin does not use$`),
				'KUBECONFIG_INVALID',
			);
		}
	});

	it('refuses a certificate with the key of another, before it is sent', async () => {
		const pair = (certificate: string, key: string) => ({
			'client-certificate-data': Buffer.from(certificate).toString('base64'),
			'client-key-data': Buffer.from(key).toString('base64'),
		});
		const of = (user: object) => run(kubeconfig({ users: [{ name: 'u', user }] }));
		await fails(of(pair('x', 'x')), /^tls: failed to find any PEM data in certificate input$/, 'KUBECONFIG_INVALID');
		const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
		const key = privateKey.export({ type: 'sec1', format: 'pem' }).toString();
		await fails(of(pair(ca, key)), /^tls: private key/, 'KUBECONFIG_INVALID');
	});

	it('refuses an entry that the join does not use, as kubeadm does', async () => {
		const and = (list: string, item: object) =>
			kubeconfig({ [list]: [...((kubeconfig() as unknown as Record<string, object[]>)[list] ?? []), item] });
		for (const [config, problem] of [
			[
				and('contexts', { name: 'd', context: { cluster: 'x', user: 'y' } }),
				'[user "y" was not found for context "d", cluster "x" was not found for context "d"]',
			],
			[
				and('contexts', { name: 'd', context: { user: 'u', cluster: 'k', namespace: 'N_' } }),
				'namespace "N_" for context "d" does not conform to the kubernetes DNS_LABEL rules',
			],
			[and('clusters', { name: 'l', cluster: {} }), 'no server found for cluster "l"'],
			[
				and('users', { name: 'v', user: { token, username: 'x' } }),
				'more than one authentication method found for v; found [token basicAuth], only one is allowed',
			],
			[
				and('clusters', cluster({ 'certificate-authority-data': undefined, 'certificate-authority': '/none' }, 'l')),
				'unable to read certificate-authority /none for l due to open /none: no such file or directory',
			],
		] as const)
			await fails(run(config, token), new RegExp(`^invalid configuration: ${problem.replace(/[[\]()]/g, '\\$&')}$`));
		await run(
			and('users', { name: 'v', user: { exec: { apiVersion: 'client.authentication.k8s.io/v1beta1', command: 'x' } } }),
		);
	});

	it('keeps the other entries of the file for the bootstrap kubeconfig, and embeds files', async () => {
		writeFileSync(join(tools.paths.root, 'ca.crt'), ca);
		writeFileSync(join(tools.paths.root, 'token'), `${token}\n`);
		const named = cluster({
			'certificate-authority-data': undefined,
			'certificate-authority': 'ca.crt',
			'tls-server-name': 'n',
		});
		const other = { name: 'other', user: { token: 'kept' } };
		const config = kubeconfig({
			clusters: [named, cluster({}, 'left out')],
			users: [{ name: 'u', user: { tokenFile: 'token' } }, other],
		});
		const { fileKubeconfig, fileCredential } = await run(config);
		assert.deepEqual(fileCredential, { token });
		assert.deepEqual(fileKubeconfig, {
			clusters: [cluster({ 'tls-server-name': 'n' })],
			contexts: [context],
			users: [{ name: 'u', user: { token } }, other],
			currentContext: 'c',
		});
		assert.equal((await run(config, token)).fileKubeconfig, undefined);
	});
});
