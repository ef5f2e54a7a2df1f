import assert from 'node:assert/strict';
import type { Join, Step } from './api.ts';
import { createJoins, type JoinsOptions } from './joins.ts';
import type { Span } from './otlp.ts';
import { joinedSpans, refusedSpans, span, idOf as spanIdOf, traceId } from './spans.fixture.ts';

const ofTrace = (id: string, spans: readonly Span[]): Span[] => spans.map((span) => ({ ...span, traceId: id }));
const idOf = (number: number): string => number.toString(16).padStart(32, '0');

describe('joins', () => {
	let nowMs = 0;
	beforeEach(() => {
		nowMs = 0;
	});
	function listening(options: Partial<JoinsOptions> = {}) {
		const joins = createJoins({ keptJoins: 10, keptLines: 10, clock: () => nowMs, ...options });
		const heard: Join[] = [];
		const steps: Step[] = [];
		const stop = joins.listen({
			join: (join) => heard.push(join),
			wantsSteps: () => true,
			step: (step) => steps.push(step),
		});
		return { joins, heard, steps, stop };
	}

	it('are told as they grow, each step once unless it changed', () => {
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

	it('spans that came before it was known that they are of a join belong to it; others are no join', () => {
		const { joins, heard } = listening();
		joins.add(joinedSpans.filter(({ service }) => service !== 'kubelet-sim'));
		joins.flush();
		assert.deepEqual(heard, []);
		joins.add(joinedSpans.filter(({ service }) => service === 'kubelet-sim'));
		joins.flush();
		assert.equal(joins.steps(traceId).length, 8);
	});

	it('the newest are kept whole, of older ones a line, of much older ones nothing', () => {
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

	it('a thousand strange traces push no join out', () => {
		const { joins } = listening();
		joins.add(joinedSpans);
		const [strange] = joinedSpans.filter(({ service }) => service === 'apiserver-sim');
		if (strange === undefined) assert.fail();
		for (let number = 1; number <= 1_000; number++) joins.add([{ ...strange, traceId: idOf(number) }]);
		joins.flush();
		assert.equal(joins.steps(traceId).length, 8);
	});

	it('a rotation is not a join', () => {
		const { joins, heard } = listening();
		const attributes = { 'kubejoin.workflow': 'rotation', 'k8s.node.name': 'node-1' };
		joins.add([
			span(1, 'rotation', { attributes }),
			span(2, 'rotation/request-certificate', { parentId: spanIdOf(1), attributes }),
		]);
		joins.flush();
		assert.deepEqual([heard, joins.list()], [[], []]);
	});

	it('who stopped listening hears nothing', () => {
		const { joins, heard, stop } = listening();
		stop();
		joins.add(joinedSpans);
		joins.flush();
		assert.deepEqual(heard, []);
	});

	it('a storm is counted once for each join: how many, how long, why not', () => {
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
