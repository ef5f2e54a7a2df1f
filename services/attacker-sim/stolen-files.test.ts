import assert from 'node:assert/strict';
import { type ErrorCode, hasCode } from '../../lib/errors.ts';
import { userKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { createCa, type Identity, type TestCa } from '../../lib/rpc/fixtures.test.ts';
import { type TestFiles, testFiles, tokenText } from './fixtures.test.ts';
import { readNamed, readStolenIdentity, readStolenToken } from './stolen-files.ts';

describe('a stolen file', () => {
	let files: TestFiles;
	let ca: TestCa;
	let node: Identity;
	before(async () => {
		files = testFiles();
		ca = await createCa('kubernetes');
		node = await ca.client('system:node:a');
	});
	after(() => files.remove());

	/** Expects a refusal whose message names the file or its option, and contains no secret. */
	const refuses = (reading: Promise<unknown>, code: ErrorCode, says: RegExp) =>
		assert.rejects(reading, (error) => {
			assert.ok(hasCode(error, code), String(error));
			assert.match(error.message, says);
			const shown = JSON.stringify([error.message, error.details]);
			for (const secret of ['0123456789abcdef', ...node.key.split('\n').slice(1, -2)])
				assert.equal(shown.includes(secret), false, 'the error contains the secret');
			return true;
		});
	const conf = (name: string, certificate: string, key: string): string =>
		files.write(name, writeKubeconfig(userKubeconfig('https://h:6443', ca.pem, 'a', { certificate, key })));

	it('is returned as it is', async () => assert.equal(await readNamed('--ca', files.write('ca', ' A\n')), ' A\n'));

	it('that is absent is refused with its option and its path', () =>
		refuses(
			readNamed('--ca', files.path('absent')),
			'ATTACK_ARGUMENTS_INVALID',
			/^--ca \S+\/absent cannot be read: no such file or directory/,
		));

	it('with a token is read without its line end', async () =>
		assert.equal(await readStolenToken(files.write('token', `${tokenText}\n`)), tokenText));

	it('with more than a token is refused', () =>
		refuses(
			readStolenToken(files.write('token', `${tokenText} and more`)),
			'ATTACK_ARGUMENTS_INVALID',
			/^--token-file does not contain a bootstrap token/,
		));

	it('of a token that is absent is refused with its option', () =>
		refuses(readStolenToken(files.path('absent')), 'ATTACK_ARGUMENTS_INVALID', /^--token-file \S+ cannot be read/));

	it('with a kubeconfig has the certificate and the key of its user', async () => {
		const { cert, key } = await readStolenIdentity(conf('kubelet.conf', node.cert, node.key));
		assert.deepEqual([cert.trim(), key.trim()], [node.cert.trim(), node.key.trim()]);
	});

	it('with certificate and key in one text is separated into its blocks', async () => {
		const both = `text before\n${node.cert}${node.key}`;
		const { cert, key } = await readStolenIdentity(conf('both.conf', both, both));
		assert.deepEqual([cert.trim(), key.trim()], [node.cert.trim(), node.key.trim()]);
	});

	it('with a chain keeps all its certificates', async () => {
		const { cert } = await readStolenIdentity(conf('chain.conf', node.cert + ca.pem, node.key));
		assert.equal(cert.match(/BEGIN CERTIFICATE/g)?.length, 2);
	});

	it('with a path to the pair of a node is read from that path', async () => {
		const pem = files.write('kubelet-client-current.pem', node.cert + node.key);
		const config = userKubeconfig('https://h:6443', ca.pem, 'a', { token: 'unused' });
		const user = { name: 'a', user: { 'client-certificate': pem, 'client-key': pem } };
		const path = files.write('paths.conf', writeKubeconfig({ ...config, users: [user] }));
		const { cert, key } = await readStolenIdentity(path);
		assert.deepEqual([cert.trim(), key.trim()], [node.cert.trim(), node.key.trim()]);
	});

	it('with a user who has only a token is refused', () => {
		const config = userKubeconfig('https://h:6443', ca.pem, 'a', { token: tokenText });
		const path = files.write('token.conf', writeKubeconfig(config));
		return refuses(
			readStolenIdentity(path),
			'ATTACK_ARGUMENTS_INVALID',
			/^--kubeconfig \S+ has no client certificate$/,
		);
	});

	it('with no kubeconfig is refused with KUBECONFIG_INVALID', () =>
		refuses(readStolenIdentity(files.write('key.conf', node.key)), 'KUBECONFIG_INVALID', /key\.conf/));
});
