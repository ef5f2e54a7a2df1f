import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type FakeContext, fakeContext, workerOf } from '../context.fixture.ts';
import { busiestSecond, rotationText } from './rotation-spread.ts';

describe('rotationText', () => {
	let context: FakeContext;
	beforeEach(() => {
		context = fakeContext();
	});
	afterEach(() => context.remove());

	/** Of each node, when it rotated: seconds after the beginning. */
	function rotated(...times: (readonly [string, number])[]): void {
		const lines = times.map(([node, second]) => {
			const at = new Date(Date.UTC(2026, 5, 1) + second * 1_000).toISOString();
			return `[kubelet] ${node} rotated its client certificate at ${at}, serial 0a, valid until 2027-06-01T00:00:00Z`;
		});
		context.workers.push(workerOf('y', { output: lines.join('\n') }));
	}
	const year = (nodes: number, times = 1) => rotationText(context, 'y', { nodes, times, withinSeconds: 0 });

	it('reports rotations that are spread evenly', async () => {
		rotated(['n-1', 0], ['n-2', 1.5], ['n-3', 3], ['n-4', 4.5]);
		assert.equal(
			await year(4),
			[
				'4 of 4 nodes rotated 1 times or more: 4 rotations',
				'instants: all different',
				'spread: even, 1 in the busiest second',
			].join('\n'),
		);
	});

	it('counts only nodes that rotated often enough', async () => {
		rotated(['n-1', 0], ['n-1', 2], ['n-2', 4]);
		assert.match(await year(2, 2), /^1 of 2 nodes rotated 2 times or more: 3 rotations\n/);
	});

	it('reports rotations in the same microsecond', async () => {
		rotated(['n-1', 1], ['n-2', 1], ['n-3', 9], ['n-4', 20]);
		assert.match(await year(4), /\ninstants: 1 shared\n/);
	});

	it('reports more than half of the nodes in one second as bunched', async () => {
		rotated(['n-1', 0.9], ['n-2', 1.1], ['n-3', 1.8], ['n-4', 20]);
		assert.match(await year(4), /\nspread: bunched, 3 in the busiest second$/);
	});

	it('reports nodes that have not rotated', async () => {
		rotated();
		assert.match(await year(2), /^0 of 2 nodes rotated/);
	});
});

describe('the busiest second', () => {
	it('begins at any time and is shorter than a second', () => {
		assert.equal(busiestSecond([]), 0);
		assert.equal(busiestSecond([0.9, 1.1, 1.8]), 3);
		assert.equal(busiestSecond([0, 1, 2]), 1);
		assert.equal(busiestSecond([5, 0.1, 5.5, 0.2, 5.99]), 3);
	});

	it('has the largest number of any window that begins with an element', () => {
		fc.assert(
			fc.property(fc.array(fc.double({ min: 0, max: 10, noNaN: true })), (seconds) => {
				const counts = seconds.map((from) => seconds.filter((second) => second >= from && second - from < 1).length);
				assert.equal(busiestSecond(seconds), Math.max(0, ...counts));
			}),
		);
	});
});
