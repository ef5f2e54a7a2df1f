import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { limits } from '../../lib/limits.ts';
import { makeCertificate } from '../../lib/pki/fixtures.test.ts';
import { createCertificatesView } from './certificates.ts';

describe('the certificates of the mesh', () => {
	const directory = mkdtempSync(join(tmpdir(), 'certificates-'));
	const file = join(directory, 'certificates.json');
	after(() => rmSync(directory, { recursive: true }));
	const publish = (document: unknown) => writeFileSync(file, JSON.stringify(document));
	const none = () => [];

	it('lists the certificate of each published file', async () => {
		const { pem } = await makeCertificate({ commonName: 'token-store' });
		publish({ 'token-store/server.crt': pem });
		const { list, problem } = createCertificatesView({ file, issued: none }).list();
		assert.equal(problem, undefined);
		assert.equal(list.length, 1);
		const [one] = list;
		assert.ok(one !== undefined && 'serial' in one);
		assert.deepEqual([one.file, one.commonName], ['token-store/server.crt', 'token-store']);
		assert.ok(one.notAfterMs > one.notBeforeMs);
	});

	it('finds the details of a certificate by its serial number', async () => {
		const { pem } = await makeCertificate({ commonName: 'system:node:node-1' });
		const view = createCertificatesView({ file: undefined, issued: () => [{ signer: 'signer', pem }] });
		const [one] = view.list().list;
		assert.ok(one !== undefined && 'serial' in one);
		assert.equal(one.signer, 'signer');
		assert.equal(view.detail(one.serial)?.sections[0]?.text, pem);
		assert.equal(view.detail('00'), undefined);
	});

	it('shows no key, also of a file that has one beside its certificate', async () => {
		const { pem, keys } = await makeCertificate({ commonName: 'kubernetes-admin' });
		const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' });
		publish({ 'admin/admin.conf': `${pem}\n${key}` });
		const view = createCertificatesView({ file, issued: none });
		const [one] = view.list().list;
		assert.ok(one !== undefined && 'serial' in one);
		const answers = JSON.stringify([view.list(), view.detail(one.serial)]);
		assert.doesNotMatch(answers, /PRIVATE/);
	});

	it('parses a certificate once, and reads a list that changed', async () => {
		const { pem } = await makeCertificate({ commonName: 'node' });
		let reads = 0;
		const issued = [
			{
				signer: 'signer',
				get pem() {
					reads++;
					return pem;
				},
			},
		];
		publish({ 'a.crt': pem });
		const view = createCertificatesView({ file, issued: () => issued });
		for (let count = 0; count < 3; count++) assert.equal(view.list().list.length, 2);
		view.detail('00');
		assert.equal(reads, 1);
		publish({ 'b.crt': pem });
		assert.equal(view.list().list[0]?.file, 'b.crt');
		publish({});
		assert.equal(view.list().list.length, 1);
	});

	it('marks a file whose certificate is not readable', () => {
		publish({ 'admin/admin.conf': 'text' });
		assert.deepEqual(createCertificatesView({ file, issued: none }).list(), {
			list: [{ file: 'admin/admin.conf', problem: 'unreadable' }],
		});
	});

	it('reports a list that it cannot read', () => {
		for (const text of ['{', 'null', ' '.repeat(limits.pageCertificatesFileBytes.value + 1)]) {
			writeFileSync(file, text);
			assert.notEqual(createCertificatesView({ file, issued: none }).list().problem, undefined, text.slice(0, 5));
		}
		assert.match(
			createCertificatesView({ file: '/absent', issued: none }).list().problem ?? '',
			/^\/absent: no such file/,
		);
	});

	it('lists at most pageCertificates issued certificates', async () => {
		const { pem } = await makeCertificate({ commonName: 'node' });
		const issued = () => Array(limits.pageCertificates.value + 1).fill({ signer: 'signer', pem });
		const { list } = createCertificatesView({ file: undefined, issued }).list();
		assert.equal(list.length, limits.pageCertificates.value);
	});
});
