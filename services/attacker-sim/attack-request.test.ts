import assert from 'node:assert/strict';
import fc from 'fast-check';
import { hasCode, KubejoinError } from '../../lib/errors.ts';
import { type ListenFlags, readAttackRequest, tokenOf } from './attack-request.ts';
import { stolenToken, type TestFiles, testFiles, tokenText } from './fixtures.test.ts';

describe('the flags of listen', () => {
	let files: TestFiles;
	let flags: ListenFlags;
	before(() => {
		files = testFiles();
		flags = {
			address: '127.0.0.1',
			port: '0',
			target: '127.0.0.1:6443',
			clusterCa: files.write('ca.crt', 'CA'),
			mode: 'relay',
			report: files.path('report.json'),
		};
	});
	after(() => files.remove());

	async function problemsOf(changed: Partial<ListenFlags>): Promise<readonly string[]> {
		try {
			await readAttackRequest({ ...flags, ...changed });
			return [];
		} catch (error) {
			if (!hasCode(error, 'ATTACK_ARGUMENTS_INVALID')) throw error;
			return error.message.split('\n');
		}
	}

	it('have no token, key and health port unless they are given', async () => {
		const { address, target, mode, report } = flags;
		const expected = { address, port: 0, target, clusterCa: 'CA', mode, report };
		assert.deepEqual(await readAttackRequest(flags), expected);
	});

	it('name files, whose contents are read', async () => {
		const { token, caKey, healthPort } = await readAttackRequest({
			...flags,
			tokenFile: files.write('token', `${tokenText}\n`),
			caKeyFile: files.write('ca.key', 'KEY'),
			healthPort: '8081',
		});
		assert.deepEqual({ token, caKey, healthPort }, { token: stolenToken, caKey: 'KEY', healthPort: 8081 });
	});

	it('have all their problems reported together', async () => {
		const [absent, noToken] = [files.path('absent'), files.write('no-token', 'no token')];
		const problems = await problemsOf({
			mode: 'destroy',
			port: 'x',
			healthPort: '0',
			clusterCa: absent,
			tokenFile: noToken,
			caKeyFile: absent,
		});
		for (const [index, start] of [
			'--mode destroy is unknown; it must be one of relay, sink,',
			'--port x is not a whole number from 0 to 65535',
			'--health-port 0 is not a whole number from 1 to 65535',
			`--cluster-ca ${absent} cannot be read: `,
			'--token-file does not contain a bootstrap token',
			`--ca-key-file ${absent} cannot be read: `,
		].entries())
			assert.ok(problems[index]?.startsWith(start), `${start}: ${problems[index]}`);
		assert.equal(problems.length, 6);
	});

	it('accept every port, and the health port without 0', () =>
		fc.assert(
			fc.asyncProperty(fc.integer({ min: 1, max: 65_535 }), async (port) => {
				const request = await readAttackRequest({ ...flags, port: String(port), healthPort: String(port) });
				assert.deepEqual([request.port, request.healthPort], [port, port]);
			}),
			{ numRuns: 20 },
		));

	for (const port of ['65536', '100000', '-1', '1.5', '1e3', '0x10', '', ' 80', '80 ', '٣', '8o'])
		it(`refuse the port ${JSON.stringify(port)}`, async () => {
			for (const option of ['port', 'healthPort']) assert.equal((await problemsOf({ [option]: port })).length, 1);
		});

	for (const [mode, power] of [
		['forge-signed', 'P1'],
		['impersonate', 'P3'],
	] as const)
		it(`require the stolen file of ${power} for ${mode}`, async () => {
			const given = {
				P1: { tokenFile: files.write('token', tokenText) },
				P3: { caKeyFile: files.write('ca.key', 'KEY') },
			};
			await readAttackRequest({ ...flags, mode, ...given[power] });
			for (const other of [{}, given[power === 'P1' ? 'P3' : 'P1']])
				await assert.rejects(
					readAttackRequest({ ...flags, mode, ...other }),
					(error) => hasCode(error, 'ATTACK_POWER_MISSING') && error.message.includes(power),
				);
		});

	it('report an invalid file before a missing power', async () => {
		const problems = await problemsOf({ mode: 'impersonate', clusterCa: files.path('absent') });
		assert.equal(problems.length, 1);
	});
});

describe('a token file', () => {
	it('can have white space around the token', () => {
		const problems: string[] = [];
		assert.deepEqual(tokenOf(` \n${tokenText}\r\n`, problems), stolenToken);
		assert.deepEqual(problems, []);
	});

	it('is not quoted when it contains no token', () => {
		for (const contents of ['', 'abcdef', `${tokenText}0`, `${tokenText} ${tokenText}`, tokenText.toUpperCase()]) {
			const problems: string[] = [];
			assert.equal(tokenOf(contents, problems), undefined);
			const { message } = new KubejoinError('ATTACK_ARGUMENTS_INVALID', { problems });
			assert.equal(message, '--token-file does not contain a bootstrap token, ID.SECRET');
		}
	});
});
