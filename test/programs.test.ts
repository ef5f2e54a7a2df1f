/** Version, help, exit codes and completion of every program. It runs the compiled programs and starts no mesh. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { projectPath } from '../lib/paths.ts';

const programs = {
	'kubectl-sim': 'services/kubectl-sim/main.js',
	'kubelet-sim': 'services/kubelet-sim/main.js',
	'attacker-sim': 'services/attacker-sim/main.js',
	kubejoin: 'scripts/kubejoin.js',
	'kubejoin-start': 'scripts/up.js',
	'kubejoin-chaos': 'scripts/chaos.js',
	lab: 'chaos/lab/main.js',
};
type Program = keyof typeof programs;
const names = Object.keys(programs) as Program[];
const pathOf = (name: Program): string => projectPath('dist', programs[name]);

interface Result {
	readonly code: number;
	readonly stdout: string;
	readonly stderr: string;
}
const call = (file: string, args: readonly string[]): Promise<Result> =>
	new Promise((resolve) => {
		execFile(file, args, (error, stdout, stderr) =>
			resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
		);
	});
const run = (name: Program, ...args: string[]): Promise<Result> => call(process.execPath, [pathOf(name), ...args]);

/** Completes the last word in a real bash. */
async function completedInBash(...words: readonly [Program, ...string[]]): Promise<readonly string[]> {
	const [name] = words;
	// A second script must not print an error.
	const load = `source <("${process.execPath}" "${pathOf(name)}" completion bash)\n`.repeat(2);
	const quoted = words.map((word) => `'${word}'`).join(' ');
	const complete = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; __${name.replaceAll('-', '_')}_complete`;
	const { stdout, stderr } = await call('bash', [
		'-c',
		`${load}compopt() { :; }\n${complete}; echo "\${COMPREPLY[@]}"`,
	]);
	assert.equal(stderr, '');
	return stdout.trim().split(' ');
}

describe('every program', () => {
	for (const name of names) {
		it(`${name} prints its version and three examples`, async () => {
			const version = await run(name, '--version');
			assert.deepEqual([version.code, version.stderr], [0, '']);
			assert.match(version.stdout, /^kubejoin \d+\.\d+\.\d+\n$/);
			const { code, stdout } = await run(name, '--help');
			assert.equal(code, 0);
			const [, examples = ''] = stdout.split('\nExamples:\n');
			assert.equal(examples.match(/^ {2}\S/gm)?.length, 3, stdout);
			for (const line of stdout.split('\n')) assert.ok(line.length <= 80, line);
		});
	}

	it('refuses an unknown option with the exit code of its own errors about arguments, and suggests the known one', async () => {
		for (const name of names) {
			const { code, stderr } = await run(name, '--versoin');
			assert.equal(code, name === 'kubectl-sim' ? 1 : 3, name);
			assert.match(stderr, /^error: unknown option '--versoin'\n\(Did you mean --version\?\)\n/, name);
		}
	});

	it('completes commands, options and values in bash', async () => {
		assert.deepEqual(await completedInBash('kubectl-sim', 'get', 'no'), ['nodes']);
		assert.deepEqual(await completedInBash('kubelet-sim', 'jo'), ['join']);
		assert.deepEqual(await completedInBash('attacker-sim', 'listen', '--mo'), ['--mode']);
		assert.deepEqual(await completedInBash('kubejoin', 'wa'), ['watch']);
		assert.deepEqual(await completedInBash('kubejoin-start', '--onc'), ['--once']);
		assert.deepEqual(await completedInBash('kubejoin-chaos', 'wrong-pi'), ['wrong-pin']);
		assert.deepEqual(await completedInBash('lab', 'ste'), ['steal', 'steady']);
	});

	it('has scripts for zsh and fish, and for no other shell', async () => {
		assert.match((await run('kubectl-sim', 'completion', 'zsh')).stdout, /#compdef kubectl-sim\n/);
		assert.match((await run('kubejoin-chaos', 'completion', 'fish')).stdout, /complete -c kubejoin-chaos /);
		assert.equal((await run('lab', 'completion', 'tcsh')).code, 3);
	});
});
