/**
 * Heartbeats: the Lease every 10 s, written over the one that the last write returned; the Node's status every 5
 * minutes, and when a look at the Node shows another.
 *
 * @source component-helpers lease/controller.go; kubelet_node_status.go
 */
import { type Clock, rfc3339Micro } from '../../lib/clock.ts';
import { hasCode } from '../../lib/errors.ts';
import { withPartsOf } from '../../lib/json-object.ts';
import type { ApiClient, Unsent } from '../../lib/kube/client.ts';
import { isReady, readyCondition } from '../../lib/kube/node-conditions.ts';
import { type Lease, type Node, wellKnown } from '../../lib/kube/types.ts';
import { readyConditions } from './node-object.ts';

export const LEASE_DURATION_SECONDS = 40;
/** @source kubelet: a quarter of the Lease's duration */
export const RENEW_INTERVAL_MS = 10_000;
export const STATUS_INTERVAL_MS = 5 * 60_000;
/** @differs the kubelet watches its Node; a watch for each node would cost the API server more than this look */
export const STATUS_CHECK_INTERVAL_MS = 60_000;

/** The objects of a node at the API server. */
export interface Registration {
	readonly nodeUid: string;
	/** The node was not known to be ready before. */
	readonly becameReady: boolean;
	/** As the last write returned it; absent before the first heartbeat. */
	readonly lease?: Lease;
}

type Nodes = Pick<ApiClient['nodes'], 'create' | 'get' | 'update' | 'updateStatus'>;
type Leases = Pick<ApiClient['leases'], 'create' | 'get' | 'update' | 'renew'>;

/** Create the Node, or update an existing one with the data of this machine. */
export async function registerNode(nodes: Nodes, wanted: Unsent<Node>): Promise<Registration> {
	try {
		const { metadata } = await nodes.create(wanted, { expects: ['API_ALREADY_EXISTS'] });
		return { nodeUid: metadata.uid ?? '', becameReady: true };
	} catch (error) {
		if (!hasCode(error, 'API_ALREADY_EXISTS')) throw error;
	}
	const { name = '', labels, annotations } = wanted.metadata;
	return retryConflicts(async () => {
		const found = await nodes.get(name);
		const metadata = {
			...found.metadata,
			labels: { ...found.metadata.labels, ...labels },
			annotations: { ...found.metadata.annotations, ...annotations },
		};
		const updated = await nodes.update({ ...found, metadata });
		await nodes.updateStatus({ ...updated, ...(wanted.status === undefined ? {} : { status: wanted.status }) });
		return { nodeUid: found.metadata.uid ?? '', becameReady: !isReady(found) };
	});
}

/** Report that the node is ready, unless the last report is recent. @returns whether it was not ready before */
export async function reportStatus(
	nodes: Pick<Nodes, 'get' | 'updateStatus'>,
	nodeName: string,
	nowMs: number,
): Promise<boolean> {
	return retryConflicts(async () => {
		const found = await nodes.get(nodeName);
		const ready = readyCondition(found);
		const isFresh = ready?.status === 'True' && nowMs - Date.parse(ready.lastHeartbeatTime ?? '') < STATUS_INTERVAL_MS;
		if (!isFresh)
			await nodes.updateStatus({
				...found,
				status: { ...found.status, conditions: readyConditions(nowMs, found.status?.conditions) },
			});
		return !isReady(found);
	});
}

/** Renew the Lease of a registered node, or create it. @returns the registration with the written Lease */
export async function beat(
	leases: Leases,
	nodeName: string,
	known: Registration,
	clock: Clock,
): Promise<Required<Registration>> {
	const { lease: last, nodeUid } = known;
	const lease = await (last === undefined
		? createLease(leases, nodeName, nodeUid, clock())
		: renewLease(leases, last, clock));
	return { ...known, lease };
}

const specOf = (nodeName: string, nowMs: number) => ({
	holderIdentity: nodeName,
	leaseDurationSeconds: LEASE_DURATION_SECONDS,
	renewTime: rfc3339Micro(nowMs),
});

/** @source lease/controller.go ensureLease @differs upstream reads the Lease first; a new node has none */
async function createLease(leases: Leases, nodeName: string, nodeUid: string, nowMs: number): Promise<Lease> {
	const spec = specOf(nodeName, nowMs);
	const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeUid }];
	const metadata = { name: nodeName, namespace: wellKnown.kubeNodeLease, ownerReferences };
	try {
		return await leases.create({ metadata, spec }, { expects: ['API_ALREADY_EXISTS'] });
	} catch (error) {
		if (!hasCode(error, 'API_ALREADY_EXISTS')) throw error;
	}
	return retryConflicts(async () => {
		const found = await leases.get(nodeName, wellKnown.kubeNodeLease);
		return leases.update({
			...found,
			metadata: { ...found.metadata, ownerReferences },
			spec: { ...found.spec, ...spec },
		});
	});
}

/**
 * Renew the Lease; after a conflict, from its present state.
 *
 * @source lease/controller.go retryUpdateLease
 * @differs upstream sends a PUT for each renewal, with managedFields; without them the API server keeps those that it
 *   has
 */
export async function renewLease(leases: Pick<Leases, 'get' | 'renew'>, last: Lease, clock: Clock): Promise<Lease> {
	const { name = '', namespace } = last.metadata;
	let base = last;
	const renewed = await retryConflicts(
		() => leases.renew({ ...base, spec: { ...base.spec, ...specOf(name, clock()) } }),
		async () => {
			base = await leases.get(name, namespace);
		},
	);
	return withPartsOf(last, renewed);
}

const MAX_ATTEMPTS = 5;

/** Reads and writes again after a conflict. */
async function retryConflicts<T>(
	attempt: () => Promise<T>,
	read: () => Promise<void> = async () => undefined,
): Promise<T> {
	for (let left = MAX_ATTEMPTS; ; left--) {
		try {
			return await attempt();
		} catch (error) {
			if (left <= 1 || !hasCode(error, 'API_CONFLICT')) throw error;
			await read();
		}
	}
}
