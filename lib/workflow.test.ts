import assert from 'node:assert/strict';
import { KubejoinError } from './errors.ts';
import { type Phase, type PhaseEvent, Workflow } from './workflow.ts';

const fetched: Phase<{ endpoint: string }, { claimedCa: string }> = {
	name: 'fetch',
	trust: 'nobody',
	run: ({ endpoint }) => ({ claimedCa: `ca of ${endpoint}` }),
};
const pinned: Phase<{ claimedCa: string }, { pinnedCa: string }> = {
	name: 'pin',
	trust: 'the node trusts the CA',
	run: ({ claimedCa }) => ({ pinnedCa: claimedCa }),
};

describe('Workflow', () => {
	it('runs the phases in order and hands each what those before it gave', async () => {
		const events: PhaseEvent[] = [];
		const join = Workflow.from<{ endpoint: string }>('test').followedBy(fetched).followedBy(pinned);
		const result = await join.run(
			{ endpoint: 'e' },
			(event) => events.push(event),
			() => 0,
		);
		assert.equal(result.pinnedCa, 'ca of e');
		assert.deepEqual(
			events.map((event) => [event.phase, event.outcome]),
			[
				['fetch', 'done'],
				['pin', 'done'],
			],
		);
		assert.deepEqual(
			join.phases.map((phase) => phase.name),
			['fetch', 'pin'],
		);
	});

	it('continues after a skipped phase with its outputs, and does not report it', async () => {
		const events: PhaseEvent[] = [];
		const checked: Phase<object, { checked: boolean }> = {
			name: 'check',
			trust: 'unchanged',
			run: () => ({ checked: true }),
			skip: () => ({ checked: false }),
		};
		const join = Workflow.from<{ endpoint: string }>('test').followedBy(checked).followedBy(fetched);
		assert.deepEqual(
			join.phases.map(({ canBeSkipped }) => canBeSkipped),
			[true, false],
		);
		const result = await join.without(new Set(['check', 'fetch'])).run(
			{ endpoint: 'e' },
			(event) => events.push(event),
			() => 0,
		);
		assert.deepEqual(result, { endpoint: 'e', checked: false, claimedCa: 'ca of e' });
		assert.deepEqual(
			events.map((event) => event.phase),
			['fetch'],
		);
	});

	it('stamps the phase on an error, reports it, and runs nothing after it', async () => {
		const events: PhaseEvent[] = [];
		const failing: Phase<object, object> = {
			name: 'break',
			trust: 'nobody',
			run: () => {
				throw new KubejoinError('CLUSTER_INFO_CHANGED', {});
			},
		};
		const join = Workflow.from<{ endpoint: string }>('test').followedBy(failing).followedBy(fetched);
		await assert.rejects(
			join.run(
				{ endpoint: 'e' },
				(event) => events.push(event),
				() => 0,
			),
			(error) => error instanceof KubejoinError && error.code === 'CLUSTER_INFO_CHANGED' && error.phase === 'break',
		);
		assert.deepEqual(
			events.map((event) => event.outcome),
			['failed'],
		);
	});
});
