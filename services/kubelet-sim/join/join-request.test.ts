import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode, KubejoinError } from '../../../lib/errors.ts';
import { nodePaths } from '../../../lib/node-paths.ts';
import { testRequest } from './fixtures.test.ts';
import { parseJoinConfiguration } from './join-configuration.ts';
import { readJoinRequest } from './join-request.ts';
import { preflight, validate } from './preflight.ts';

const pin = `sha256:${'a'.repeat(64)}`;
const token = 'abcdef.0123456789abcdef';
const document = (changes: object = {}, bootstrapToken: object = {}) =>
	JSON.stringify({
		apiVersion: 'kubeadm.k8s.io/v1beta4',
		kind: 'JoinConfiguration',
		discovery: { bootstrapToken: { apiServerEndpoint: 'h:6443', token, caCertHashes: [pin], ...bootstrapToken } },
		...changes,
	});
const problemsOf = (work: () => unknown): readonly string[] => {
	try {
		work();
	} catch (error) {
		assert.ok(hasCode(error, 'JOIN_ARGUMENTS_INVALID'), String(error));
		return error.details.problems as readonly string[];
	}
	return [];
};

describe('a join request', () => {
	it('is read from flags, with one token for both uses', async () => {
		const request = await readJoinRequest('h:6443', { token, discoveryTokenCaCertHash: [pin], nodeName: ' Node-1 ' });
		assert.deepEqual(
			[request.endpoint, request.token, request.tlsBootstrapToken, request.nodeName],
			['h:6443', token, token, 'node-1'],
		);
	});

	it('is read from a JoinConfiguration', () => {
		const changes = {
			nodeRegistration: { name: 'n', criSocket: 'unix:///x' },
			timeouts: { discovery: '1m30s', tlsBootstrap: '10s' },
		};
		assert.deepEqual(parseJoinConfiguration(document(changes), 'f').request, {
			endpoint: 'h:6443',
			token,
			caCertHashes: [pin],
			nodeName: 'n',
			criSocket: 'unix:///x',
			discoveryTimeoutMs: 90_000,
			tlsBootstrapTimeoutMs: 10_000,
		});
	});

	it('can skip the verification of the CA, with a flag or in a file', async () => {
		const flags = { token, discoveryTokenUnsafeSkipCaVerification: true };
		assert.equal((await readJoinRequest('h:6443', flags)).unsafeSkipCaVerification, true);
		assert.equal((await readJoinRequest('h:6443', { token })).unsafeSkipCaVerification, false);
		assert.equal(
			parseJoinConfiguration(document({}, { unsafeSkipCAVerification: true }), 'f').request.unsafeSkipCaVerification,
			true,
		);
		await assert.rejects(readJoinRequest(undefined, { config: 'f', discoveryTokenUnsafeSkipCaVerification: true }), {
			message: "can not mix '--config' with arguments [discovery-token-unsafe-skip-ca-verification]",
		});
	});

	it('reads a discovery file from flags, with the token for the certificate request', async () => {
		const request = await readJoinRequest(undefined, { discoveryFile: 'file:///x%20y', token, dryRun: true });
		assert.deepEqual(
			[request.discoversBy, request.discoveryFile, request.tlsBootstrapToken, request.isDryRun],
			[['file'], '/x y', token, true],
		);
		assert.equal((await readJoinRequest(undefined, { discoveryFile: '/x' })).tlsBootstrapToken, '');
		assert.deepEqual((await readJoinRequest('h:6443', { discoveryFile: '/x' })).discoversBy, ['token', 'file']);
		assert.deepEqual((await readJoinRequest(undefined, { token })).discoversBy, []);
	});

	it('requests the certificate with the token of discovery, also before --token and beside a discovery file', async () => {
		const tokenOf = async (endpoint: string | undefined, flags: object) =>
			(await readJoinRequest(endpoint, flags)).tlsBootstrapToken;
		assert.equal(await tokenOf('h:6443', { token: 'a', discoveryToken: 'b' }), 'b');
		assert.equal(await tokenOf('h:6443', { token: 'a', discoveryToken: 'b', tlsBootstrapToken: 'c' }), 'c');
		assert.equal(await tokenOf(undefined, { discoveryFile: '/x', discoveryToken: 'b' }), 'b');
	});

	it('is refused with upstream’s text when file and flags conflict', async () => {
		const mixed = readJoinRequest('h:6443', { config: 'f', token, discoveryTokenCaCertHash: [pin] });
		await assert.rejects(mixed, {
			message: "can not mix '--config' with arguments [discovery-token-ca-cert-hash endpoint token]",
		});
	});

	it('treats an empty value as absent', async () => {
		const request = await readJoinRequest('h:6443', { token, tlsBootstrapToken: '', nodeName: '', criSocket: '' });
		assert.equal(request.tlsBootstrapToken, token);
		assert.match(request.criSocket, /^unix:/);
		assert.notEqual(request.nodeName, '');
		const file = document({ nodeRegistration: { name: '', criSocket: null } }, { caCertHashes: null, token: '' });
		assert.deepEqual(parseJoinConfiguration(file, 'f').request, { endpoint: 'h:6443' });
	});

	it('adds the scheme to the path of a CRI socket, with kubeadm’s warning', async () => {
		const said: string[] = [];
		const flags = { token, criSocket: '/run/x.sock' };
		const { criSocket } = await readJoinRequest('h:6443', flags, (sentence) => said.push(sentence));
		assert.equal(criSocket, 'unix:///run/x.sock');
		assert.match(said.join(), /prepending scheme "unix" to the "criSocket" with value "\/run\/x\.sock"\. Please/);
		const tcp = await readJoinRequest('h:6443', { ...flags, criSocket: 'tcp://h:1' });
		assert.match(validate(tcp).problems.join(), /criSocket: Invalid value: "unix:\/\/tcp:\/\/h:1"/);
	});

	it('is refused when the file does not exist', async () => {
		await assert.rejects(readJoinRequest(undefined, { config: '/nowhere/join.yaml' }), (error) =>
			hasCode(error, 'JOIN_ARGUMENTS_INVALID'),
		);
	});

	it('reads any file or refuses it by name, and no message contains the token', () => {
		fc.assert(
			fc.property(fc.jsonValue(), fc.jsonValue(), (one, two) => {
				const text = document({ extra: one }, { apiServerEndpoint: two });
				for (const problem of problemsOf(() => parseJoinConfiguration(text, 'f')))
					assert.ok(!problem.includes('0123456789abcdef'));
			}),
		);
		fc.assert(fc.property(fc.string(), (text) => void problemsOf(() => parseJoinConfiguration(text, 'f'))));
	});
});

