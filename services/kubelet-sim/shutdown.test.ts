import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { hasCode } from '../../lib/errors.ts';
import { type PhaseEvent, Workflow } from '../../lib/workflow.ts';
import { signalsOfNodes, stopSignal } from './shutdown.ts';

describe('the signal to stop', () => {
	it('aborts with NODE_STOPPED on SIGTERM, on SIGINT and when the runner ends', () => {
		for (const name of ['SIGTERM', 'SIGINT', 'disconnect']) {
			const runner = new EventEmitter();
			const signal = stopSignal(runner);
			assert.equal(signal.aborted, false);
			runner.emit(name);
			assert.ok(hasCode(signal.reason, 'NODE_STOPPED'), name);
		}
	});

	it('ends an interrupted phase with NODE_STOPPED and not with INTERNAL', async () => {
		const runner = new EventEmitter();
		const signal = stopSignal(runner);
		const waiting = {
			name: 'tls-bootstrap/request-certificate',
			trust: '',
			run: () => new Promise<object>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
		};
		const events: PhaseEvent[] = [];
		const joining = Workflow.from('join')
			.followedBy(waiting)
			.run(
				{},
				(event) => events.push(event),
				() => 0,
			);
		setImmediate(() => runner.emit('SIGTERM'));
		await assert.rejects(joining, (error) => hasCode(error, 'NODE_STOPPED') && error.phase === waiting.name);
		assert.ok(hasCode(events[0]?.error, 'NODE_STOPPED'));
	});

	it('aborts the signal of each node with its own reason, also that of a later one', () => {
		const runner = new EventEmitter();
		const newSignal = signalsOfNodes(stopSignal(runner));
		const nodes = [newSignal(), newSignal()];
		assert.deepEqual(
			nodes.map(({ aborted }) => aborted),
			[false, false],
		);
		runner.emit('SIGTERM');
		for (const { reason } of [...nodes, newSignal()]) assert.ok(hasCode(reason, 'NODE_STOPPED'));
	});
});
