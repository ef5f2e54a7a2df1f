import assert from 'node:assert/strict';
import type { JoinOutage, Step } from '../api.ts';
import { joinedSpans, refusedSpans, traceId } from '../spans.fixture.ts';
import { joinOf, stepsOf } from '../steps.ts';
import { compareJoins } from './compare.ts';
import { lanesOf, lanesOut, laneX, rowsOf } from './rows.ts';

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

describe('a wait', () => {
	const { join, steps } = of(joinedSpans);
	const [first, second] = steps.filter(({ kind }) => kind === 'message');
	if (first === undefined || second === undefined) assert.fail();
	const polls = (count: number, ...round: readonly Step[]): Step[] =>
		[...new Array(count).keys()].flatMap((number) =>
			round.map((step, index) => ({ ...step, id: `${number}-${index}`, atMs: number * 100 + index })),
		);
	const shownOf = (all: readonly Step[], options: object = {}) =>
		rowsOf(join, all, { withStore: false, ...options }).flatMap((row) => (row.kind === 'step' ? [row] : []));

	it('that asks 40 times is one row with a count', () => {
		const [row, ...others] = shownOf(polls(40, first));
		assert.deepEqual([row?.id, row?.repeats], ['0-0', { count: 40, lastMs: 3_900, isWhole: false }]);
		assert.deepEqual(others, []);
	});

	it('whose rounds have two requests shows the first round', () => {
		const rows = shownOf([...polls(5, first, second), { ...first, id: 'end', atMs: 900, failure: join.failure }]);
		assert.deepEqual(
			rows.map(({ id, repeats }) => [id, repeats?.count]),
			[
				['0-0', 5],
				['0-1', undefined],
				['end', undefined],
			].slice(0, rows.length),
		);
	});

	it('is whole on request, and while one of its steps is open', () => {
		assert.equal(shownOf(polls(40, first), { expanded: new Set(['0-0']) }).length, 40);
		const open = shownOf(polls(40, first), { open: '7-0' });
		assert.deepEqual([open.length, open[0]?.repeats?.isWhole], [40, true]);
	});

	it('has at least three rounds, with the same text', () => {
		assert.equal(shownOf(polls(2, first)).length, 2);
		const failing = { ...first, failure: { code: 'API_UNREACHABLE', sentence: '', remedy: '' } };
		assert.equal(shownOf([...polls(2, first), ...polls(2, failing)]).length, 4);
	});
});

describe('an outage', () => {
	const { join, steps } = of(joinedSpans);
	const outage: JoinOutage = { party: 'ca-service', why: 'stopped', startMs: 0, endMs: 20 };
	const rows = (outages: readonly JoinOutage[], shown?: number) =>
		rowsOf({ ...join, outages }, steps, { withStore: false, ...(shown === undefined ? {} : { shown }) });

	it('has a row where it begins and where it ends, in the order of time', () => {
		const found = rows([outage]);
		const ends = found.flatMap((row, index) => (row.kind === 'outage' ? [[row.isEnd, index] as const] : []));
		assert.deepEqual(
			ends.map(([isEnd]) => isEnd),
			[false, true],
		);
		for (const [isEnd, index] of ends) {
			const next = found.slice(index).find(({ kind }) => kind === 'step');
			assert.ok(next?.kind !== 'step' || next.step.atMs > (isEnd ? 20 : 0));
		}
	});

	it('and a refused connection are in the order of their times', () => {
		const refused = { id: 'r', party: 'token-store', peer: '127.0.0.1:1', reason: 'x', atMs: join.startedMs + 10 };
		const found = rowsOf({ ...join, outages: [outage], refusedConnections: [refused] }, [], { withStore: false });
		assert.deepEqual(
			found.map(({ kind }) => kind),
			['outage', 'connection-refused', 'outage'],
		);
	});

	it('that lasts longer than the join has no end', () => {
		const { endMs: _, ...lasting } = outage;
		assert.equal(rows([lasting]).filter(({ kind }) => kind === 'outage').length, 1);
	});

	it('is shown when the played join comes to it', () => {
		const late = { ...outage, startMs: 1e6, endMs: 2e6 };
		assert.equal(rows([late], 1).filter(({ kind }) => kind === 'outage').length, 0);
		assert.equal(rows([late]).at(-1)?.kind, 'outage');
	});

	it('has a band across the lane of its program, or across all lanes', () => {
		const lanes = lanesOf('node-1', steps);
		assert.deepEqual([lanesOut(lanes, [outage], 10), lanesOut(lanes, [outage], 21)], [['ca-service'], []]);
		assert.deepEqual(lanesOut(lanes, [{ ...outage, party: '*' }], 10), lanes);
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
