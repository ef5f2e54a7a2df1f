import assert from 'node:assert/strict';
import type { KubeObject } from '../types.ts';
import { withUpdatedFields } from './field-manager.ts';
import { entriesOfSameOwner } from './same-owner.ts';

const kind = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease' };
type Lease = KubeObject & { spec: Record<string, unknown> };
const lease = (spec: object, more: object = {}): Lease => ({
	...kind,
	metadata: { name: 'n', namespace: 'ns', labels: { a: 'b' }, ...more },
	spec: { holderIdentity: 'n', renewTime: '1', leaseTransitions: 1, ...spec },
});
const write = (manager: string, now: string) => ({ kind, subresource: '', manager, now });
const managedBy = (manager: string, live: Lease | undefined, next: Lease, now = '2026-01-01T00:00:00Z') =>
	withUpdatedFields(live, next, write(manager, now)) as Lease & { metadata: { managedFields: object[] } };
const id = { manager: 'kubelet', operation: 'Update', apiVersion: kind.apiVersion, subresource: '' } as const;

describe('the managedFields of a heartbeat', () => {
	const live = managedBy('kubelet', undefined, lease({}));
	const entries = live.metadata.managedFields;
	const now = '2026-01-01T00:00:10Z';
	const of = (next: KubeObject, of = live) =>
		entriesOfSameOwner({ live: of, next, entries: of.metadata.managedFields }, id, now);

	it('change no more than the time of their entry, also when the client sends them back', () => {
		const expected = [{ ...entries[0], time: now }];
		assert.deepEqual(of(lease({ renewTime: '2' })), expected);
		for (const more of [{}, { managedFields: entries }]) {
			const next = managedBy('kubelet', live, lease({ renewTime: '2', leaseTransitions: 2 }, more), now);
			assert.deepEqual(next.metadata.managedFields, expected);
		}
	});

	it('are in the order of their times', () => {
		const both = managedBy('other', live, lease({ leaseTransitions: 2 }), '2026-01-01T00:00:05Z');
		const next = managedBy('kubelet', both, lease({ leaseTransitions: 2, renewTime: '2' }), now);
		assert.deepEqual(
			next.metadata.managedFields.map((entry) => (entry as { time?: string }).time),
			['2026-01-01T00:00:05Z', now],
		);
	});

	it('are computed for any other update', () => {
		const shared = {
			...live,
			metadata: { ...live.metadata, managedFields: [...entries, { ...entries[0], manager: 'x' }] },
		};
		const { renewTime: _, ...rest } = lease({}).spec;
		const others: [string, unknown][] = [
			['nothing changes', of(lease({}))],
			['a new field', of(lease({ strategy: 's' }))],
			['a removed field', of({ ...lease({}), spec: rest } as KubeObject)],
			['a field that becomes empty', of(lease({ leaseTransitions: 0 }))],
			['metadata', of(lease({}, { labels: { a: 'c' }, finalizers: ['x/y'] }))],
			['a field of two managers', of(lease({ renewTime: '2' }), shared)],
			[
				'another manager',
				entriesOfSameOwner({ live, next: lease({ renewTime: '2' }), entries }, { ...id, manager: 'x' }, now),
			],
		];
		for (const [what, found] of others) assert.equal(found, undefined, what);
	});
});
