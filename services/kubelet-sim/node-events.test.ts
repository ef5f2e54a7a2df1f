import assert from 'node:assert/strict';
import type { ApiClient } from '../../lib/kube/client.ts';
import type { Event } from '../../lib/kube/types.ts';
import { NodeEvents } from './node-events.ts';

describe('the events of a node', () => {
	it('states each start once, and each time that the node becomes ready', async () => {
		const seen: string[] = [];
		let whenSeen = (): void => undefined;
		const api: Pick<ApiClient['events'], 'create' | 'patch'> = {
			async create({ reason, message, source, involvedObject }) {
				seen.push(`${reason} ${involvedObject?.uid} ${source?.host}: ${message}`);
				if (seen.length === 2) whenSeen();
				return { apiVersion: 'v1', kind: 'Event', metadata: {} } satisfies Event;
			},
			patch: () => assert.fail(),
		};
		const all = new Promise<void>((resolve) => {
			whenSeen = resolve;
		});
		const { signal } = new AbortController();
		const events = new NodeEvents({ nodeName: 'n', events: () => api, clock: () => 0, signal });
		events.started('u');
		events.started('u');
		events.ready('u');
		await all;
		events.end();
		events.ready('u');
		assert.deepEqual(seen, ['Starting u n: Starting kubelet.', 'NodeReady u n: Node n status is now: NodeReady']);
	});
});
