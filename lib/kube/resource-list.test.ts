import assert from 'node:assert/strict';
import { addLists, areEqualLists, maxOfLists, namesAbove, printedList, subtractLists } from './resource-list.ts';

describe('resource lists', () => {
	it('add amounts in the format of the first one that is not zero', () => {
		const sums: [string, string, string][] = [
			['1', '500m', '1500m'],
			['0', '1Gi', '1Gi'],
			['1Gi', '512Mi', '1536Mi'],
			['1Gi', '1M', '1074741824'],
			['1M', '1Ki', '1001024'],
			['900m', '100m', '1'],
			['500', '500', '1k'],
			['1e3', '1', '1001'],
		];
		for (const [a, b, sum] of sums) assert.deepEqual(addLists({ cpu: a }, { cpu: b }), { cpu: sum }, `${a} + ${b}`);
		assert.deepEqual(addLists({ pods: '1' }, { memory: '1Ki' }), { pods: '1', memory: '1Ki' });
	});

	it('subtract without going below zero', () => {
		assert.deepEqual(subtractLists({ cpu: '1', pods: '1' }, { cpu: '250m', pods: '3', memory: '1' }), {
			cpu: '750m',
			pods: '0',
			memory: '0',
		});
	});

	it('compare amounts, however they are written', () => {
		assert.ok(areEqualLists({ memory: '1Gi' }, { memory: '1024Mi' }));
		assert.ok(!areEqualLists({ cpu: '1' }, { cpu: '1', memory: '1' }));
		assert.deepEqual(namesAbove({ cpu: '1100m', pods: '2' }, { cpu: '1', pods: '2', memory: '1' }), ['cpu']);
		assert.deepEqual(maxOfLists({ cpu: '1', memory: '2Ki' }, { cpu: '2000m', memory: '2k' }), {
			cpu: '2000m',
			memory: '2Ki',
		});
	});

	it('have no member of every object', () =>
		assert.deepEqual(addLists({ constructor: '1' }, { cpu: '1' }), { constructor: '1', cpu: '1' }));

	it('are printed in the order of their names', () =>
		assert.equal(printedList({ pods: '1', 'limits.cpu': '2' }), 'limits.cpu=2,pods=1'));
});
