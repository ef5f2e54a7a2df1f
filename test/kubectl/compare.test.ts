import assert from 'node:assert/strict';
import { clientVersions } from './clients.ts';
import { differenceOf, judge } from './compare.ts';
import { type Difference, differences } from './differences.ts';
import { normalize } from './normalize.ts';
import { type RecordedCommand, readCommands, readReviewed, stepsOf } from './recorded.ts';
import { readResults } from './results.ts';

const command = (more: Partial<RecordedCommand> = {}): RecordedCommand => ({
	name: 'get',
	args: ['get', 'nodes'],
	exit: 0,
	stdout: 'a\nb\n',
	stderr: '',
	...more,
});
const answer = { exit: 0, stdout: 'a\nb\n', stderr: '' };
const client = '1.37';
const verdict = (
	rows: readonly Difference[],
	change: Partial<typeof answer> = {},
	more: Partial<RecordedCommand> = {},
) => judge(command(more), { ...answer, ...change }, { client, rows, reviewed: [] }).kind;

describe('the comparison with the recorded answers of kubectl', () => {
	it('knows the answer of any recorded client, and of none other', () => {
		assert.equal(verdict([]), 'same');
		assert.equal(verdict([], { stdout: 'a\n' }, { older: { stdout: 'a\n', stderr: '' } }), 'same');
		for (const change of [{ stdout: 'b\na\n' }, { stdout: 'a\nb\nc\n' }, { stderr: 'Warning: w\n' }, { exit: 1 }])
			assert.equal(verdict([], change), 'unknown', JSON.stringify(change));
	});

	it('compares the lines that were recorded of a long answer', () => {
		assert.equal(verdict([], { stdout: 'a\nb\nc\n' }, { isCut: true }), 'same');
		assert.equal(verdict([], { stdout: 'a\n' }, { isCut: true }), 'unknown');
	});

	it('lists a difference that a row explains, and no other', () => {
		const rows = [{ commands: ['get'], reason: 'no b', missing: /^b$/ }];
		assert.equal(verdict(rows, { stdout: 'a\n' }), 'listed');
		assert.equal(verdict(rows, { stdout: '' }), 'unknown');
		assert.equal(verdict(rows, { stdout: 'a\n', exit: 1 }), 'unknown');
		assert.equal(verdict(rows), 'same');
	});

	it('requires the reviewed answer for a row without patterns', () => {
		const rows = [{ commands: ['get'], reason: 'other text' }];
		const reviewed = [{ name: 'get', clients: [client], exit: 0, stdout: 'c\n', stderr: '' } as const];
		const kindOf = (stdout: string) => judge(command(), { ...answer, stdout }, { client, rows, reviewed }).kind;
		assert.deepEqual(['c\n', 'd\n'].map(kindOf), ['listed', 'unknown']);
		assert.equal(verdict(rows, { stdout: 'c\n' }), 'unreviewed');
	});

	it('ignores times, ages, uids, versions, ports and the width of columns', () => {
		const one = 'NAME     AGE\nnode-1   5m3s\nuid: 38a4f39c-6c84-45b6-ab36-3dfe1898f430\nat https://127.0.0.1:7443\n';
		const other =
			'NAME        AGE\nnode-1   12d\nuid: a7f7ef63-f675-4c3e-9b7d-5b459e34af98\nat https://127.0.0.1:23150\n';
		assert.equal(normalize(one), normalize(other));
		assert.notEqual(normalize('  indented'), normalize('    indented'));
	});

	it('runs reads beside each other, and each write alone', () => {
		const step = (...args: string[]) => command({ name: args.join(' '), args });
		const steps = stepsOf([step('get', 'a'), step('describe', 'a'), step('delete', 'a'), step('delete', 'b')]);
		assert.deepEqual(
			steps.map((one) => one.length),
			[2, 1, 1],
		);
	});
});

describe('the table of differences of kubectl', () => {
	const { different } = readResults();

	it('has a reason for each difference in docs/conformance-results.json', () => {
		for (const [name, clients] of Object.entries(different))
			for (const one of clients) assert.ok(differenceOf(differences, name, one), `${name} of ${one}`);
	});

	it('has no row whose commands no longer differ', () => {
		for (const { commands, clients = clientVersions } of differences)
			for (const name of commands)
				assert.ok(
					clients.some((one) => different[name]?.includes(one)),
					name,
				);
	});

	it('names only commands of the suite, each once', () => {
		const names = readCommands().map(({ name }) => name);
		assert.equal(new Set(names).size, names.length);
		const used = [...differences.flatMap(({ commands }) => commands), ...readReviewed().map(({ name }) => name)];
		assert.deepEqual(
			used.filter((name) => !names.includes(name)),
			[],
		);
	});
});
