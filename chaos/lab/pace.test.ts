import assert from 'node:assert/strict';
import { parsePace, scaleTimes } from './pace.ts';

describe('scaleTimes', () => {
	it('multiplies waiting times and certificate lifetimes', () => {
		assert.deepEqual(scaleTimes(['node', 'n', '--until', 'x', '--within', '40'], 2.5), [
			...['node', 'n', '--until', 'x', '--within', '100'],
		]);
		assert.deepEqual(
			scaleTimes(['service', 'change', 'ca-service', '--set', 'LAB=true', '--set', 'SIGNING_DURATION_SECONDS=24'], 3),
			['service', 'change', 'ca-service', '--set', 'LAB=true', '--set', 'SIGNING_DURATION_SECONDS=72'],
		);
	});

	it('lengthens the default time of --until, before the words of kubectl', () => {
		assert.deepEqual(scaleTimes(['kubectl', '--until', 'Ready', 'get', 'nodes'], 2), [
			...['kubectl', '--until', 'Ready', '--within', '60', 'get', 'nodes'],
		]);
	});

	it('changes no other argument, and nothing at pace 1', () => {
		const args = ['kubectl', '--within', 'x', '--set', 'PORT=24', '--until', 'SIGNING_DURATION_SECONDS=24', '40'];
		assert.deepEqual(scaleTimes(args, 3), args);
		assert.deepEqual(scaleTimes(['node', '--within', '0'], 3), ['node', '--within', '0']);
		assert.deepEqual(scaleTimes(['node', '--within', '40'], 1), ['node', '--within', '40']);
	});

	it('stays within the limit of the option', () => {
		assert.deepEqual(scaleTimes(['--within', '280'], 3), ['--within', '600']);
	});
});

describe('parsePace', () => {
	it('reads numbers from 1 to 10; other values are 1', () => {
		assert.deepEqual(
			[undefined, '1', '2.5', '10', '0', '11', '-1', 'x', ''].map(parsePace),
			[1, 1, 2.5, 10, 1, 1, 1, 1, 1],
		);
	});
});
