import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { projectPath } from '../../lib/paths.ts';

interface Rule {
	readonly name: string;
	readonly messagePart: string;
	/** Code that breaks the rule, and the file where the rule applies. */
	readonly refused: readonly (readonly [file: string, code: string])[];
	readonly allowed: readonly (readonly [file: string, code: string])[];
}

/** Replaced by any file of domain code. */
const domain = '';
const rules: readonly Rule[] = [
	{
		name: 'verified-tls',
		messagePart: 'verified-tls.grit',
		refused: [
			[domain, 'export const tls = { rejectUnauthorized: false };'],
			['lib/kube/api-channel.ts', 'export const tls = (verify: boolean) => ({ rejectUnauthorized: verify });'],
			[domain, "export const tls = { 'rejectUnauthorized': false };"],
			[domain, "export const tls = { ['rejectUnauthorized']: false };"],
			[domain, 'export const tls = (rejectUnauthorized: boolean) => ({ rejectUnauthorized });'],
			[domain, 'export const set = (tls: Tls) => { tls.rejectUnauthorized = false; };'],
			['chaos/lab/context.ts', 'export const tls = { checkServerIdentity: () => undefined };'],
			['chaos/lab/tokens.ts', 'export const tls = { checkServerIdentity() { return undefined; } };'],
			[domain, "export const set = (env: Env) => { env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; };"],
			['infra/pki/main.ts', "export const env = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };"],
		],
		allowed: [
			[domain, 'export const tls = { rejectUnauthorized: true };'],
			['lib/rpc/unverified-channel.ts', 'export const tls = { rejectUnauthorized: false };'],
		],
	},
	{
		name: 'trust-brands',
		messagePart: 'trust-brands.grit',
		refused: [
			[domain, 'export const trust = (ca: string) => ca as PinnedCa;'],
			[domain, 'export const trust = (ca: string) => ca as unknown as PinnedCa;'],
			[domain, 'export const trust = (ca: string) => ({ ca }) as { ca: PinnedCa };'],
			[domain, 'export const isPinned = (ca: string): ca is PinnedCa => ca !== "";'],
			['services/kubelet-sim/trust.ts', 'export const trust = (text: string) => text as SignedKubeconfig;'],
			['services/kubelet-sim/clients.ts', "export const trust = (one: Channel) => one as Channel<'verified'>;"],
			[domain, 'export const read = (csr: object) => csr as VerifiedCsr;'],
			[domain, 'export const read = (text: string) => text as Pin;'],
		],
		allowed: [
			['services/kubelet-sim/join/pin-ca.ts', 'export const trust = (ca: string) => ca as PinnedCa;'],
			[domain, 'export const read = (text: Text) => text as unknown as string;'],
		],
	},
	{
		name: 'module-state',
		messagePart: 'Do not keep state in a module',
		refused: [
			[domain, 'let count = 0;\nexport const next = () => count++;'],
			[domain, 'export let count = 0;\nexport const next = () => count++;'],
			[domain, 'const seen = new Map<string, string>();\nexport const has = (key: string) => seen.has(key);'],
			[domain, 'export const seen: string[] = [];'],
			['lib/kube/client.ts', 'export class Client {\n\tstatic count = 0;\n}'],
		],
		allowed: [
			[
				domain,
				'export const next = () => {\n\tlet count = 0;\n\tconst seen = new Set();\n\treturn [count++, seen];\n};',
			],
			[domain, "export const known = new Set(['a']);"],
			['lib/kube/limit.ts', 'export class Client {\n\tstatic readonly limit = 1;\n}'],
		],
	},
	{
		name: 'clocks',
		messagePart: 'Take a Clock',
		refused: [
			[domain, 'export const now = () => Date.now();'],
			[domain, 'export const now = Date.now;'],
			[domain, 'export const now = () => new Date();'],
			['lib/pki/dates.ts', 'export const now = () => performance.now();'],
			['services/kubelet-sim/heartbeat.ts', 'export const now = () => process.hrtime.bigint();'],
		],
		allowed: [
			[domain, 'export const at = (ms: number) => new Date(ms);'],
			['services/ca-service/main.ts', 'export const now = () => performance.now();'],
		],
	},
	{
		name: 'randomness',
		messagePart: 'Use randomInt',
		refused: [
			[domain, 'export const dice = () => Math.random();'],
			['chaos/lab/tokens.ts', 'export const dice = Math.random;'],
			['test/mesh/mesh.ts', 'const { random } = Math;\nexport const dice = () => random();'],
			[domain, "export const dice = () => Math['random']();"],
		],
		allowed: [[domain, 'export const most = Math.max(1, 2);']],
	},
	{
		name: 'bounded-reads',
		messagePart: 'Read with readText',
		refused: [
			[domain, "export const read = (path: string) => readFileSync(path, 'utf8');"],
			['scripts/doctor/kinds.ts', 'export const read = (path: string) => readFile(join(path));'],
			['chaos/lab/context.ts', "export const open = (path: string) => openSync(path, 'r');"],
			['lib/config.ts', 'export const read = (path: string) => createReadStream(path);'],
		],
		allowed: [
			[domain, "export const read = () => readFileSync(projectPath('package.json'), 'utf8');"],
			[domain, "export const read = () => readFileSync('/proc/self/limits', 'utf8');"],
			['lib/files.ts', 'export const read = (path: string) => readFileSync(path);'],
		],
	},
];

describe('npm run lint', () => {
	let folder: string;
	before(() => {
		folder = mkdtempSync(join(tmpdir(), 'kubejoin-lint-'));
		for (const path of ['biome.json', 'scripts/lint'])
			cpSync(projectPath(path), join(folder, path), { recursive: true });
	});
	after(() => rmSync(folder, { recursive: true }));

	for (const { name, messagePart, refused, allowed } of rules) {
		it(`${name} refuses exactly the code that breaks the rule`, () => {
			const cases = [...refused, ...allowed].map(([file, code], index) => {
				const path = file === domain ? `services/ca-service/case-${index}.ts` : file;
				mkdirSync(join(folder, dirname(path)), { recursive: true });
				writeFileSync(join(folder, path), code);
				return { path, code, isRefused: index < refused.length };
			});
			const paths = cases.map(({ path }) => path);
			assert.equal(new Set(paths).size, cases.length, 'two cases have the same file');
			const biome = projectPath('node_modules/@biomejs/biome/bin/biome');
			const args = [biome, 'lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=github', ...paths];
			const { stdout } = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
			const findings = stdout.split('\n').filter((line) => line.includes(messagePart));
			for (const { path, code, isRefused } of cases)
				assert.equal(
					findings.some((line) => line.includes(`/${path},`)),
					isRefused,
					`${path}:\n${code}\n${stdout}`,
				);
			for (const path of paths) rmSync(join(folder, path));
		});
	}
});
