import assert from 'node:assert/strict';
import { Command } from 'commander';
import { asCommander } from './pflag.ts';

describe('words of a command line', () => {
	const program = new Command('p').option('--kubeconfig <file>');
	program.command('get').option('-n, --namespace <name>').option('-w, --watch').option('--no-headers').option('-A');
	program.command('create').option('-f, --filename <file>').option('--validate');
	const refuse = (problem: string): never => {
		throw new Error(problem);
	};
	const read = (...words: readonly string[]) => asCommander(program, words, refuse);

	it('give a short option its value behind an equals sign', () => {
		assert.deepEqual(read('get', '-n=a', '-n=', '-n=-x', '-nb'), ['get', '-na', '-n', '', '-n-x', '-nb']);
	});

	it('set an option without a value to true or false', () => {
		for (const word of ['1', 't', 'T', 'true', 'TRUE', 'True'])
			assert.deepEqual(read('get', `--watch=${word}`, `-A=${word}`), ['get', '--watch', '-A']);
		for (const word of ['0', 'f', 'F', 'false', 'FALSE', 'False'])
			assert.deepEqual(read('get', `-w=${word}`, `--no-headers=${word}`), ['get']);
		for (const word of ['', 'yes', 'tRUE', ' true'])
			assert.throws(() => read('get', `-w=${word}`), {
				message: `option '-w' argument '${word}' is invalid. It must be true or false.`,
			});
	});

	it('leave every other word as it is', () => {
		for (const words of [
			['get', '--namespace=a', '--kubeconfig=k', '--unknown=true', '-x=1', '-token=a', 'a=b', '-', '-='],
			['get', '-n', '-w=true', '--kubeconfig', '--watch=no'],
			['create', '-f', '-', '--', '-n=a', '--watch=maybe'],
			['get', '-n'],
		])
			assert.deepEqual(read(...words), words);
	});
});
