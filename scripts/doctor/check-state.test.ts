import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import {
	chmodSync,
	copyFileSync,
	existsSync,
	linkSync,
	mkdirSync,
	mkdtempSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { userKubeconfig, writeKubeconfig } from '../../lib/kube/kubeconfig.ts';
import { buildCaCertificate } from '../../lib/pki/certificate.ts';
import { generateKeyPair, writePrivateKey } from '../../lib/pki/keys.ts';
import { openStore } from '../../lib/store/open.ts';
import { checkState } from './check-state.ts';
import { findingText } from './finding.ts';

const SECRET = '0123456789abcdef';

describe('kubejoin doctor', () => {
	let state: string;
	const write = (path: string, text: string, mode = 0o600): string => {
		const whole = join(state, path);
		mkdirSync(dirname(whole), { recursive: true, mode: 0o700 });
		writeFileSync(whole, text, { mode });
		return whole;
	};
	const pair = async (commonName: string) => {
		const keys = await generateKeyPair('ECDSA-P256');
		const dates = { notBefore: Date.parse('2026-01-01T00:00:00Z'), notAfter: Date.parse('2030-01-01T00:00:00Z') };
		return {
			crt: buildCaCertificate({ commonName, dnsNames: [], ...dates }, keys),
			key: writePrivateKey(keys.privateKey),
		};
	};
	let ca: { readonly crt: string; readonly key: string };
	beforeEach(async () => {
		state = mkdtempSync(join(tmpdir(), 'kubejoin-doctor-'));
		ca = await pair('kubernetes');
		write('pki/ca-service/ca.crt', ca.crt, 0o644);
		write('pki/ca-service/ca.key', ca.key);
		write('pki/token-store/server.crt', ca.crt, 0o644);
		write('pki/token-store/server.key', ca.key);
		const credentials = { certificate: ca.crt, key: ca.key };
		write(
			'pki/admin/admin.conf',
			writeKubeconfig(userKubeconfig('https://127.0.0.1:6443', ca.crt, 'admin', credentials)),
		);
		write('nodes/node-1/var/lib/kubelet/pki/kubelet-client-2026.pem', ca.crt + ca.key);
		symlinkSync('kubelet-client-2026.pem', join(state, 'nodes/node-1/var/lib/kubelet/pki/kubelet-client-current.pem'));
		const entry = JSON.stringify({ requestId: 'r', certificate: ca.crt });
		write('ca-service/ledger.jsonl', `${entry}\n${entry}\n`);
		const joinConfig = { apiServerEndpoint: 'h:1', token: `abcdef.${SECRET}`, caCertHashes: ['sha256:00'] };
		write('join.yaml', JSON.stringify({ discovery: { bootstrapToken: joinConfig } }));
		const store = await openStore({ url: `lmdb:${join(state, 'token-store')}`, keyspace: 'tokens' });
		for (let i = 0; i < 20; i++) await store.create(`token-${i}`, { secret: SECRET.repeat(40) });
		await store.close();
	});
	afterEach(() => rmSync(state, { recursive: true }));

	it('has no findings in an intact state directory', () => {
		assert.deepEqual(checkState(state).findings, []);
		assert.ok(checkState(state).files > 9);
	});

	it('names each damaged file once, and prints no secret', () => {
		const damages: readonly (readonly [path: string, damage: (path: string) => void, problem: RegExp])[] = [
			['token-store/tokens.mdb', (path) => truncateSync(path, 9_000), /truncated|in the middle of a page/],
			['ca-service/ledger.jsonl', (path) => writeFileSync(path, `\0\0\0\n{"token":"${SECRET}"}\n`), /line 1 of 2/],
			['ca-service/ledger.jsonl', (path) => writeFileSync(path, `foreign ${SECRET}\n`), /line 1 of 1/],
			['pki/ca-service/ca.key', (path) => truncateSync(path, 60), /private key|PEM/],
			['pki/token-store/server.crt', (path) => writeFileSync(path, 'foreign'), /PEM|certificate/],
			['pki/admin/admin.conf', (path) => writeFileSync(path, `{ token: ${SECRET}`), /./],
			['join.yaml', (path) => writeFileSync(path, `{ token: abcdef.${SECRET}`), /not a JoinConfiguration/],
			['join.yaml', (path) => chmodSync(path, 0o644), /mode is 0644/],
			['pki/ca-service/ca.key', (path) => chmodSync(path, 0o640), /mode is 0640/],
			[
				'nodes/node-1/var/lib/kubelet/pki/kubelet-client-2026.pem',
				(path) => truncateSync(path, 100),
				/PEM|certificate/,
			],
		];
		for (const [path, damage, problem] of damages) {
			const whole = join(state, path);
			const before = readFileSync(whole);
			damage(whole);
			const { findings } = checkState(state);
			const found = findings.filter((finding) => finding.path === whole);
			assert.deepEqual(
				[found.length, findings.length],
				[1, 1],
				`${path}: ${findings.map((one) => findingText(one, 'en')).join('\n')}`,
			);
			assert.match(found[0]?.problem ?? '', problem, path);
			for (const finding of findings) {
				const line = findingText(finding, 'en');
				assert.ok(!line.includes(SECRET), line);
				assert.ok(!line.includes('\n'), line);
			}
			chmodSync(whole, 0o600);
			writeFileSync(whole, before);
		}
	});

	it('finds a mismatched key, a dangling link, a file in place of a directory, and a missing directory', async () => {
		write('pki/token-store/server.key', (await pair('other')).key);
		rmSync(join(state, 'nodes/node-1/var/lib/kubelet/pki/kubelet-client-2026.pem'));
		write('logs', 'a file');
		const problems = checkState(state).findings.map(({ problem }) => problem);
		assert.deepEqual(problems.toSorted(), [
			'it is a file and not a directory',
			'it is a link to a file that does not exist',
			'its private key belongs to another certificate',
		]);
		assert.deepEqual(
			checkState(join(state, 'none')).findings.map(({ problem }) => problem),
			['the directory does not exist'],
		);
		const link = join(state, 'link');
		symlinkSync('gone', link);
		for (const path of [link, join(link, 'below')])
			assert.deepEqual(
				checkState(path).findings.map(({ problem }) => problem),
				[`${link} is a symbolic link to ${join(state, 'gone')}, which does not exist`],
			);
		const other = mkdtempSync(join(state, 'other-'));
		writeFileSync(join(other, 'mine'), '');
		assert.deepEqual(
			checkState(other).findings.map(({ problem }) => problem),
			['it has none of the files that kubejoin creates'],
		);
	});

	it('finds a directory or a device in place of a file, a missing CA key, and the store of another service', async () => {
		const damages: readonly (readonly [path: string, damage: (path: string) => void, problem: string])[] = [
			['pki/ca-service/ca.crt', (path) => mkdirSync(path, { mode: 0o700 }), 'it is not a file'],
			['ca-service/ledger.jsonl', (path) => mkdirSync(path, { mode: 0o700 }), 'it is not a file'],
			['pki/token-store/server.key', (path) => symlinkSync('/dev/zero', path), 'it is not a file'],
			['observer', (path) => writeFileSync(path, '', { mode: 0o600 }), 'it is a file and not a directory'],
			['token-store/tokens.mdb', (path) => writeFileSync(path, '', { mode: 0o600 }), 'it is empty'],
			['token-store/tokens.mdb', (path) => copyFileSync(foreign, path), 'it is the store of registry'],
		];
		const foreign = join(state, 'apiserver-sim/registry.mdb');
		await (await openStore({ url: `lmdb:${dirname(foreign)}`, keyspace: 'registry' })).close();
		for (const [path, damage, problem] of damages) {
			const whole = join(state, path);
			if (existsSync(whole)) renameSync(whole, `${whole}.kept`);
			damage(whole);
			const findings = checkState(state).findings.map((one) => [one.path, one.problem]);
			assert.deepEqual(findings, [[whole, problem]]);
			rmSync(whole, { recursive: true });
			if (existsSync(`${whole}.kept`)) renameSync(`${whole}.kept`, whole);
		}
		const key = join(state, 'pki/ca-service/ca.key');
		rmSync(key);
		assert.deepEqual(
			checkState(state).findings.map((one) => [one.path, one.problem]),
			[[key.replace('.key', '.crt'), 'its private key is missing']],
		);
	});

	it('ends when a FIFO, a device or a file without an end is in place of a file', () => {
		spawnSync('mkfifo', [join(state, 'fifo')]);
		for (const path of [
			'lock',
			'pki/ca-service/ca.key',
			'ca-service/ledger.jsonl',
			'token-store/tokens.mdb',
			'join.yaml',
		])
			for (const make of [
				(whole: string) => linkSync(join(state, 'fifo'), whole),
				(whole: string) => symlinkSync('/dev/zero', whole),
			]) {
				const whole = join(state, path);
				mkdirSync(dirname(whole), { recursive: true, mode: 0o700 });
				if (existsSync(whole)) renameSync(whole, `${whole}.kept`);
				make(whole);
				// A reader that opens the FIFO is given a line, so that a broken one fails this test instead of blocking it.
				const writer = spawn('sh', ['-c', 'exec echo line > "$0"', join(state, 'fifo')], { stdio: 'ignore' });
				const findings = checkState(state).findings.map((one) => [one.path, one.problem]);
				writer.kill('SIGKILL');
				assert.deepEqual(
					findings.find(([found]) => found === whole),
					[whole, 'it is not a file'],
				);
				rmSync(whole);
				if (existsSync(`${whole}.kept`)) renameSync(`${whole}.kept`, whole);
			}
		truncateSync(write('ca-service/ledger.jsonl', ''), 1024 ** 4);
		truncateSync(write('pki/token-store/server.key', ''), 1024 ** 4);
		assert.deepEqual(
			checkState(state)
				.findings.map(({ problem }) => problem)
				.toSorted(),
			['is longer than 16777216 bytes', 'line 1 is longer than 1048576 bytes'],
		);
	});

	it('finds nodes that have joined with another CA, and a CA that no node has joined with', async () => {
		const other = await pair('kubernetes');
		const kubeconfig = (node: string, { crt, key }: typeof ca) =>
			write(
				`nodes/${node}/etc/kubernetes/kubelet.conf`,
				writeKubeconfig(userKubeconfig('https://127.0.0.1:6443', crt, node, { certificate: crt, key })),
			);
		const found = () => checkState(state).findings.map(({ path, remedy }) => [path, remedy]);
		const foreign = kubeconfig('node-1', other);
		const caPath = join(state, 'pki/ca-service/ca.crt');
		assert.deepEqual(found(), [
			[
				caPath,
				`Restore ${caPath} from a backup; without one, delete the cluster and start a new one: ` +
					`npm start -- --reset --state ${state}`,
			],
		]);
		kubeconfig('node-2', { ...ca, crt: other.crt + ca.crt });
		assert.deepEqual(found(), [
			[
				foreign,
				`Let the node join again: rm -r ${join(state, 'nodes/node-1')}, then run the cluster for a minute without it: ` +
					`npm start -- --nodes 0 --state ${state}, then start the node: npm start -- --nodes 1 --state ${state}`,
			],
		]);
		kubeconfig('node-1', ca);
		assert.deepEqual(found(), []);
	});

	it('examines no older certificate of a node, which the link to the current one has replaced', () => {
		const pki = 'nodes/node-1/var/lib/kubelet/pki';
		write(`${pki}/kubelet-client-2025.pem`, 'damaged');
		write(`${pki}/kubelet-server-2025.pem`, 'damaged, and without a current one');
		assert.deepEqual(
			checkState(state).findings.map(({ path }) => path),
			[join(state, pki, 'kubelet-server-2025.pem')],
		);
	});

	it('accepts an incomplete last line of the ledger, which ca-service removes', () => {
		write('ca-service/ledger.jsonl', `${JSON.stringify({ requestId: 'r', certificate: ca.crt })}\n{"requestId":`);
		assert.deepEqual(checkState(state).findings, []);
	});

	it('finds a ledger whose end was overwritten', () => {
		const entry = JSON.stringify({ requestId: 'r', certificate: ca.crt });
		write('ca-service/ledger.jsonl', `${entry}\n\x01${entry.slice(1)}`);
		const [finding, ...others] = checkState(state).findings;
		assert.equal(finding?.problem, 'line 2 of 2 is not an entry of a ledger');
		assert.deepEqual(others, []);
	});
});