describe('preflight', () => {
	const good = testRequest;

	it('accepts a valid request', () => {
		const { token: checked, problems } = validate(good);
		assert.deepEqual(
			[problems, checked?.discoveryToken, checked?.pins],
			[[], { id: 'abcdef', secret: '0123456789abcdef' }, [pin]],
		);
	});

	it('reports all problems together, without the token', () => {
		const { token: checked, problems } = validate({
			...good,
			endpoint: 'https://h',
			token: 'abcdef.0123456789abcdeF',
			tlsBootstrapToken: 'x',
			caCertHashes: ['md5:00', 'sha256:zz'],
			nodeName: 'N_1',
			criSocket: 'x',
		});
		assert.equal(checked, undefined);
		assert.equal(problems.length, 7);
		assert.ok(!problems.join().includes('0123456789abcde'));
	});

	it('describes the mistake in each input', async () => {
		const { found } = validate({
			...good,
			endpoint: '[fe80::1%eth0]:6443',
			token: `"${token}"`,
			tlsBootstrapToken: token.toUpperCase(),
			caCertHashes: [` ${pin}`, '', `sha256=${'a'.repeat(64)}`],
		});
		assert.deepEqual(
			found.map((one) => one.replace(/;.*/, '')),
			[
				'the token: it has a quote in it',
				'the address of the API server: the address has a zone, and no certificate is for an address with a zone',
				'the token for the certificate request: it has upper-case letters, and a token has none',
				'the hash: it begins with a blank',
				'the hash: it is empty: there is a comma too many, or the command that was to print it printed nothing',
				'the hash: it has = after sha256, and a colon is needed',
			],
		);
		const error = await Promise.resolve()
			.then(() =>
				preflight({ paths: nodePaths('/nowhere'), clock: () => 0, say: () => undefined }).run({ ...good, token: 'x' }),
			)
			.catch((thrown: unknown) => thrown as KubejoinError);
		assert.ok(error instanceof KubejoinError);
		assert.match(error.mostLikely ?? '', /^the token: it has no dot/);
		assert.match(error.remedy, /kubectl-sim token create --print-join-command/);
	});

	it('reports the problems in kubeadm’s order and words', () => {
		const none = { ...good, discoversBy: [], endpoint: '', token: '', tlsBootstrapToken: '', caCertHashes: [] };
		assert.deepEqual(validate(none).problems, ['discovery: Invalid value: "": bootstrapToken or file must be set']);
		const unsafe =
			'discovery.bootstrapToken.caCertHashes: Invalid value: "": using token-based discovery without caCertHashes ' +
			'can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file or pass ' +
			'--discovery-token-unsafe-skip-ca-verification flag to continue';
		assert.deepEqual(validate({ ...none, discoversBy: ['token'] }).problems, [
			'discovery.bootstrapToken: Required value: APIServerEndpoint is not set',
			unsafe,
			'discovery.bootstrapToken.token: Invalid value: "": the bootstrap token is invalid',
			'discovery.bootstrapToken.apiServerEndpoint: Invalid value: "": missing port in address',
			'discovery.tlsBootstrapToken: Invalid value: "": the bootstrap token is invalid',
		]);
		const problemOf = (endpoint: string) => validate({ ...good, endpoint }).problems.join();
		const at = 'discovery.bootstrapToken.apiServerEndpoint: Invalid value: ';
		assert.equal(problemOf('127.0.0.1'), `${at}"127.0.0.1": address 127.0.0.1: missing port in address`);
		assert.equal(problemOf('[::1]'), `${at}"[::1]": address [::1]: missing port in address`);
		for (const one of ['::1', '::1:6443', 'https://h:6443'])
			assert.equal(problemOf(one), `${at}"${one}": address ${one}: too many colons in address`);
		assert.deepEqual(validate({ ...good, criSocket: '/run/x.sock' }).problems, [
			'nodeRegistration.criSocket: Invalid value: "/run/x.sock": only URL scheme "unix" is supported, got ""',
		]);
	});

	it('accepts a discovery file, with or without a token, and refuses another way beside it', () => {
		const byFile = { ...good, discoversBy: ['file'] as const, endpoint: '', token: '', caCertHashes: [] };
		const problemsOfFile = (discoveryFile: string, more: object = {}) =>
			validate({ ...byFile, discoveryFile, ...more }).problems;
		assert.deepEqual(problemsOfFile('package.json'), []);
		assert.deepEqual(problemsOfFile('https://h/x', { tlsBootstrapToken: '' }), []);
		const at = 'discovery.file.kubeConfigPath: Invalid value: ';
		const noFile = 'not a valid HTTPS URL or a file on disk';
		assert.deepEqual(problemsOfFile('/nowhere'), [`${at}"/nowhere": ${noFile}`]);
		assert.deepEqual(problemsOfFile('https://'), [`${at}"https://": ${noFile}`]);
		assert.deepEqual(problemsOfFile('http://h/x'), [`${at}"http://h/x": if a URL is used, the scheme must be https`]);
		assert.deepEqual(problemsOfFile('package.json', { tlsBootstrapToken: 'x' }), [
			'discovery.tlsBootstrapToken: Invalid value: the bootstrap token is invalid',
		]);
		const both = { ...good, discoversBy: ['token', 'file'] as const, discoveryFile: 'package.json' };
		assert.deepEqual(validate(both).problems, [
			'discovery: Invalid value: "": bootstrapToken and file cannot both be set',
		]);
	});

	it('refuses a request without a pin with upstream’s text', () => {
		assert.deepEqual(validate({ ...good, caCertHashes: [] }).problems, [
			'discovery.bootstrapToken.caCertHashes: Invalid value: "": using token-based discovery without caCertHashes can be unsafe. Set unsafeSkipCAVerification as true in your kubeadm config file or pass --discovery-token-unsafe-skip-ca-verification flag to continue',
		]);
	});

	it('accepts a request without a pin when the flag is set, and reads a given pin', () => {
		assert.deepEqual(validate({ ...good, caCertHashes: [], unsafeSkipCaVerification: true }).token?.pins, []);
		assert.deepEqual(validate({ ...good, unsafeSkipCaVerification: true }).token?.pins, [pin]);
		assert.match(
			validate({ ...good, caCertHashes: ['md5:0'], unsafeSkipCaVerification: true }).problems.join(),
			/unknown hash format/,
		);
	});
});
