import assert from 'node:assert/strict';
import fc from 'fast-check';
import { joinedSpans, phase, refusedSpans, root, span, traceId } from '../spans.fixture.ts';
import { joinOf, stepsOf } from '../steps.ts';
import { phasesInChinese } from './catalogue-zh.ts';
import { phaseNames, phasesByFile, phasesWithoutPin, stateAt } from './state-at.ts';

function of(spans: typeof joinedSpans) {
	const steps = stepsOf(traceId, spans);
	return { join: joinOf(traceId, spans, steps), steps };
}
const states = ({ phases }: ReturnType<typeof stateAt>) =>
	phases.flatMap(({ phase: name, state }) => (state === 'waiting' ? [] : [`${name} ${state}`]));

describe('the phases of a join', () => {
	it('are all that the texts have', () => {
		const all = new Set<string>([...phaseNames, ...phasesWithoutPin, ...phasesByFile]);
		assert.deepEqual([...all].toSorted(), Object.keys(phasesInChinese).toSorted());
	});
});

describe('the state of a join at a time', () => {
	const { join, steps } = of(joinedSpans);

	it('begins without trust, in the first phase', () => {
		const { nodeTrusts, clusterTrusts, line, ...state } = stateAt(join, steps, 0);
		assert.deepEqual([nodeTrusts, clusterTrusts, line], ['nothing', 'nothing', undefined]);
		assert.deepEqual(states({ nodeTrusts, clusterTrusts, ...state }), ['preflight active']);
	});

	it('has each moment of trust from its check on', () => {
		const at = (moment: string) => steps.find((step) => step.moment === moment)?.atMs ?? assert.fail();
		const node = at('node-trusts-cluster');
		const cluster = at('cluster-trusts-node');
		assert.deepEqual(
			[node - 0.1, node, cluster - 0.1, cluster].map((t) => {
				const { nodeTrusts, clusterTrusts } = stateAt(join, steps, t);
				return `${nodeTrusts} ${clusterTrusts}`;
			}),
			['nothing nothing', 'cluster nothing', 'cluster nothing', 'cluster node'],
		);
	});

	it('has the connection of the last message of the node', () => {
		assert.deepEqual(stateAt(join, steps, 5).line, { tls: 'one-way', peer: 'apiserver-sim', failed: false });
	});

	it('has nothing of the next phase at the time of a check, however short the phases are', () => {
		const micros = fc.integer({ min: 0, max: 2_000 }).map((duration) => duration / 1_000);
		fc.assert(
			fc.property(fc.array(micros, { minLength: 2, maxLength: 8 }), (durations) => {
				let now = 0;
				const spans = durations.flatMap((duration, index) => {
					// OpenTelemetry truncates the start.
					const from = Math.floor(now);
					now += duration;
					const own = phase(
						2 * index + 2,
						`phase-${index}`,
						{ 'kubejoin.phase.index': index },
						{ from, to: from + duration },
					);
					const attributes = { 'rpc.service': 'kubejoin.v1.Nodes', 'rpc.method': `Get${index}` };
					return [own, span(2 * index + 3, 'm', { parentId: own.spanId, kind: 'client', from, attributes })];
				});
				const short = of([root(), ...spans]);
				const messages = (t: number) => short.steps.filter(({ kind, atMs }) => kind === 'message' && atMs <= t);
				for (const { kind, atMs, phaseIndex } of short.steps)
					if (kind === 'check') assert.equal(messages(atMs).length, 1 + (phaseIndex ?? assert.fail()));
			}),
		);
	});

	it('stops at the phase that failed, without trust', () => {
		const refused = of(refusedSpans);
		const { nodeTrusts, clusterTrusts, failure, state, phases } = stateAt(refused.join, refused.steps);
		assert.deepEqual(
			[nodeTrusts, clusterTrusts, failure?.code, state],
			['refused', 'nothing', 'CA_HASH_MISMATCH', 'refused'],
		);
		assert.equal(phases.find(({ state: one }) => one === 'refused')?.phase, 'discovery/pin-ca');
	});

	it('claims no check of a node that sends no traces, and numbers its phases as before', () => {
		const seen = of([
			phase(0, 'tls-bootstrap/read-config', {}, { from: 0, to: 1 }),
			phase(1, 'register', {}, { from: 2, to: 3 }),
		]);
		const { nodeTrusts, ...state } = stateAt({ ...seen.join, state: 'joined' }, seen.steps);
		assert.equal(nodeTrusts, 'unknown');
		assert.deepEqual(states({ nodeTrusts, ...state }), ['tls-bootstrap/read-config done', 'register done']);
	});

	it('has the phase without a pin instead of the one with a pin', () => {
		const unpinned = of([...joinedSpans, phase(20, 'discovery/trust-without-pin', {}, { from: 1, to: 2 })]);
		const { nodeTrusts, phases } = stateAt(unpinned.join, unpinned.steps);
		assert.equal(nodeTrusts, 'unpinned');
		assert.deepEqual(
			phases.map(({ phase: name }) => name),
			phasesWithoutPin,
		);
	});

	it('has the phases of a discovery file, which the node trusts before it verifies the server', () => {
		const [first = assert.fail()] = joinedSpans;
		const file = phase(3, 'discovery/read-file', {}, { from: 2, to: 3 });
		const checked = phase(4, 'discovery/verify-server', {}, { from: 3, to: 9 });
		const byFile = of([first, phase(2, 'preflight', {}, { from: 1, to: 2 }), file, checked]);
		const trusts = [2.5, 3.1, 9.1].map((t) => stateAt(byFile.join, byFile.steps, t).nodeTrusts);
		assert.deepEqual(trusts, ['nothing', 'ca', 'cluster']);
		const { phases } = stateAt(byFile.join, byFile.steps);
		assert.deepEqual(
			phases.map(({ phase: name }) => name),
			phasesByFile,
		);
	});

	it('at the end is the state without a time, in any order of the steps', () => {
		fc.assert(
			fc.property(fc.shuffledSubarray([...steps], { minLength: steps.length }), (shuffled) => {
				assert.deepEqual(stateAt(join, shuffled, join.durationMs), stateAt(join, steps));
			}),
		);
	});

	it('never loses a phase while the time advances', () => {
		let done = 0;
		for (let t = 0; t <= join.durationMs; t += 0.5) {
			const now = stateAt(join, steps, t).phases.filter(({ state }) => state === 'done').length;
			assert.ok(now >= done, `${now} of ${done} at ${t} ms`);
			done = now;
		}
		assert.equal(done, phaseNames.length);
	});
});
