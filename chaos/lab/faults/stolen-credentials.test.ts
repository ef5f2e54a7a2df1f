import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { hasCode } from '../../../lib/errors.ts';
import { parseCertificates } from '../../../lib/pki/certificate.ts';
import { spkiPin } from '../../../lib/pki/pin.ts';
import { type FakeContext, fakeContext, nodeObject, printed } from '../context.fixture.ts';
import { certificateOf, kubeconfigOf } from '../nodes.ts';
import { opensslPin } from './openssl-pin.ts';
import { replaceNode } from './replace-node.ts';
import { ATTEMPTS, fillIn, tryStolen } from './stolen-credentials.ts';
import { runAsUser, setUserKubeconfig } from './user.ts';

describe('placeholders', () => {
	const values = { target: () => 'h:1', token: async (name: string) => `/t/${name}`, odd: () => '{target}' };

	it('are replaced by their values, with and without a name', async () => {
		assert.equal(await fillIn('{target}', values), 'h:1');
		assert.equal(await fillIn('a {token:x} b {target} c', values), 'a /t/x b h:1 c');
		assert.equal(await fillIn('line\n{target}', values), 'line\nh:1');
	});

	it('are not replaced inside values', async () => {
		assert.equal(await fillIn('{odd}{target}', values), '{target}h:1');
	});

	it('leave other text unchanged, including JSON', async () => {
		for (const text of ['', 'plain', '{"a":{"b":1}}', '{}', '{ target }', '{TARGET}'])
			assert.equal(await fillIn(text, values), text);
	});

	it('are refused with LAB_NOT_FOUND when unknown, including names of Object.prototype', async () => {
		for (const text of ['{nothing}', '{constructor}', '{token:x} {to-string:y}'])
			await assert.rejects(
				fillIn(text, values),
				(error) => hasCode(error, 'LAB_NOT_FOUND') && error.message.endsWith('known: target, token, odd'),
				text,
			);
	});

	it('never fail with another error', async () => {
		const part = fc.oneof(
			fc.string({ unit: 'binary' }),
			fc.constantFrom('{', '}', ':', 'target', '{target}', '{token:', '__proto__', '{constructor}'),
		);
		await fc.assert(
			fc.asyncProperty(fc.array(part), async (parts) => {
				const text = parts.join('');
				const filled = await fillIn(text, values).catch((error: unknown) =>
					assert.ok(hasCode(error, 'LAB_NOT_FOUND'), String(error)),
				);
				if (!text.includes('{')) assert.equal(filled, text);
			}),
		);
	});
});

describe('programs that an experiment runs', () => {
	let context: FakeContext;
	beforeEach(async () => {
		context = fakeContext();
		await context.write('nodes/n.json', { names: ['n'], root: '/root/n' });
		await context.write('tokens/t.yaml', { discovery: { bootstrapToken: { token: 'abcdef.0123456789abcdef' } } });
		writeFileSync(context.info.kubeconfig, 'admin');
	});
	afterEach(() => context.remove());

	it('get real paths, and a token as a file instead of an argument', async () => {
		context.answer = () => printed('outcome: refused API_UNAUTHORIZED\nmore\n', 1);
		const args = [
			'call-service',
			'--target',
			'{target}',
			'{cluster-ca}',
			'{address:ca-service}',
			'{token:t}',
			'{kubeconfig:n}',
			'{certificate:n}',
			'{stolen}/ca.key',
		];
		const { code } = await tryStolen(context, args, '/stolen');
		const file = join(context.directory, 'attackers/t.token');
		assert.equal(code, 1);
		assert.deepEqual(context.ran, [
			[
				...['attacker-sim', 'call-service', '--target', '127.0.0.1:6443', '/pki/ca.crt', '127.0.0.1:6444', file],
				...[await kubeconfigOf(context, 'n'), await certificateOf(context, 'n'), '/stolen/ca.key'],
			],
		]);
		assert.equal(readFileSync(file, 'utf8'), 'abcdef.0123456789abcdef');
		assert.ok(!JSON.stringify(context.ran).includes('0123456789abcdef'));
	});

	it('record each attempt with its outcome', async () => {
		context.answer = () => printed('outcome: refused X\n');
		await tryStolen(context, ['a', 'b', 'c', 'd'], undefined);
		context.answer = () => printed('');
		await tryStolen(context, ['e'], undefined);
		assert.deepEqual(await context.read(ATTEMPTS), [
			{ command: 'a b c', outcome: 'outcome: refused X' },
			{ command: 'e', outcome: '' },
		]);
	});

	it('are refused with LAB_NOT_FOUND for unknown names, and nothing runs', async () => {
		for (const text of [
			'{stolen}',
			'{address:nobody}',
			'{address:constructor}',
			'{token:u}',
			'{kubeconfig:m}',
			'{certificate:m}',
		])
			await assert.rejects(tryStolen(context, [text], undefined), (error) => hasCode(error, 'LAB_NOT_FOUND'), text);
		assert.deepEqual([context.ran, await context.read(ATTEMPTS)], [[], undefined]);
	});

	it('give the user a kubeconfig in a home directory of the experiment, or remove it', async () => {
		const path = join(context.directory, 'home/.kube/config');
		for (const isThere of [true, true, false, false]) {
			await setUserKubeconfig(context, isThere);
			assert.equal(existsSync(path), isThere);
		}
		await runAsUser(context, ['get', 'nodes']);
		assert.deepEqual(context.ran, [['kubectl-sim', 'get', 'nodes']]);
	});

	it('replace a Node with one more label, with the given kubeconfig', async () => {
		context.nodes.push(nodeObject('n', true, { a: 'b' }));
		context.answer = () => printed('out', 1, 'err');
		assert.deepEqual(await replaceNode(context, 'n', '/kubeconfig'), printed('outerr', 1));
		const path = join(context.directory, 'replaced-node.json');
		assert.deepEqual(context.ran, [['kubectl-sim', '--kubeconfig', '/kubeconfig', 'replace', '-f', path]]);
		assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')).metadata.labels, { a: 'b', 'x.example/mine': 'yes' });
	});
});

describe('the pin that openssl prints', () => {
	let context: FakeContext;
	before(() => {
		context = fakeContext(`kubejoin it's "$(touch x)" \`odd\`; -`);
	});
	after(() => context.remove());

	it('is right by pkey for a key that is not RSA, with any characters in the path', async () => {
		const pin = await opensslPin(context, 'pkey', 'ECDSA-P256');
		const ca = readFileSync(join(context.directory, 'other-cluster-ECDSA-P256/admin/ca.crt'), 'utf8');
		assert.equal(pin, spkiPin(parseCertificates(ca)[0]));
	});

	it('is the hash of nothing by rsa for such a key', async () => {
		assert.equal(
			await opensslPin(context, 'rsa', 'ECDSA-P256'),
			'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
		);
	});
});
