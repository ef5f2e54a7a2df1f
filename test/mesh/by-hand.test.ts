/**
 * Nodes that a person starts beside `npm start`, with the commands that the programs print, in the directory of the
 * mesh.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { environment } from '../../lib/config.ts';
import { projectPath } from '../../lib/paths.ts';
import { runProgram } from '../../lib/process-supervisor.ts';
// biome-ignore lint/style/noRestrictedImports: constants, the lines that a reader of the page pastes
import { joinCommands, stormCommands, tokenCommands } from '../../services/observer/page/commands.ts';
import { eventually, startTestMesh, type TestMesh } from './mesh.ts';

describe('a node that a person starts in the directory of npm start', () => {
	const directory = mkdtempSync(join(tmpdir(), 'kubejoin-by-hand-'));
	let mesh: TestMesh;
	let adminConf: string;
	const running: (() => Promise<void>)[] = [];

	/** As in a new terminal: no OTEL_, KUBEJOIN_ or KUBECONFIG variables. */
	const env = Object.fromEntries(
		Object.entries(environment()).filter(([name]) => !/^(OTEL_|KUBEJOIN_|KUBECONFIG$|HOME$)/.test(name)),
	);
	const program = (name: string) => `'${process.execPath}' '${projectPath('dist/bundle/services', name, 'main.js')}'`;
	/** Runs a command line as it was printed. */
	const toShell = (line: string) => line.replace(/^npx (kube\w+-sim)/, (_, name: string) => program(name));

	const finish = (line: string): Promise<{ code: number; stdout: string; stderr: string }> =>
		new Promise((resolve) => {
			execFile('sh', ['-c', toShell(line)], { cwd: directory, env }, (error, stdout, stderr) =>
				resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
			);
		});
	function start(line: string): { readonly output: () => string; readonly interrupt: () => Promise<number | null> } {
		const child = spawn('sh', ['-c', `exec ${toShell(line)}`], { cwd: directory, env });
		let output = '';
		for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
		const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
		const interrupt = () => {
			child.kill('SIGINT');
			return ended;
		};
		running.push(async () => void (await interrupt()));
		return { output: () => output, interrupt };
	}
	async function isOnPage(node: string): Promise<boolean> {
		const args = ['watch', node, '--url', mesh.page, '--output', 'json', '--no-follow'];
		const { stdout } = await runProgram({ name: 'watch', program: 'scripts/kubejoin.js', args });
		return stdout.includes(`"node":"${node}"`) && stdout.includes('"state":"joined"');
	}

	before(async () => {
		mesh = await startTestMesh({ state: join(directory, '.kubejoin'), observer: { story: 'off' } });
	});
	after(async () => {
		for (const stop of running) await stop();
		await mesh?.stopAndRemove();
		rmSync(directory, { recursive: true, force: true });
	});

	it('finds the kubeconfig that kubectl-sim names', async () => {
		const { code, stderr } = await finish('npx kubectl-sim get nodes');
		assert.equal(code, 1);
		const [, path] = /^do this: Use the kubeconfig of this mesh: export KUBECONFIG=(\S+)$/m.exec(stderr) ?? [];
		adminConf = path ?? assert.fail(stderr);
		const nodes = await finish(`npx kubectl-sim get nodes --kubeconfig ${adminConf}`);
		assert.deepEqual([nodes.code, nodes.stderr], [0, 'No resources found\n']);
	});

	it('joins with the printed join command, and the page shows it', async () => {
		const { stdout } = await finish(`npx kubectl-sim token create --print-join-command --kubeconfig ${adminConf}`);
		const { output, interrupt } = start(stdout.trim());
		await eventually(30, () => assert.match(output(), /This process is now the node node-\w+\. Press Ctrl-C/));
		const [, name = ''] = /now the node (node-\w+)\./.exec(output()) ?? [];
		await eventually(30, async () => assert.ok(await isOnPage(name), name));
		const [, list = ''] = /List the nodes in another terminal: (.*)/.exec(output()) ?? [];
		assert.match((await finish(list)).stdout, new RegExp(`^${name} `, 'm'));
		assert.equal(await interrupt(), 0);
	});

	it('runs as the page says, also beside a node that runs', async () => {
		const { code, stdout } = await finish(tokenCommands.npm);
		assert.match(stdout, /^[a-z0-9]{6}\.[a-z0-9]{16}\n$/);
		assert.equal(code, 0);
		const startBoth = async (line: string) => {
			const [create = '', joining = ''] = line.split(' && ');
			assert.deepEqual((await finish(create)).code, 0);
			return start(joining);
		};
		const one = await startBoth(joinCommands.npm);
		await eventually(30, () => assert.match(one.output(), /This process is now the node node-2\./));
		const many = await startBoth(stormCommands.npm.replace('--nodes 100', '--nodes 9'));
		await eventually(60, () => assert.match(many.output(), /9 of 9 nodes joined in /));
		await eventually(30, async () => assert.ok((await isOnPage('node-2')) && (await isOnPage('storm-9'))));
		assert.deepEqual(readdirSync(directory), ['.kubejoin']);
		assert.deepEqual([await many.interrupt(), await one.interrupt()], [0, 0]);
	});

	it('runs many nodes in one process and prints a summary', async () => {
		const config = join(directory, 'join.yaml');
		await finish(`npx kubectl-sim token create --print-join-config --to ${config} --kubeconfig ${adminConf}`);
		const { output, interrupt } = start(
			`npx kubelet-sim join --config ${config} --node-name many --nodes 6 --healthz-port 0`,
		);
		await eventually(60, () => assert.match(output(), /6 of 6 nodes joined in .*, p50 .*, p99 .*/));
		await eventually(30, () =>
			assert.match(output(), /\[kubelet\] This process is now 6 nodes\. Press Ctrl-C to stop it\./),
		);
		assert.doesNotMatch(output(), /discovery\/pin-ca/);
		await eventually(30, async () => assert.ok(await isOnPage('many-6')));
		assert.equal(await interrupt(), 0);
	});
});
