/**
 * Joins nodes for `npm run bench`, without the program around the join: each message is a batch, and each answer the
 * time that every join took. The process stays, so that later batches measure compiled code.
 */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { systemClock, waitBy } from '../../lib/clock.ts';
import { nodePaths } from '../../lib/node-paths.ts';
import { createDials } from '../../services/kubelet-sim/clients.ts';
import { clusterSettingsReader } from '../../services/kubelet-sim/cluster-settings.ts';
import { beat } from '../../services/kubelet-sim/heartbeat.ts';
import { joinWorkflow } from '../../services/kubelet-sim/join/join.ts';
import { readJoinRequest } from '../../services/kubelet-sim/join/join-request.ts';
import { clusterReader } from '../../services/kubelet-sim/join/read-cluster.ts';
import { repeat } from './repeat.ts';

export interface Batch {
	readonly names: readonly string[];
	readonly atOnce: number;
	/** A JoinConfiguration file. */
	readonly config: string;
	/** Of the directories of the nodes. */
	readonly directory: string;
}
export type BatchResult = { readonly joinMs: readonly number[] } | { readonly error: string };

/** Shared by all nodes, as in the program. */
const [newDial, readCluster, readSettings] = [createDials(), clusterReader(), clusterSettingsReader()];

async function joinAll({ names, atOnce, config, directory }: Batch): Promise<readonly number[]> {
	const waiting = { clock: systemClock, waitUntil: waitBy(systemClock), retryMs: 100 };
	const { signal } = new AbortController();
	setMaxListeners(0, signal);
	const joinMs: number[] = [];
	await repeat(names.length, atOnce, async (index) => {
		const name = names[index] ?? '';
		const startedMs = performance.now();
		const dial = newDial();
		const closeUnused = dial.keepOpen();
		const tools = {
			dial,
			paths: nodePaths(join(directory, name)),
			readCluster,
			readSettings,
			say: () => undefined,
			signal,
			...waiting,
		};
		const request = await readJoinRequest(undefined, { config, nodeName: name });
		const { identity, registration } = await joinWorkflow(tools).run(request, () => undefined, systemClock);
		joinMs.push(performance.now() - startedMs);
		// The first heartbeat creates the Lease. It is part of the costs of a join, and the node is Ready without it.
		const { api, close } = dial.asNode(identity.server, identity);
		if (registration !== undefined) await beat(api.leases, name, registration, systemClock);
		close();
		closeUnused();
	});
	return joinMs;
}

process.on('message', (batch: Batch) => {
	joinAll(batch).then(
		(joinMs) => process.send?.({ joinMs } satisfies BatchResult),
		(error: unknown) => process.send?.({ error: String(error) } satisfies BatchResult),
	);
});
