import assert from 'node:assert/strict';
import { KubejoinError } from '../errors.ts';
import { createCsr, parseCsr } from './csr.ts';
import { createCsrReader } from './csr-reader.ts';
import { generateKeyPair } from './keys.ts';

describe('a reader of certificate requests', () => {
	const base64 = (text: string) => Buffer.from(text).toString('base64');
	const counting = () => {
		const parsed: string[] = [];
		const read = createCsrReader((pem) => {
			parsed.push(pem);
			return parseCsr(pem);
		});
		return { parsed, read };
	};
	const requestNamed = async (commonName: string) =>
		createCsr({ subject: { organizations: [], commonName } }, await generateKeyPair('ECDSA-P256'));

	it('parses equal text once, and other text again', async () => {
		const { parsed, read } = counting();
		const [a, b] = [await requestNamed('a'), await requestNamed('b')];
		for (const pem of [a, b, a, b]) read(base64(pem));
		assert.deepEqual(parsed, [a, b]);
		assert.deepEqual([read(base64(a)).subject.commonName, read(base64(b)).subject.commonName], ['a', 'b']);
	});

	it('refuses a request each time', async () => {
		const { parsed, read } = counting();
		const [a, b] = [await requestNamed('a'), await requestNamed('b')];
		const spliced = `${a.slice(0, 150)}${b.slice(150)}`;
		for (const refused of [spliced, 'no PEM', '']) assert.throws(() => read(base64(refused)), KubejoinError);
		assert.throws(() => read(base64(spliced)), KubejoinError);
		assert.equal(parsed.length, 4);
	});
});
