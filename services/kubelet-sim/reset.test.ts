import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { environment } from '../../lib/config.ts';
import { hasCode } from '../../lib/errors.ts';
import { makeCertificate } from '../../lib/pki/fixtures.test.ts';
import { writePrivateKey } from '../../lib/pki/keys.ts';
import { storeIdentity } from './identity.ts';
import { type TestTools, testNow, testServer, testTools } from './join/fixtures.test.ts';
import { type ResetFlags, runReset } from './reset.ts';

describe('a reset', () => {
	let tools: TestTools;
	let output: string;
	beforeEach(() => {
		tools = testTools();
		output = '';
		const { kubeconfig, currentCertificate, clusterCa } = tools.paths;
		for (const path of [kubeconfig, currentCertificate, clusterCa]) {
			mkdirSync(dirname(path), { recursive: true });
			writeFileSync(path, 'x');
		}
	});
	afterEach(() => tools.remove());
	const run = (answer: string, flags: ResetFlags = {}) => {
		const stream = {
			write(text: string) {
				output += text;
			},
		};
		const terminal = { stdin: Readable.from(answer === '' ? [] : [answer]), stdout: stream, stderr: stream };
		return runReset({ root: tools.paths.root, nodeName: 'n', ...flags }, terminal);
	};
	const isThere = () => [tools.paths.kubeconfig, tools.paths.currentCertificate, tools.paths.clusterCa].map(existsSync);

	it('removes the files after y or yes', async () => {
		for (const answer of ['y\n', 'YES\n']) {
			await run(answer);
			assert.deepEqual(isThere(), [false, false, false]);
		}
		assert.match(output, /^\[reset\] Are you sure you want to proceed\? \[y\/N\]: /m);
		assert.match(output, /kubectl-sim delete node n$/m);
		assert.match(output, /The reset process does not perform cleanup of CNI plugin configuration,/);
	});

	it('names the node of the certificate, wherever the files are', async () => {
		const { pem, keys } = await makeCertificate({ commonName: 'system:node:other' });
		const written = { certificate: pem, key: writePrivateKey(keys.privateKey), server: testServer };
		await storeIdentity(tools.paths, { ...written, nodeName: 'other' }, testNow);
		await run('y\n', { nodeName: '' });
		assert.match(output, /kubectl-sim delete node other$/m);
	});

	it('prints its own sentences in the language of the terminal, and those of kubeadm in English', async () => {
		const env = environment() as Record<string, string | undefined>;
		const { LC_ALL } = env;
		try {
			env.LC_ALL = 'zh_CN.UTF-8';
			await run('', { force: true });
		} finally {
			if (LC_ALL === undefined) delete env.LC_ALL;
			else env.LC_ALL = LC_ALL;
		}
		assert.match(output, /^\[reset\] 集群中的 Node 对象保留；删除命令：kubectl-sim delete node n$/m);
		assert.match(output, /^\[reset\] 仍在使用 .* 的 kubelet-sim 继续运行/m);
		assert.match(output, /^\[reset\] Deleting files: /m);
	});

	it('removes nothing after another answer, and none', async () => {
		for (const answer of ['', '\n', 'n\n', 'yesterday\n'])
			await assert.rejects(run(answer), (error) => hasCode(error, 'RESET_NOT_CONFIRMED'));
		assert.deepEqual(isThere(), [true, true, true]);
	});

	it('asks nothing with --force, and removes nothing in a dry run', async () => {
		await run('', { dryRun: true });
		assert.deepEqual(isThere(), [true, true, true]);
		await run('', { force: true });
		assert.deepEqual(isThere(), [false, false, false]);
		assert.doesNotMatch(output, /Are you sure/);
	});
});
