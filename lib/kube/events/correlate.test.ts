import assert from 'node:assert/strict';
import { limits } from '../../limits.ts';
import type { Event } from '../types.ts';
import { EventCorrelator } from './correlate.ts';

describe('the correlation of events', () => {
	let nowMs: number;
	let correlator: EventCorrelator;
	let names: number;
	beforeEach(() => {
		nowMs = Date.parse('2026-01-31T12:00:00Z');
		names = 0;
		correlator = new EventCorrelator(() => nowMs);
	});
	const event = (message: string, about = 'node-1'): Event => ({
		apiVersion: 'v1',
		kind: 'Event',
		metadata: { name: `${about}.${++names}`, namespace: 'default' },
		involvedObject: { kind: 'Node', name: about },
		...{ reason: 'Failed', message, type: 'Warning', count: 1 },
		...{ firstTimestamp: `t${names}`, lastTimestamp: `t${names}` },
		source: { component: 'kubelet' },
		reportingComponent: 'kubelet',
	});
	const correlate = (message: string, about?: string) =>
		correlator.correlate(event(message, about), () => `combined.${++names}`);

	it('counts an event that occurs again in the first one', () => {
		assert.equal(correlate('m')?.patch, undefined);
		const again = correlate('m');
		assert.equal(again?.event.metadata.name, 'node-1.1');
		assert.deepEqual(again?.patch, { count: 2, lastTimestamp: 't2', message: 'm' });
		assert.equal(correlate('m')?.event.count, 3);
		assert.equal(correlate('m', 'node-2')?.event.count, 1);
	});

	it('counts on from the event that the server has', () => {
		const first = correlate('m');
		assert.ok(first);
		correlator.written({ ...first.event, count: 7 });
		assert.equal(correlate('m')?.event.count, 8);
	});

	it('combines the tenth similar event of ten minutes, and counts those after it', () => {
		for (let index = 1; index <= 9; index++) assert.equal(correlate(`m${index}`)?.event.message, `m${index}`);
		const tenth = correlate('m10');
		assert.equal(tenth?.event.message, '(combined from similar events): m10');
		assert.deepEqual([tenth?.event.metadata.name, tenth?.patch], ['combined.11', undefined]);
		const next = correlate('m11')?.patch;
		assert.deepEqual(next, {
			...{ count: 2, lastTimestamp: '2026-01-31T12:00:00Z' },
			message: '(combined from similar events): m11',
		});
		nowMs += 600_001;
		assert.equal(correlate('m12')?.event.message, 'm12');
	});

	it('lets a source send 25 events about an object, and then one in five minutes', () => {
		const sent = () => correlate('m') !== undefined;
		assert.equal(Array.from({ length: 30 }, sent).filter(Boolean).length, 25);
		assert.ok(correlate('m', 'node-2'));
		nowMs += 299_999;
		assert.equal(sent(), false);
		nowMs += 1;
		assert.deepEqual([sent(), sent()], [true, false]);
		nowMs += 100 * 300_000;
		assert.equal(Array.from({ length: 30 }, sent).filter(Boolean).length, 25);
	});

	it('correlatedEvents: forgets the oldest event', () => {
		correlate('m');
		for (let index = 0; index < limits.correlatedEvents.value; index++) correlate('m', `other-${index}`);
		assert.equal(correlate('m')?.event.count, 1);
	});
});
