import assert from 'node:assert/strict';
import fs, { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { hasCode } from '../../lib/errors.ts';
import { makeCertificate } from '../../lib/pki/fixtures.test.ts';
import { writePrivateKey } from '../../lib/pki/keys.ts';
import { loadIdentity, storeCertificate, storeIdentity } from './identity.ts';
import { type TestTools, testNow, testServer, testTools } from './join/fixtures.test.ts';

const operations = [
	'openSync',
	'fchmodSync',
	'writeFileSync',
	'fsync',
	'renameSync',
	'symlinkSync',
	'unlinkSync',
] as const;
const others = ['mkdirSync', 'chmodSync', 'rmSync'] as const;

/**
 * Runs work whose operations on files fail from the Nth on, as after kill -9: no cleanup can run either.
 *
 * @returns whether the work ended before
 */
async function crashingAt(step: number, work: () => Promise<unknown>): Promise<boolean> {
	const names = [...operations, ...others];
	const originals = names.map((name) => fs[name]);
	let left = step;
	const crash = Object.assign(new Error('crashed'), { code: 'EIO' });
	names.forEach((name, index) => {
		const original = originals[index] as (...args: unknown[]) => unknown;
		Object.assign(fs, {
			[name](...args: unknown[]) {
				if (left-- > 0) return original(...args);
				const callback = args.at(-1);
				if (typeof callback !== 'function') throw crash;
				return process.nextTick(() => callback(crash));
			},
		});
	});
	syncBuiltinESMExports();
	try {
		await work();
		return true;
	} catch (error) {
		assert.match(String(error), /crashed/);
		return false;
	} finally {
		for (const [index, name] of names.entries()) Object.assign(fs, { [name]: originals[index] });
		syncBuiltinESMExports();
	}
}

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

	it('is complete after a crash before any operation on files, the old one or the new one', async () => {
		const { paths } = tools;
		const [before, after] = [await make(), await make()];
		await storeIdentity(paths, before, testNow);
		const seen: (string | undefined)[] = [];
		for (let step = 0; ; step++) {
			const isComplete = await crashingAt(step, () => storeIdentity(paths, after, testNow + (step + 1) * 1000));
			const { certificate, key } = (await loadIdentity(paths)) ?? {};
			const whole = [before, after].find((one) => one.certificate === certificate);
			assert.equal(whole?.key, key, `step ${step}`);
			seen.push(certificate);
			if (isComplete) break;
			await storeIdentity(paths, before, testNow + (step + 1) * 1000 + 500);
		}
		assert.deepEqual([seen[0], seen.at(-1)], [before.certificate, after.certificate]);
		assert.ok(seen.length > 15, `${seen.length} operations`);
	});

	it('has no identity or a complete one after a crash of the first join', async () => {
		const written = await make();
		for (let step = 0, isComplete = false; !isComplete; step++) {
			const { paths, remove } = testTools();
			isComplete = await crashingAt(step, () => storeIdentity(paths, written, testNow));
			const found = await loadIdentity(paths);
			assert.ok(found === undefined || found.key === written.key, `step ${step}`);
			remove();
		}
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

	it('says how the node joins again when one of its own files is damaged', async () => {
		const { paths } = tools;
		const written = await make();
		for (const [damaged, contents, code] of [
			[paths.kubeconfig, 'junk', 'KUBECONFIG_INVALID'],
			[paths.kubeconfig, '', 'KUBECONFIG_INVALID'],
			[paths.kubeconfig, 'a: [', 'KUBECONFIG_INVALID'],
			[paths.currentCertificate, written.certificate, 'KEY_MALFORMED'],
			[paths.currentCertificate, written.key, 'CERTIFICATE_MALFORMED'],
		] as const) {
			await storeIdentity(paths, written, testNow);
			writeFileSync(damaged, contents);
			await assert.rejects(
				loadIdentity(paths),
				(error) =>
					hasCode(error, code) && error.remedy.startsWith(`Let the node join again: rm ${paths.kubeconfig}, then run`),
				`${damaged}: ${contents}`,
			);
		}
	});

	it('does not replace a certificate that cannot be read now', async () => {
		const { paths } = tools;
		await storeIdentity(paths, await make(), testNow);
		rmSync(paths.currentCertificate);
		// Reading its first bytes is an input/output error, also for root.
		symlinkSync('/proc/self/mem', paths.currentCertificate);
		await assert.rejects(
			loadIdentity(paths),
			(error) => hasCode(error, 'KUBECONFIG_INVALID') && /^Check the disk that holds /.test(error.remedy),
		);
	});
});
