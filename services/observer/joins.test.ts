import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type LimitName, limits } from '../../lib/limits.ts';
import type { Join, Step } from './api.ts';
import { createJoins, type JoinsOptions } from './joins.ts';
import type { Span } from './otlp.ts';
import { joinedSpans, phase, refusedSpans, root, span, idOf as spanIdOf, traceId } from './spans.fixture.ts';

const ofTrace = (id: string, spans: readonly Span[]): Span[] => spans.map((span) => ({ ...span, traceId: id }));
const idOf = (number: number): string => number.toString(16).padStart(32, '0');

describe('joins', () => {
	let nowMs = 0;
	beforeEach(() => {
		nowMs = 0;
	});
	function listening(options: Partial<JoinsOptions> = {}) {
		const counted: LimitName[] = [];
		const count = (name: LimitName) => counted.push(name);
		const joins = createJoins({ keptJoins: 10, keptLines: 10, clock: () => nowMs, count, ...options });
		const heard: Join[] = [];
		const steps: Step[] = [];
		const stop = joins.listen({
			join: (join) => heard.push(join),
			wantsSteps: () => true,
			step: (step) => steps.push(step),
		});
		return { joins, heard, steps, stop, counted };
	}

	it('are reported as they grow, each step once unless it changed', () => {
		const { joins, heard, steps } = listening();
		joins.add(joinedSpans.slice(1, 4));
		joins.flush();
		assert.deepEqual([heard.at(-1)?.state, heard.at(-1)?.nextPhase], ['joining', '']);
		const before = steps.length;
		joins.flush();
		assert.equal(steps.length, before);
		joins.add(joinedSpans);
		joins.flush();
		assert.equal(heard.at(-1)?.state, 'joined');
		const messages = steps
			.filter(({ kind, from }) => kind === 'message' && from === 'node-1')
			.map(({ label }) => label);
		assert.deepEqual(messages, ['ConfigMaps/Get', 'get configmaps kube-public/cluster-info']);
		assert.deepEqual(joins.steps(traceId).length, heard.at(-1)?.steps);
	});

	it('include spans that arrived before the trace was known to be a join', () => {
		const { joins, heard } = listening();
		joins.add(joinedSpans.filter(({ service }) => service !== 'kubelet-sim'));
		joins.flush();
		assert.deepEqual(heard, []);
		joins.add(joinedSpans.filter(({ service }) => service === 'kubelet-sim'));
		joins.flush();
		assert.equal(joins.steps(traceId).length, 8);
	});

	it('keep the newest with their steps, older ones as a line, and the oldest not at all', () => {
		const { joins } = listening({ keptJoins: 2, keptLines: 4 });
		for (let number = 1; number <= 6; number++) {
			joins.add(ofTrace(idOf(number), joinedSpans));
			joins.flush();
		}
		assert.deepEqual(
			joins.list().map(({ id, isForgotten }) => [Number(id), isForgotten]),
			[
				[3, true],
				[4, true],
				[5, false],
				[6, false],
			],
		);
		assert.deepEqual(joins.steps(idOf(3)), []);
		joins.add(ofTrace(idOf(3), joinedSpans.slice(0, 1)));
		joins.flush();
		assert.equal(joins.find(idOf(3))?.isForgotten, true);
	});

	it('are not displaced by a thousand traces that are no joins', () => {
		const { joins } = listening();
		joins.add(joinedSpans);
		const [strange] = joinedSpans.filter(({ service }) => service === 'apiserver-sim');
		if (strange === undefined) assert.fail();
		for (let number = 1; number <= 1_000; number++) joins.add([{ ...strange, traceId: idOf(number) }]);
		joins.flush();
		assert.equal(joins.steps(traceId).length, 8);
	});

	it('keep the first span of an ID, and the first end of a join', () => {
		const { joins } = listening();
		joins.add(refusedSpans);
		joins.flush();
		const before = JSON.stringify([joins.find(traceId), joins.steps(traceId)]);
		joins.add(
			refusedSpans.map(({ failed: _, ...rest }) => ({
				...rest,
				name: rest.name,
				attributes: { 'kubejoin.workflow': 'join' },
			})),
		);
		joins.add([root({ spanId: spanIdOf(77), attributes: { 'kubejoin.workflow': 'join', 'k8s.node.name': 'node-1' } })]);
		joins.flush();
		assert.equal(JSON.stringify([joins.find(traceId), joins.steps(traceId)]), before);
		assert.equal(joins.find(traceId)?.state, 'refused');
	});

	it('are separate although their spans have the same IDs', () => {
		const { joins } = listening();
		joins.add(joinedSpans);
		joins.add(ofTrace(idOf(2), refusedSpans));
		joins.flush();
		assert.deepEqual(
			joins.list().map(({ state }) => state),
			['joined', 'refused'],
		);
		assert.equal(joins.steps(traceId).length, 8);
	});

	it('accept spans for a minute after their end', () => {
		const { joins, counted } = listening();
		joins.add(joinedSpans.slice(0, -1));
		const late = { ...(joinedSpans[5] ?? assert.fail()), spanId: spanIdOf(99) };
		nowMs = limits.joinSettledMs.value;
		joins.add([late]);
		joins.flush();
		assert.equal(joins.spans(traceId).length, joinedSpans.length);
		nowMs++;
		joins.add([{ ...late, spanId: spanIdOf(100) }]);
		joins.flush();
		assert.deepEqual([joins.spans(traceId).length, counted], [joinedSpans.length, ['joinSettledMs']]);
	});

	it('have bounded spans and bytes, with room for the phases and the end', () => {
		const others = Array.from({ length: 3_000 }, (_, index) => span(index + 100, 'm', { kind: 'client' }));
		const few = listening();
		few.joins.add([phase(2, 'preflight'), ...others, root(), phase(3, 'register')]);
		few.joins.flush();
		assert.deepEqual([few.joins.find(traceId)?.state, few.joins.find(traceId)?.phase], ['joined', 'register']);
		assert.ok(few.joins.spans(traceId).length <= limits.joinSpans.value);
		assert.ok(few.counted.every((name) => name === 'joinSpans') && few.counted.length > 2_000);
		const large = listening();
		const long = { kind: 'client', attributes: { a: 'x'.repeat(15_000) } } as const;
		large.joins.add([phase(2, 'preflight'), ...others.map((one) => ({ ...one, ...long })), root()]);
		large.joins.flush();
		assert.equal(large.joins.find(traceId)?.state, 'joined');
		assert.ok(large.joins.bytes() <= limits.joinBytes.value, `${large.joins.bytes()} bytes`);
		assert.deepEqual([...new Set(large.counted)], ['joinBytes']);
	});

	it('have bounded bytes in total: the oldest becomes a line', () => {
		const { joins, counted } = listening({ keptJoins: 1_000, keptLines: 1_000 });
		const long = Array.from({ length: 30 }, (_, index) =>
			span(index + 100, 'm', { kind: 'client', attributes: { a: 'x'.repeat(10_000) } }),
		);
		for (let number = 1; number <= 150; number++) {
			joins.add(ofTrace(idOf(number), [...joinedSpans, ...long]));
			joins.flush();
		}
		assert.ok(joins.bytes() <= limits.joinsBytes.value, `${joins.bytes()} bytes`);
		assert.ok(joins.find(idOf(1))?.isForgotten, 'the oldest is kept');
		assert.equal(joins.find(idOf(150))?.isForgotten, false);
		assert.deepEqual([...new Set(counted)], ['joinsBytes']);
		assert.equal(joins.storm(0).joined, 150);
	});

	it('have bounded steps, also when the events of a span are steps and the name of the node is long', () => {
		const { joins, counted } = listening({ keptJoins: 1_000, keptLines: 1_000 });
		const name = 'x'.repeat(limits.spanNameCharacters.value);
		const events = Array(limits.spanEvents.value).fill({ name: 'kubejoin.seen', atMs: 1, attributes: {} });
		const spans = Array.from({ length: 100 }, (_, at) => phase(at + 2, name, { 'k8s.node.name': name }, { events }));
		for (let number = 1; number <= 30; number++) {
			joins.add(ofTrace(idOf(number), spans));
			joins.flush();
		}
		assert.ok(joins.steps(idOf(30)).length <= 3 * limits.joinSpans.value, `${joins.steps(idOf(30)).length} steps`);
		const steps = joins.list().flatMap(({ id }) => joins.steps(id));
		const bytes = steps.reduce((sum, step) => sum + JSON.stringify(step).length, 0);
		assert.ok(bytes <= joins.bytes() && joins.bytes() <= limits.joinsBytes.value, `${bytes} of ${joins.bytes()} bytes`);
		assert.ok(joins.find(idOf(1))?.isForgotten, 'the oldest is kept');
		assert.deepEqual([...new Set(counted)], ['joinBytes', 'joinsBytes']);
	});

	it('are kept as a line with short texts', () => {
		const { joins } = listening({ keptJoins: 1 });
		joins.add(ofTrace(idOf(1), [phase(2, 'preflight', { 'kubejoin.phase.next': 'x'.repeat(9_999) })]));
		joins.flush();
		joins.add(ofTrace(idOf(2), joinedSpans));
		joins.flush();
		assert.equal(joins.find(idOf(1))?.isForgotten, true);
		assert.equal(joins.find(idOf(1))?.nextPhase.length, 1_000);
	});

	it('bound the traces that are not known to be joins', () => {
		const { joins, counted } = listening();
		for (let number = 1; number <= 2_000; number++) {
			const attributes = { a: 'x'.repeat(15_000), b: 'x'.repeat(15_000) };
			joins.add(ofTrace(idOf(number), [span(1, 'm', { kind: 'server', service: 'apiserver-sim', attributes })]));
		}
		assert.ok(joins.bytes() <= limits.unknownTracesBytes.value, `${joins.bytes()} bytes`);
		assert.ok(counted.length >= 1_500);
		assert.ok(counted.every((name) => name === 'unknownTraces' || name === 'unknownTracesBytes'));
		const first = listening();
		const early = joinedSpans.filter(({ service }) => service === 'apiserver-sim');
		first.joins.add(ofTrace(traceId, Array(500).fill(early[0])));
		first.joins.add(joinedSpans);
		first.joins.flush();
		assert.equal(first.joins.steps(traceId).length, 8);
	});

	it('keeps a bounded number of spans of a trace that is not known to be a join', () => {
		const { joins, counted } = listening();
		const most = limits.unknownTraceSpans.value;
		for (let number = 1; number <= most + 3; number++)
			joins.add(ofTrace(idOf(1), [span(number, 'm', { kind: 'server', service: 'apiserver-sim' })]));
		assert.deepEqual(counted, Array(3).fill('unknownTraceSpans'));
	});

	it('drop the oldest if more arrive than can be processed', () => {
		const { joins, counted } = listening();
		const max = 10 + limits.joinsUntold.value;
		for (let number = 1; number <= max + 5; number++) joins.add(ofTrace(idOf(number), [phase(2, 'preflight')]));
		assert.deepEqual(counted, Array(5).fill('joinsUntold'));
		joins.flush();
		assert.equal(joins.storm(0).joining, 10);
	});

	it('flush for a bounded time, and leave the rest to the next flush', () => {
		const { joins, heard } = listening({ keptJoins: 300, keptLines: 300, clock: () => (nowMs += 1) });
		for (let number = 1; number <= 100; number++) joins.add(ofTrace(idOf(number), joinedSpans));
		joins.flush();
		const first = heard.length;
		assert.ok(first > 0 && first < 100, `${first} joins`);
		for (let turn = 0; turn < 100; turn++) joins.flush();
		assert.equal(heard.length, 100);
	});

	it('accept any spans, with bounded memory', () => {
		const ids = fc.integer({ min: 1, max: 12 });
		const text = fc.oneof(fc.string(), fc.constantFrom('join', 'rotation', 'node-1', 'constructor', '__proto__'));
		const anySpan = fc.record({
			traceId: fc.constantFrom(traceId, idOf(2), idOf(3)),
			spanId: ids.map(spanIdOf),
			parentId: fc.oneof(ids.map(spanIdOf), fc.constant('')),
			name: text,
			kind: fc.constantFrom('internal', 'server', 'client', 'producer', 'consumer'),
			service: fc.constantFrom('kubelet-sim', 'apiserver-sim', 'attacker-sim'),
			startMs: fc.double({ min: 1, max: 8e15, noNaN: true }),
			endMs: fc.double({ min: 1, max: 8e15, noNaN: true }),
			failed: fc.option(text, { nil: undefined }),
			attributes: fc.dictionary(
				fc.constantFrom(
					'kubejoin.workflow',
					'k8s.node.name',
					'kubejoin.moment',
					'kubejoin.phase.next',
					'kubejoin.also_possible',
					'db.system.name',
					'rpc.service',
				),
				fc.oneof(text, fc.integer(), fc.boolean(), fc.array(text)),
			),
			events: fc.array(
				fc.record({
					name: fc.constantFrom('kubejoin.seen', 'rpc.message'),
					atMs: fc.double({ min: 1, max: 8e15, noNaN: true }),
					attributes: fc.dictionary(fc.constantFrom('kubejoin.seen.what', 'rpc.message.type'), text),
				}),
				{ maxLength: 3 },
			),
		}) as fc.Arbitrary<Span>;
		fc.assert(
			fc.property(fc.array(fc.array(anySpan, { maxLength: 15 }), { maxLength: 6 }), (batches) => {
				const { joins } = listening({ keptJoins: 2, keptLines: 3 });
				for (const batch of batches) {
					joins.add(batch);
					joins.flush();
				}
				for (const join of joins.list()) {
					JSON.stringify([join, joins.steps(join.id)]);
					if (!join.isForgotten) assert.equal(joins.steps(join.id).length, join.steps);
				}
				joins.storm(0);
				assert.ok(joins.list().length <= 3);
			}),
		);
	});

	it('do not include rotations', () => {
		const { joins, heard } = listening();
		const attributes = { 'kubejoin.workflow': 'rotation', 'k8s.node.name': 'node-1' };
		joins.add([
			span(1, 'rotation', { attributes }),
			span(2, 'rotation/request-certificate', { parentId: spanIdOf(1), attributes }),
		]);
		joins.flush();
		assert.deepEqual([heard, joins.list()], [[], []]);
	});

	it('do not call a listener that has stopped', () => {
		const { joins, heard, stop } = listening();
		stop();
		joins.add(joinedSpans);
		joins.flush();
		assert.deepEqual(heard, []);
	});

	it('are counted once each in the storm, with duration or error', () => {
		const { joins } = listening({ keptJoins: 2, keptLines: 100 });
		for (let number = 1; number <= 9; number++) joins.add(ofTrace(idOf(number), joinedSpans));
		joins.add(ofTrace(idOf(10), refusedSpans));
		joins.flush();
		joins.add(ofTrace(idOf(10), refusedSpans));
		joins.flush();
		const { joined, refused, joining, p50Ms, p99Ms, failures, phases, bucketsMs } = joins.storm(0);
		assert.deepEqual([joined, refused, joining, p50Ms, p99Ms], [9, 1, 0, 100, 100]);
		assert.deepEqual(failures, [{ code: 'CA_HASH_MISMATCH', count: 1 }]);
		const confirm = phases.find(({ phase }) => phase === 'discovery/confirm');
		assert.equal(confirm?.p50Ms, 18);
		assert.equal(confirm?.counts[bucketsMs.indexOf(20)], 9);
		assert.equal(joins.storm(1_700_000_000_000).perSecond, 1);
	});
});
