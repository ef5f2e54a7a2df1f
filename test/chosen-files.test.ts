/** Files whose path a person chooses, in every program: none waits for a FIFO or reads a file without an end. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { environment } from '../lib/config.ts';
import { projectPath } from '../lib/paths.ts';

const LIMIT_MS = 30_000;

interface Use {
	readonly program: string;
	readonly args?: readonly string[];
	readonly env?: Readonly<Record<string, string>>;
}
/** How a person names a file, by program. `path` is below `directory`. */
const uses: readonly ((path: string, directory: string) => Use)[] = [
	(path) => ({ program: 'services/kubectl-sim/main', args: ['--kubeconfig', path, 'get', 'nodes'] }),
	(path) => ({ program: 'services/kubectl-sim/main', args: ['get', 'nodes'], env: { KUBECONFIG: path } }),
	(path) => ({ program: 'services/kubectl-sim/main', args: ['--kubeconfig', path, 'config', 'use-context', 'a'] }),
	(path, directory) => ({
		program: 'services/kubectl-sim/main',
		args: ['--kubeconfig', join(directory, 'whole.conf'), 'create', '-f', path],
	}),
	(path) => ({ program: 'services/kubelet-sim/main', args: ['join', '--config', path] }),
	(path) => ({
		program: 'services/kubelet-sim/main',
		args: ['join', '--discovery-file', path, '--root', `${path}.root`],
	}),
	(path) => ({
		program: 'services/attacker-sim/main',
		args: ['use-certificate', '--target', '127.0.0.1:1', '--cluster-ca', path, '--kubeconfig', path],
	}),
	(path) => ({ program: 'services/ca-service/main', env: { KUBEJOIN_TLS_CERT_FILE: path } }),
	(path) => ({ program: 'services/observer/main', env: { KUBEJOIN_TRACES_KEY_FILE: path } }),
	(_, directory) => ({ program: 'scripts/chaos', args: ['--validate', '--catalogue', directory] }),
	(_, directory) => ({ program: 'scripts/kubejoin', args: ['doctor', '--state', directory] }),
];

/** @returns the output of a program that ended by itself */
function run({ program, args = [], env = {} }: Use, cwd: string): Promise<{ code: number | null; text: string }> {
	return new Promise((resolve, reject) => {
		const child = spawn(process.execPath, [projectPath('dist', `${program}.js`), ...args], {
			...{ cwd, env: { PATH: environment().PATH, HOME: cwd, ...env }, stdio: ['ignore', 'pipe', 'pipe'] as const },
		});
		let text = '';
		for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk));
		const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS);
		child.on('error', reject);
		child.on('close', (code) => {
			clearTimeout(timer);
			resolve({ code, text });
		});
	});
}

describe('a file that a person names', () => {
	let directory: string;
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), 'kubejoin-chosen-'));
		// The path is also that of a document of an experiment, and of a file of a state directory.
		mkdirSync(join(directory, 'pki/ca-service'), { recursive: true, mode: 0o700 });
		const ca = projectPath('test/fixtures/kubeadm-1.29-ca.crt');
		const user = { name: 'a', user: { token: 'abcdef.0123456789abcdef' } };
		const cluster = { name: 'a', cluster: { server: 'https://127.0.0.1:1', 'certificate-authority': ca } };
		const contexts = [{ name: 'a', context: { cluster: 'a', user: 'a' } }];
		const config = { clusters: [cluster], users: [user], contexts, 'current-context': 'a' };
		writeFileSync(join(directory, 'whole.conf'), JSON.stringify(config), { mode: 0o600 });
	});
	afterEach(() => rmSync(directory, { recursive: true }));

	const files: readonly (readonly [kind: string, create: (path: string) => void, problem: RegExp])[] = [
		['FIFO', (path) => spawnSync('mkfifo', [path]), /is a FIFO|not a file/],
		['device', (path) => symlinkSync('/dev/zero', path), /is a device|not a file/],
		[
			'file of a terabyte',
			(path) => {
				writeFileSync(path, '', { mode: 0o600 });
				truncateSync(path, 1024 ** 4);
			},
			/longer than|too long|document exceeds|is too large/,
		],
	];
	for (const [kind, create, problem] of files)
		it(`is refused by every program when it is a ${kind}`, async () => {
			const paths = [join(directory, 'document.yaml'), join(directory, 'pki/ca-service/ca.key')];
			for (const path of paths) create(path);
			for (const use of uses) {
				const started = use(paths[0] ?? '', directory);
				const { code, text } = await run(started, directory);
				const shown = `${started.program} ${started.args?.join(' ') ?? Object.keys(started.env ?? {})}: ${code}\n${text}`;
				assert.ok(code !== null && code > 0, shown);
				assert.match(text, problem, shown);
			}
		});

	it('can be a pipe of the shell', async () => {
		const path = join(directory, 'pipe.yaml');
		writeFileSync(path, 'kind: Config\napiVersion: v1\ncurrent-context: piped\n');
		const program = projectPath('dist/services/kubectl-sim/main.js');
		const args = [program, join(dirname(path), 'pipe.yaml')];
		for (const line of [
			'"$0" "$1" --kubeconfig <(cat "$2") config current-context',
			'cat "$2" | "$0" "$1" --kubeconfig /dev/stdin config current-context',
			'"$0" "$1" --kubeconfig /dev/stdin config current-context < "$2"',
		]) {
			const { stdout, stderr } = spawnSync('bash', ['-c', line, process.execPath, ...args], {
				...{ encoding: 'utf8', timeout: LIMIT_MS },
			});
			assert.equal(stdout, 'piped\n', `${line}\n${stderr}`);
		}
	});
});
