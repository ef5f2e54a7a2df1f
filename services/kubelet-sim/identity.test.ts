import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { hasCode } from '../../lib/errors.ts';
import { makeCertificate } from '../../lib/pki/fixtures.test.ts';
import { writePrivateKey } from '../../lib/pki/keys.ts';
import { loadIdentity, storeCertificate, storeIdentity } from './identity.ts';
import { type TestTools, testNow, testServer, testTools } from './join/fixtures.test.ts';

describe('the identity of a node on disk', () => {
	let tools: TestTools;
	beforeEach(() => {
		tools = testTools();
	});
	afterEach(() => tools.remove());
	const make = async () => {
		const { pem, keys } = await makeCertificate({ commonName: 'system:node:n' });
		return { certificate: pem, key: writePrivateKey(keys.privateKey), server: testServer, nodeName: 'n' };
	};

	it('has a complete current certificate at every moment of a switch', async () => {
		const { paths } = tools;
		await storeCertificate(paths, await make(), testNow);
		let isDone = false;
		let looks = 0;
		const watching = (async () => {
			while (!isDone) {
				assert.match(
					readFileSync(paths.currentCertificate, 'utf8'),
					/END CERTIFICATE-----\n-----BEGIN EC[\s\S]*END EC PRIVATE KEY-----\n$/,
				);
				looks++;
				await setImmediate();
			}
		})();
		for (let second = 1; second <= 20; second++) await storeCertificate(paths, await make(), testNow + second * 1000);
		isDone = true;
		await watching;
		assert.ok(looks > 20, `${looks} looks`);
	});

	it('is read from a file with other text around certificate and key', async () => {
		const { paths } = tools;
		const written = await make();
		await storeIdentity(paths, written, testNow);
		writeFileSync(
			paths.currentCertificate,
			`text\n${written.key}-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${written.certificate}`,
		);
		const { certificate, key } = (await loadIdentity(paths)) ?? {};
		assert.deepEqual({ certificate, key }, { certificate: written.certificate, key: written.key });
	});

	it('refuses a damaged file by its name', async () => {
		const { paths } = tools;
		const written = await make();
		await storeIdentity(paths, written, testNow);
		const other = await make();
		for (const [contents, code] of [
			[written.certificate, 'KEY_MALFORMED'],
			[written.key, 'CERTIFICATE_MALFORMED'],
			[`${written.certificate}${written.key}`.slice(0, 200), 'KEY_MALFORMED'],
			[other.certificate + written.key, 'CERTIFICATE_MALFORMED'],
		] as const) {
			writeFileSync(paths.currentCertificate, contents);
			await assert.rejects(
				loadIdentity(paths),
				(error) => hasCode(error, code) && (error as Error).message.includes(paths.currentCertificate),
				code,
			);
		}
		rmSync(paths.kubeconfig);
		assert.equal(await loadIdentity(paths), undefined);
	});
});
