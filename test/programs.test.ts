/** Version, help, exit codes and completion of every program. It runs the compiled programs and starts no mesh. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { columnsOf } from '../lib/cli/terminal-columns.ts';
import { environment } from '../lib/config.ts';
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
const call = (file: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> =>
	new Promise((resolve) => {
		execFile(file, args, { env: { ...environment(), ...env } }, (error, stdout, stderr) =>
			resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
		);
	});
const run = (name: Program, ...args: string[]): Promise<Result> => call(process.execPath, [pathOf(name), ...args]);

/** Completes the last word in a real bash. */
async function completedInBash(words: readonly [Program, ...string[]], { loads = 1 } = {}): Promise<readonly string[]> {
	const [name] = words;
	const load = `source <("${process.execPath}" "${pathOf(name)}" completion bash)\n`.repeat(loads);
	const quoted = words.map((word) => `'${word}'`).join(' ');
	const complete = `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; __${name.replaceAll('-', '_')}_complete`;
	const { stdout, stderr } = await call('bash', [
		'-c',
		`${load}compopt() { :; }\n${complete}; echo "\${COMPREPLY[@]}"`,
	]);
	assert.equal(stderr, '');
	return stdout.trim().split(' ');
}

const [chinese, english] = [{ LC_ALL: 'zh_CN.UTF-8' }, { LC_ALL: 'C.UTF-8' }];
/** Other programs start these, and no person. */
const internalPrograms = /^chaos\/lab\/drivers\/compose\/|^services\/observer\/receive-run$/;
/** The bundled programs, and the benchmark, which is not bundled. */
const allPrograms = (): readonly string[] => {
	const bundled = readdirSync(projectPath('dist', 'bundle'), { recursive: true, encoding: 'utf8' })
		.flatMap((file) => /^(.*)\.program\.c?js$/.exec(file)?.[1] ?? [])
		.filter((path) => !internalPrograms.test(path));
	return [...bundled, 'scripts/bench'].map((path) => projectPath('dist', `${path}.js`));
};

/** The help of each program and of each of its commands. */
async function helpsOf(programs: readonly string[], env: NodeJS.ProcessEnv): Promise<readonly string[]> {
	const print = ['--import', 'tsx/esm', projectPath('test', 'helps.fixture.ts')];
	const { code, stdout, stderr } = await call(process.execPath, [...print, ...programs], env);
	assert.deepEqual([code, stderr], [0, '']);
	return JSON.parse(stdout) as readonly string[];
}

