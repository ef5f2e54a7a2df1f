import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { Command } from 'commander';
import { KubejoinError } from '../errors.ts';
import { projectPath } from '../paths.ts';
import { runCli, withoutValues } from './run-cli.ts';

const token = 'abcdef.0123456789abcdef';

async function ran(action: () => void, ...words: string[]): Promise<{ code: number; text: string }> {
	let text = '';
	const writeError = (more: string) => {
		text += more;
	};
	const program = new Command('p').configureOutput({ writeErr: writeError, writeOut: writeError });
	program.command('join').argument('[address]').option('--token <token>').option('--root <dir>').action(action);
	const examples = ['p join 127.0.0.1:6443 --token TOKEN'];
	return { code: await runCli(program, { words, writeError, examples, executable: 'p' }), text };
}
const nothing = () => undefined;
const fail = (error: unknown) => () => {
	throw error;
};

describe('a command line', () => {
	it('ends with 0, with the exit code of the failure, or with 3 where commander refuses the arguments', async () => {
		assert.deepEqual(await ran(nothing, 'join'), { code: 0, text: '' });
		assert.equal((await ran(nothing, 'join', '--help')).code, 0);
		const { code, text } = await ran(fail(new KubejoinError('CONFIG_INVALID', { problems: ['a'] })), 'join');
		assert.equal(code, 2);
		assert.match(text, /^error: a\n {2}code: +CONFIG_INVALID\n/);
		assert.equal((await ran(nothing, 'join', '--nope')).code, 3);
	});

	it('refuses an empty path of a directory, which would be the current one', async () => {
		for (const words of [['--root', ''], ['--root=']]) {
			const { code, text } = await ran(nothing, 'join', ...words);
			assert.equal(code, 3);
			assert.match(text, /option '--root <dir>' argument '' is invalid\. It must be the path of a directory, and not/);
		}
		assert.equal((await ran(nothing, 'join', '--root', '.')).code, 0);
	});

	it('stops in order with the reader of its output, and reports output that cannot be written', () => {
		const program = `
			import { stopWithOutput } from './lib/cli/run-cli.ts';
			const timer = setInterval(() => process.stdout.write('line'), 10);
			stopWithOutput(() => { clearInterval(timer); console.error('stopped'); });`;
		const node = `"${process.execPath}" --import tsx --input-type=module --eval "${program}"`;
		const end = (output: string): unknown[] => {
			const script = `set -o pipefail; ${node} ${output}`;
			const { status, stderr } = spawnSync('bash', ['-c', script], { cwd: projectPath('.'), encoding: 'utf8' });
			return [status, stderr];
		};
		assert.deepEqual(end('| true'), [0, 'stopped\n']);
		assert.deepEqual(end('> /dev/full'), [1, 'error: write /dev/stdout: no space left on device\nstopped\n']);
	});

	it('does not repeat the value of an unknown option', async () => {
		for (const words of [
			[`--tokn=${token}`],
			['--tokn=hunter2'],
			['-token=hunter2'],
			['-thunter2'],
			["--tokn=it's\nhunter2"],
			['--tokn', 'hunter2'],
			['a', 'hunter2'],
		]) {
			const { code, text } = await ran(nothing, 'join', ...words);
			assert.equal(code, 3, words.join(' '));
			assert.match(text, /^error: /);
			assert.doesNotMatch(text, /hunter2|0123456789/, words.join(' '));
		}
		assert.match((await ran(nothing, 'join', '--tokn=x')).text, /unknown option '--tokn'\n\(Did you mean --token\?\)/);
		assert.equal(
			withoutValues(`error: unknown command '${'x'.repeat(99)}'`),
			`error: unknown command '${'x'.repeat(64)}...'`,
		);
	});

	it('masks secrets and escapes in every failure, and prints the cause of an unforeseen one', async () => {
		for (const thrown of [
			new KubejoinError('COMMAND_INVALID', { problem: `\x1b]0;x\x07 ${token}`, remedy: '\u202e' }),
			new Error(`Metadata string value "Bearer ${token}\n" contains illegal characters`),
			new Error(`\x1b[31m Bearer hunter2hunter2`),
			`\x1b ${token}`,
			undefined,
			new Error(''),
			Object.assign(new Error(''), { code: 'ECONNRESET' }),
		]) {
			const { code, text } = await ran(fail(thrown), 'join');
			assert.equal(code, 1);
			assert.doesNotMatch(text, /hunter2|0123456789|undefined/);
			assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
		}
		assert.match((await ran(fail(new Error('what')), 'join')).text, /\n {2}cause: +what\n/);
	});

	it('prints the version, and the examples at the end of the help', async () => {
		assert.match((await ran(nothing, '--version')).text, /^kubejoin \d+\.\d+\.\d+\n$/);
		const { text, code } = await ran(nothing, '--help');
		assert.equal(code, 0);
		assert.match(text, /\nExamples:\n {2}p join 127\.0\.0\.1:6443 --token TOKEN\n$/);
		assert.match(text, /completion <shell> +print a completion script/);
	});

	it('suggests the command and the option that were meant', async () => {
		assert.match((await ran(nothing, 'joni')).text, /Did you mean join\?/);
		assert.match((await ran(nothing, 'join', '--tken', 'x')).text, /Did you mean --token\?/);
		assert.match((await ran(nothing, 'completion', 'tcsh')).text, /Allowed choices are bash, zsh, fish/);
	});
});
