import assert from 'node:assert/strict';
import { Command } from 'commander';
import { moveLeadingFlags } from './leading-flags.ts';

describe('flags before the command', () => {
	const program = new Command();
	program.command('get').alias('list');
	program.command('token').command('create');
	const moved = (line: string) => moveLeadingFlags(program, line.split(' ')).join(' ');

	it('move behind it, in front of its own flags', () => {
		assert.equal(moved('-n a get nodes -n b'), 'get -n a nodes -n b');
		assert.equal(moved('--namespace a --kubeconfig=file list nodes'), 'list --namespace a --kubeconfig=file nodes');
		assert.equal(moved('-nget get nodes'), 'get -nget nodes');
	});

	it('move behind the whole path of a nested command', () => {
		assert.equal(moved('--context c token create x'), 'token create --context c x');
	});

	it('have no value if they are for help or the version', () => {
		assert.equal(moved('--help get nodes'), 'get --help nodes');
		assert.equal(moved('--version'), '--version');
	});

	it('stay in their order without a command, or after the end of flags', () => {
		for (const line of ['-n get', '--no-headers get nodes', '-- get nodes', 'get nodes -n a', 'unknown -n a'])
			assert.equal(moved(line), line);
	});
});
