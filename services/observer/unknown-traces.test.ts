import assert from 'node:assert/strict';
import { type LimitName, limits } from '../../lib/limits.ts';
import { emptyGroup, keepOnce } from './span-group.ts';
import { span } from './spans.fixture.ts';
import { UnknownTraces } from './unknown-traces.ts';

const ofTrace = (number: number, id = 1, text = '') => ({
	...span(id, 'm', { kind: 'server', attributes: { text } }),
	traceId: number.toString(16).padStart(32, '0'),
});

describe('traces that are not known to be joins', () => {
	let counted: LimitName[];
	let traces: UnknownTraces;
	beforeEach(() => {
		counted = [];
		traces = new UnknownTraces((name) => void counted.push(name));
	});

	it('return their spans once, and free their bytes', () => {
		traces.keep(ofTrace(1, 1));
		traces.keep(ofTrace(1, 2));
		traces.keep(ofTrace(2, 1));
		const bytes = traces.bytes;
		assert.equal(traces.take(ofTrace(1).traceId).length, 2);
		assert.ok(traces.bytes > 0 && traces.bytes < bytes);
		assert.deepEqual(traces.take(ofTrace(1).traceId), []);
		traces.take(ofTrace(2).traceId);
		assert.equal(traces.bytes, 0);
	});

	it('keep the first span of an ID, and at most 200 of a trace', () => {
		for (let id = 1; id <= 500; id++) traces.keep(ofTrace(1, id));
		for (let id = 1; id <= 500; id++) traces.keep(ofTrace(1, id, 'later'));
		const spans = traces.take(ofTrace(1).traceId);
		assert.equal(spans.length, 200);
		assert.ok(spans.every(({ attributes }) => attributes.text === ''));
	});

	it('lose the oldest above unknownTraces', () => {
		for (let number = 1; number <= limits.unknownTraces.value + 1; number++) traces.keep(ofTrace(number));
		assert.deepEqual(counted, ['unknownTraces']);
		assert.deepEqual(traces.take(ofTrace(1).traceId), []);
		assert.equal(traces.take(ofTrace(2).traceId).length, 1);
	});

	it('lose the oldest above unknownTracesBytes', () => {
		const text = 'x'.repeat(limits.unknownTracesBytes.value / 8);
		for (let number = 1; number <= 5; number++) traces.keep(ofTrace(number, 1, text));
		assert.ok(counted.length > 0 && counted.every((name) => name === 'unknownTracesBytes'));
		assert.ok(traces.bytes <= limits.unknownTracesBytes.value);
		assert.equal(traces.take(ofTrace(5).traceId).length, 1);
	});
});

describe('a group of spans', () => {
	it('counts the bytes of each span once', () => {
		const group = emptyGroup();
		const added = keepOnce(group, ofTrace(1));
		assert.ok(added > 0);
		assert.equal(keepOnce(group, ofTrace(1, 1, 'x'.repeat(1_000))), 0);
		assert.deepEqual([group.bytes, group.spans.size], [added, 1]);
	});
});