/** Lines with two Latin words of a sentence. Commands and their examples, names and the texts of kubeadm stay. */
function englishLines(help: string): readonly string[] {
	const [prose = ''] = help.replace(/^用法：.*$/m, '').split('\n示例：\n');
	const texts = prose
		.replaceAll(/^The "join" command executes the following phases:$/gm, '')
		.replaceAll(/source <\([\w-]+\s+completion\s+bash\)/g, '')
		.replaceAll(
			/npm run \w+( --)?( --\w+)?|npm start|kubelet-sim join|kubeadm token|kubejoin watch|kubectl --user/g,
			'',
		)
		.replaceAll(/get, list, create, delete, approve\.\.\.|apiserver-sim, ca-service, token-store/g, '');
	return texts.split('\n').filter((line) => {
		const described = line.replace(/^ {2}\S+(?: [<[|]\S+)*/, '').replaceAll(/"[^"]*"|\{[^}]*\}|[A-Z]{2,}\S*/g, '');
		return /(?<![\w-])[a-z][a-z'-]+,? [a-z][a-z'-]+/.test(described.replaceAll(/client auth|digital signature/g, ''));
	});
}

describe('every program', () => {
	for (const name of names) {
		it(`${name} prints its version and three examples`, async () => {
			const [version, { code, stdout }] = await Promise.all([run(name, '--version'), run(name, '--help')]);
			assert.deepEqual([version.code, version.stderr], [0, '']);
			assert.match(version.stdout, /^kubejoin \d+\.\d+\.\d+\n$/);
			assert.equal(code, 0);
			const [, examples = ''] = stdout.split('\nExamples:\n');
			assert.equal(examples.match(/^ {2}\S/gm)?.length, 3, stdout);
		});
	}

	it('has a help within 80 columns, without an English sentence for readers of Chinese', async () => {
		const programs = allPrograms();
		assert.ok(programs.length > 15, programs.join('\n'));
		for (const env of [english, chinese]) {
			const helps = await helpsOf(programs, env);
			assert.ok(helps.length > 100, String(helps.length));
			if (env === chinese) assert.deepEqual(helps.flatMap(englishLines), []);
			const lines = helps.flatMap((help) => help.split('\n'));
			assert.deepEqual(
				lines.filter((line) => columnsOf(line) > 80),
				[],
			);
		}
	});

	it('refuses wrong arguments in Chinese', async () => {
		const refused = async (name: Program, ...words: readonly string[]) =>
			(await call(process.execPath, [pathOf(name), ...words], chinese)).stderr;
		const help = (program: string) => `处理：查看帮助：${program} --help\n`;
		assert.equal(
			await refused('kubejoin-start', '--versoin'),
			`错误：未知选项 '--versoin'\n（是否为 --version？）\n${help('npm start --')}`,
		);
		assert.equal(
			await refused('kubejoin-start', '--port', 'x'),
			`错误：选项 '--port <port>' 的值 'x' 无效。应为：1 到 64515 的整数。\n${help('npm start --')}`,
		);
		assert.equal(
			await refused('kubejoin-chaos', '--progress', 'loud'),
			`错误：选项 '--progress <format>' 的值 'loud' 无效。可选值：text, json, off。\n${help('npm run chaos --')}`,
		);
		assert.equal(
			await refused('kubejoin-start', '--state', ''),
			`错误：选项 '--state <dir>' 的值为空，无效。应为：目录的路径，且不能为空。\n${help('npm start --')}`,
		);
		assert.equal(
			await refused('kubejoin-start', '--store', 'mysql'),
			`错误：选项 '--store <url>' 的值 'mysql' 无效。应为：lmdb、redis://HOST:PORT 或 rediss://HOST:PORT。\n${help('npm start --')}`,
		);
		assert.equal(await refused('lab', 'leak'), `错误：缺少位置参数 'action'\n${help('bin/lab leak')}`);
	});

	it('is read as ASCII where it is a command', () => {
		const bundle = projectPath('dist', 'bundle');
		const commands = readdirSync(bundle, { recursive: true, encoding: 'utf8' }).filter((file) => /\.cjs$/.test(file));
		assert.ok(commands.length > 5);
		for (const command of commands)
			assert.equal(/[^\0-\x7f]/.exec(readFileSync(join(bundle, command), 'utf8'))?.[0], undefined, command);
	});

	it('checks the version of Node before it loads a module that an old Node cannot link', async () => {
		const bundle = projectPath('dist', 'bundle');
		const starters = readdirSync(bundle, { recursive: true, encoding: 'utf8' })
			.filter((file) => /\.program\.c?js$/.test(file))
			.map((file) => join(bundle, file.replace(/\.program\.c?js$/, '.js')));
		assert.ok(starters.length > 10);
		const checkIsFirst = /^#.*\n(?:import .* from 'node:.*';\n)*await import\('[./]*require-node\.js'\);\n/;
		for (const program of starters) assert.match(readFileSync(program, 'utf8'), checkIsFirst, program);
		const oldNode = 'data:text/javascript,Object.defineProperty(process,"version",{value:"v18.20.8"})';
		const text = 'kubejoin needs Node 20.19 or later; this is v18.20.8\n';
		for (const program of [...starters, projectPath('scripts', 'build.mjs')]) {
			const { code, stderr } = await call(process.execPath, ['--import', oldNode, program]);
			assert.deepEqual([code, stderr], [1, text], program);
		}
	});

	it('refuses an unknown option with the exit code of its own errors about arguments, and suggests the known one', async () => {
		const results = await Promise.all(names.map(async (name) => ({ name, ...(await run(name, '--versoin')) })));
		for (const { name, code, stderr } of results) {
			assert.equal(code, ['kubectl-sim', 'kubelet-sim'].includes(name) ? 1 : 3, name);
			assert.match(
				stderr,
				/^error: unknown option '--versoin'\n\(Did you mean --version\?\)\ndo this: See: \S.* --help\n$/,
				name,
			);
		}
	});

	it('ends without a message when the reader of its output ends, and names a full disk', async () => {
		const shell = (name: Program, to: string) =>
			call('bash', ['-c', `set -o pipefail; "${process.execPath}" "${pathOf(name)}" --help ${to}`]);
		for (const name of names) {
			const closed = await shell(name, '| true');
			assert.deepEqual([closed.code, closed.stderr], [141, ''], name);
			const full = await shell(name, '> /dev/full');
			const text = 'error: write /dev/stdout: no space left on device\n';
			assert.deepEqual([full.code, full.stderr], [1, text], name);
		}
	});

	it('completes commands, options and values in bash', async () => {
		const wanted: readonly (readonly [words: readonly [Program, ...string[]], completed: readonly string[]])[] = [
			[['kubectl-sim', 'get', 'no'], ['nodes']],
			[['kubelet-sim', 'jo'], ['join']],
			[['attacker-sim', 'listen', '--mo'], ['--mode']],
			[['kubejoin', 'wa'], ['watch']],
			[['kubejoin-start', '--onc'], ['--once']],
			[['kubejoin-chaos', 'wrong-pi'], ['wrong-pin']],
			[
				['lab', 'ste'],
				['steal', 'steady'],
			],
		];
		const completed = await Promise.all(wanted.map(([words]) => completedInBash(words)));
		assert.deepEqual(
			completed,
			wanted.map(([, words]) => words),
		);
	});

	it('prints no error when a shell loads its completion again', async () => {
		assert.deepEqual(await completedInBash(['kubelet-sim', 'jo'], { loads: 2 }), ['join']);
	});

	it('has scripts for zsh and fish, and for no other shell', async () => {
		assert.match((await run('kubectl-sim', 'completion', 'zsh')).stdout, /#compdef kubectl-sim\n/);
		assert.match((await run('kubejoin-chaos', 'completion', 'fish')).stdout, /complete -c kubejoin-chaos /);
		assert.equal((await run('lab', 'completion', 'tcsh')).code, 3);
	});
});
