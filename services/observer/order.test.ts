import assert from 'node:assert/strict';
import fc from 'fast-check';
import { inOrder } from './order.ts';
import type { Span } from './otlp.ts';
import { idOf, joinedSpans, phase, root, span, traceId } from './spans.fixture.ts';
import { joinOf, stepsOf } from './steps.ts';

const phases = [
	'preflight',
	'discovery/fetch-cluster-info',
	'discovery/verify-signature',
	'discovery/pin-ca',
	'register',
];

/**
 * A node that works strictly in turn, recorded as the SDK does: starts truncated to the millisecond, durations
 * exact, ids random.
 */
const recorded = fc
	.record({
		/** Microseconds from the start of a phase to its first message, of each message, and after the last. */
		times: fc.array(fc.array(fc.integer({ min: 1, max: 2_500 }), { minLength: 1, maxLength: 4 }), {
			minLength: phases.length,
			maxLength: phases.length,
		}),
		firstUs: fc.integer({ min: 0, max: 999 }),
		ids: fc.uniqueArray(fc.integer({ min: 2, max: 1_000_000 }), { minLength: 25, maxLength: 25 }),
	})
	.map(({ times, firstUs, ids }) => {
		const order: string[] = [];
		const spans: Span[] = [];
		let us = firstUs;
		let used = 0;
		const id = () => ids[used++] ?? assert.fail();
		const at = (startUs: number, endUs: number) => {
			const from = Math.floor(startUs / 1_000);
			return { from, to: from + (endUs - startUs) / 1_000 };
		};
		for (const [index, name] of phases.entries()) {
			const [lead = 1, ...messages] = times[index] ?? [];
			const startUs = us;
			const phaseId = id();
			us += lead;
			for (const [number, tookUs] of messages.entries()) {
				const method = `${name} ${number}`;
				const attributes = { 'rpc.service': 'x', 'rpc.method': method, 'kubejoin.start_us': us };
				spans.push(span(id(), 'm', { parentId: idOf(phaseId), kind: 'client', attributes, ...at(us, us + tookUs) }));
				order.push(`x/${method}`);
				us += tookUs;
			}
			order.push(name);
			spans.push(phase(phaseId, name, { 'kubejoin.phase.index': index }, at(startUs, us)));
		}
		return { order, spans: [root({ to: us / 1_000 }), ...spans] };
	});

describe('the order of steps', () => {
	it('is the order in which the node worked, although starts have milliseconds and ids are random', () => {
		fc.assert(
			fc.property(recorded, ({ order, spans }) => {
				assert.deepEqual(
					stepsOf(traceId, spans).map(({ label }) => label),
					order,
				);
			}),
			{ numRuns: 300 },
		);
	});

	it('holds while the join runs: a message of a phase that has not ended follows the checks before it', () => {
		const spans = [
			phase(900, 'preflight', { 'kubejoin.phase.index': 0 }, { from: 66, to: 66.4 }),
			span(3, 'm', {
				parentId: idOf(4),
				kind: 'client',
				from: 66,
				to: 76,
				attributes: { 'rpc.service': 'x', 'rpc.method': 'Get' },
			}),
		];
		assert.deepEqual(
			stepsOf(traceId, spans).map(({ label }) => label),
			['preflight', 'x/Get'],
		);
		assert.equal(joinOf(traceId, spans, []).phase, 'preflight');
	});

	it('puts a cause before its effect although the clock of the other service is behind', () => {
		const behind = joinedSpans.map((one) =>
			one.service === 'kubelet-sim' ? one : { ...one, startMs: one.startMs - 3_600_000, endMs: one.endMs - 3_600_000 },
		);
		const labels = stepsOf(traceId, behind).map(({ label }) => label);
		assert.ok(labels.indexOf('get configmaps kube-public/cluster-info') < labels.indexOf('registry get k'));
		assert.ok(labels.indexOf('csr-signing') < labels.indexOf('CertificateAuthority/Sign'));
		assert.ok(stepsOf(traceId, behind).every(({ startMs }) => startMs >= 0));
	});

	it('does not depend on the order of arrival, and never goes back in time', () => {
		const steps = stepsOf(traceId, joinedSpans);
		fc.assert(
			fc.property(fc.shuffledSubarray([...steps], { minLength: steps.length }), (shuffled) => {
				const ordered = inOrder(shuffled);
				assert.deepEqual(ordered, steps);
				assert.ok(ordered.every(({ atMs }, index) => index === 0 || atMs >= (ordered[index - 1]?.atMs ?? 0)));
			}),
		);
	});
});
