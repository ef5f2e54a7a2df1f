import assert from 'node:assert/strict';
import { joinedSpans, refusedSpans, traceId } from '../spans.fixture.ts';
import { joinOf, stepsOf } from '../steps.ts';
import { compareJoins } from './compare.ts';
import { lanesOf, laneX, rowsOf } from './rows.ts';

const of = (spans: typeof joinedSpans) => ({ join: joinOf(traceId, spans, []), steps: stepsOf(traceId, spans) });

describe('rows of the diagram', () => {
	const { join, steps } = of(joinedSpans);

	it('has lanes for the node, the services, and other programs that take part', () => {
		assert.deepEqual(lanesOf('node-1', steps), [
			'node-1',
			'apiserver-sim',
			'token-store',
			'controller-manager-sim',
			'ca-service',
		]);
		const [step] = steps;
		if (step === undefined) assert.fail();
		assert.deepEqual(
			lanesOf('node-1', [
				{ ...step, to: 'attacker-sim' },
				{ ...step, to: 'other' },
			]),
			['node-1', 'attacker-sim', 'apiserver-sim', 'token-store', 'controller-manager-sim', 'ca-service', 'other'],
		);
	});

	it('gives every lane its own place within the width', () => {
		const lanes = lanesOf('node-1', steps);
		const places = lanes.map((lane) => laneX(lanes, lane));
		assert.ok(places.every((x, index) => x > (places[index - 1] ?? 0) && x < 100));
	});

	it('puts a moment after its check, and ends with the failure or the phase in progress', () => {
		const kinds = rowsOf(join, steps, { withStore: false }).map((row) =>
			row.kind === 'step' ? row.step.label : row.kind,
		);
		assert.equal(kinds[kinds.indexOf('discovery/confirm') + 1], 'moment');
		const refused = of(refusedSpans);
		assert.equal(rowsOf(refused.join, refused.steps, { withStore: false }).at(-1)?.kind, 'failure');
		const next = rowsOf({ ...join, state: 'joining', nextPhase: 'register' }, steps, { withStore: false }).at(-1);
		assert.deepEqual(next, { kind: 'next', id: 'next', phase: 'register' });
	});

	it('shows the first steps and no end while a join is played', () => {
		for (let shown = 0; shown <= steps.length; shown++) {
			const rows = rowsOf(join, steps, { withStore: true, shown }).filter(({ kind }) => kind === 'step');
			assert.equal(rows.length, shown);
		}
	});

	it('shows store operations on request only', () => {
		const stored = (withStore: boolean) =>
			rowsOf(join, steps, { withStore }).some((row) => row.kind === 'step' && row.step.kind === 'store');
		assert.deepEqual([stored(false), stored(true)], [false, true]);
	});
});

describe('two joins', () => {
	it('that took the same steps do not differ by names and durations', () => {
		const other = of(
			joinedSpans.map((span) => ({
				...span,
				endMs: span.endMs + 1,
				attributes: { ...span.attributes, ...('k8s.node.name' in span.attributes ? { 'k8s.node.name': 'b' } : {}) },
			})),
		);
		assert.equal(compareJoins(of(joinedSpans), other).firstDifference, -1);
	});

	it('differ first where one was refused', () => {
		const good = of(
			refusedSpans.map(({ failed: _, ...span }) => ({ ...span, attributes: { ...span.attributes, 'error.type': '' } })),
		);
		const { rows, firstDifference } = compareJoins(of(refusedSpans), good);
		assert.equal(rows[firstDifference]?.left?.label, 'discovery/pin-ca');
		assert.equal(rows[firstDifference]?.left?.failure?.code, 'CA_HASH_MISMATCH');
	});

	it('differ where the shorter one ends', () => {
		const { rows, firstDifference } = compareJoins(of(joinedSpans.slice(0, 2)), of(joinedSpans));
		assert.deepEqual(
			[firstDifference, rows[1]?.left, rows[1]?.right?.label],
			[1, undefined, 'get configmaps kube-public/cluster-info'],
		);
	});
});
