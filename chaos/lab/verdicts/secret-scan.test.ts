import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { type FakeContext, fakeContext, workerOf } from '../context.fixture.ts';
import { STARTED_AT } from '../context.ts';
import { checkNodeFiles, findSecrets, processTexts, textsBelow, tokenSecrets } from './secret-scan.ts';

const secret = '0123456789abcdef';
const found = (text: string) => findSecrets([{ where: 'there', text }], [secret]);

describe('the search for secrets', () => {
	it('finds a secret in plain text, hexadecimal and base64', () => {
		for (const text of [
			secret,
			Buffer.from(secret).toString('hex'),
			Buffer.from(secret).toString('hex').toUpperCase(),
			Buffer.from(secret).toString('base64'),
		])
			assert.deepEqual(found(`before ${text} after`), ['there'], text);
	});

	it('finds a secret in the base64 of a longer text, at any position', () => {
		const text = fc.string({ unit: 'grapheme-ascii' });
		fc.assert(
			fc.property(text, text, fc.constantFrom('base64', 'base64url'), (before, after, encoding) => {
				assert.deepEqual(found(Buffer.from(before + secret + after).toString(encoding)), ['there']);
			}),
		);
	});

	it('finds a private key, as PEM and as JWK', () => {
		for (const kind of ['', 'EC ', 'RSA ', 'ENCRYPTED '])
			assert.deepEqual(found(`x -----BEGIN ${kind}PRIVATE KEY-----`), ['there'], kind);
		assert.deepEqual(found(`{"kty":"EC","d":"${'A'.repeat(43)}"}`), ['there']);
	});

	it('ignores an ID, a certificate, a part of a secret, and other text', () => {
		for (const text of [
			'abcdef',
			'-----BEGIN CERTIFICATE-----',
			'-----BEGIN PUBLIC KEY-----',
			secret.slice(1),
			'',
			'a word',
		])
			assert.deepEqual(found(text), [], text);
	});

	it('prints the place and never the secret', () => {
		const texts = [
			{ where: 'clean', text: 'nothing' },
			{ where: 'leaky', text: secret },
		];
		assert.deepEqual(findSecrets(texts, [secret]), ['leaky']);
		assert.ok(!findSecrets(texts, [secret]).join().includes(secret));
	});
});

describe('the texts and secrets of the search', () => {
	let context: FakeContext;
	beforeEach(() => {
		context = fakeContext();
	});
	afterEach(() => context.remove());

	it('include the secrets of the lab and of the cluster, each once', async () => {
		await context.write('known-tokens.json', [`abcdef.${secret}`, 'aaaaaa.aaaaaaaaaaaaaaaa']);
		const data = { 'token-secret': Buffer.from(secret).toString('base64') };
		context.secrets.push(
			{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data },
			{ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'o' } },
		);
		assert.deepEqual(await tokenSecrets(context), [secret, 'aaaaaaaaaaaaaaaa']);
	});

	it('include only tokens of the experiment and of the cluster while an experiment runs', async () => {
		await context.write('known-tokens.json', ['aaaaaa.aaaaaaaaaaaaaaaa', `abcdef.${secret}`]);
		await context.write(STARTED_AT, 1);
		await context.write('tokens/t.yaml', { discovery: { bootstrapToken: { token: `abcdef.${secret}` } } });
		assert.deepEqual(await tokenSecrets(context), [secret]);
	});

	describe('the files of a node', () => {
		const write = (path: string, text: string, mode: number) => {
			const file = join(context.directory, 'nodes/n', path);
			mkdirSync(join(file, '..'), { recursive: true });
			writeFileSync(file, text, { mode });
			chmodSync(file, mode);
			return file;
		};
		const key = '-----BEGIN EC PRIVATE KEY-----\nx\n-----END EC PRIVATE KEY-----\n';
		beforeEach(() => context.write('nodes/n.json', { names: ['n'], root: join(context.directory, 'nodes/n') }));

		it('contain its own key and kubeconfig for its owner, and the CA for all', async () => {
			write('pki/kubelet-client.pem', key, 0o600);
			write('kubelet.conf', 'clusters: []', 0o600);
			write('pki/ca.crt', 'CERTIFICATE', 0o644);
			assert.deepEqual(await checkNodeFiles(context, [secret]), { count: 3, problems: [] });
		});

		it('must not contain readable keys or kubeconfigs, a bootstrap kubeconfig, or a token', async () => {
			const open = write('pki/kubelet-client.pem', key, 0o640);
			const config = write('kubelet.conf', 'x', 0o604);
			const left = write('bootstrap-kubelet.conf', `token: abcdef.${secret}`, 0o600);
			const { problems } = await checkNodeFiles(context, [secret]);
			assert.deepEqual(
				problems.toSorted(),
				[
					`${left} holds the secret of a token`,
					`${left} was left behind`,
					`${config} has mode 0604, and must have 0600`,
					`${open} has mode 0640, and must have 0600`,
				].toSorted(),
			);
		});

		it('contain the bootstrap kubeconfig while the node joins', async () => {
			write('bootstrap-kubelet.conf', secret, 0o600);
			context.workers.push(workerOf('n'));
			assert.deepEqual((await checkNodeFiles(context, [secret])).problems, []);
			context.workers.splice(0, 1, workerOf('n', { hasServed: true }));
			assert.equal((await checkNodeFiles(context, [secret])).problems.length, 2);
		});
	});

	it('include output and logs of nodes and attackers, and command lines', async () => {
		context.workers.push(workerOf('n', { output: 'hello' }));
		mkdirSync(join(context.directory, 'workers'));
		writeFileSync(join(context.directory, 'workers/gone.log'), 'bye');
		const texts = await processTexts(context);
		assert.deepEqual(texts.slice(0, 2), [
			{ where: 'output of n', text: 'hello' },
			{ where: 'log of gone.log', text: 'bye' },
		]);
		assert.ok(
			texts.some(({ where, text }) => where === `command line of process ${process.pid}` && text.includes('mocha')),
		);
	});

	it('include every file below a directory, if it exists', async () => {
		mkdirSync(join(context.directory, 'a/b'), { recursive: true });
		writeFileSync(join(context.directory, 'a/b/c.txt'), 'x');
		assert.deepEqual(await textsBelow(join(context.directory, 'a')), [
			{ where: join(context.directory, 'a/b/c.txt'), text: 'x' },
		]);
		assert.deepEqual(await textsBelow(join(context.directory, 'none')), []);
	});
});
