import assert from 'node:assert/strict';
import { KubejoinError } from '../errors.ts';
import { limits } from '../limits.ts';
import { createLog } from '../log.ts';
import type { ApiClient } from './client.ts';
import { createEventRecorder } from './event-recorder.ts';
import { EventCorrelator } from './events/correlate.ts';
import type { Event } from './types.ts';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const node = { kind: 'Node', name: 'node-1', uid: 'u', apiVersion: 'v1' };
const unavailable = new KubejoinError('CONNECTION_REFUSED', { target: 't', problem: 'p' });
const notFound = new KubejoinError('API_NOT_FOUND', { resource: 'events', group: '', name: 'x' });
const refused = new KubejoinError('API_FORBIDDEN', { resource: 'events', group: '', name: '', because: 'no' });

describe('the recorder of events', () => {
	let created: Event[];
	let patched: [string, object, object][];
	let failures: Error[];
	let pauses: number[];
	let messages: string[];
	let stop: AbortController;
	beforeEach(() => {
		[created, patched, failures, pauses, messages] = [[], [], [], [], []];
		stop = new AbortController();
	});

	const fail = () => {
		const failure = failures.shift();
		if (failure !== undefined) throw failure;
	};
	const events: Pick<ApiClient['events'], 'create' | 'patch'> = {
		async create(event) {
			fail();
			created.push(event as Event);
			return { ...event, apiVersion: 'v1', kind: 'Event' };
		},
		async patch(name, document, options) {
			fail();
			patched.push([name, document, options]);
			return { ...created[0], ...document, apiVersion: 'v1', kind: 'Event', metadata: { name } };
		},
	};
	const start = (host?: string, correlator?: EventCorrelator) =>
		createEventRecorder({
			...{ events, component: 'kubelet', clock: () => nowMs, correlator, signal: stop.signal },
			...(host === undefined ? {} : { host }),
			log: createLog({
				...{ service: 'test', level: 'debug', format: 'json' },
				write: (line) => void messages.push((JSON.parse(line) as { msg: string }).msg),
			}),
			pause: async (ms) => void pauses.push(ms),
		});

	it('writes an event as client-go does', async () => {
		const { record, idle } = start('node-1');
		record(node, 'Normal', 'Starting', 'Starting kubelet.');
		await idle();
		const nano = (BigInt(nowMs) * 1_000_000n).toString(16);
		assert.deepEqual(created, [
			{
				...{ apiVersion: 'v1', kind: 'Event' },
				metadata: { name: `node-1.${nano}`, namespace: 'default' },
				involvedObject: node,
				...{ reason: 'Starting', message: 'Starting kubelet.', type: 'Normal', count: 1 },
				...{ firstTimestamp: '2026-01-31T12:00:00Z', lastTimestamp: '2026-01-31T12:00:00Z' },
				source: { component: 'kubelet', host: 'node-1' },
				...{ reportingComponent: 'kubelet', reportingInstance: 'node-1' },
			},
		]);
	});

	it('counts the events of each host apart, also when hosts share a correlator', async () => {
		const correlator = new EventCorrelator(() => nowMs);
		for (const host of ['node-1', 'node-2', 'node-1']) {
			const { record, idle } = start(host, correlator);
			record({ ...node, name: host }, 'Normal', 'NodeReady', 'ready');
			await idle();
		}
		assert.deepEqual([created.map(({ source }) => source?.host), patched.length], [['node-1', 'node-2'], 1]);
	});

	it('gives events of the same time different names, and a name for an object whose name an event cannot have', async () => {
		const { record, idle } = start();
		record(node, 'Normal', 'A', 'a');
		record(node, 'Normal', 'B', 'b');
		record({ ...node, name: 'system:role', namespace: 'ns' }, 'Normal', 'C', 'c');
		await idle();
		assert.equal(new Set(created.map(({ metadata }) => metadata.name)).size, 3);
		assert.match(created[2]?.metadata.name ?? '', /^[0-9a-f-]{36}$/);
		assert.equal(created[2]?.metadata.namespace, 'ns');
	});

	it('counts an event by a patch, and creates it again when it has expired', async () => {
		const { record, idle } = start();
		for (let times = 0; times < 2; times++) record(node, 'Normal', 'A', 'a');
		await idle();
		const [name, document, options] = patched[0] ?? [];
		assert.equal(name, created[0]?.metadata.name);
		assert.deepEqual(document, { count: 2, lastTimestamp: '2026-01-31T12:00:00Z', message: 'a' });
		assert.deepEqual(options, { namespace: 'default', type: 'strategic' });
		failures = [notFound];
		record(node, 'Normal', 'A', 'a');
		await idle();
		assert.equal(created.length, 2);
		assert.equal(created[1]?.count, 3);
	});

	it('waits for a server that cannot be reached, and drops an event that the server refuses', async () => {
		failures = [unavailable, unavailable, refused];
		const { record, idle } = start();
		record(node, 'Normal', 'A', 'a');
		record(node, 'Normal', 'B', 'b');
		await idle();
		assert.deepEqual(pauses, [10_000, 10_000]);
		assert.deepEqual(
			created.map(({ reason }) => reason),
			['B'],
		);
		failures = Array.from({ length: 12 }, () => unavailable);
		record(node, 'Normal', 'C', 'c');
		await idle();
		assert.equal(created.length, 1);
	});

	it('queuedEvents: drops the newest event and says so', async () => {
		const { record, idle } = start();
		for (let index = 0; index < limits.queuedEvents.value + 2; index++)
			record({ ...node, name: `node-${index}` }, 'Normal', 'A', 'a');
		await idle();
		// The first event is being sent and no longer waits.
		assert.equal(created.length, limits.queuedEvents.value + 1);
		assert.deepEqual(messages, ['dropped an event: too many wait to be sent']);
	});

	it('records nothing after the end', async () => {
		const { record, idle } = start();
		stop.abort();
		record(node, 'Normal', 'A', 'a');
		await idle();
		assert.deepEqual(created, []);
	});
});
