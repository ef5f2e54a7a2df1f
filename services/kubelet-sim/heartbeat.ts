/**
 * Heartbeats: the Lease every 10 s; the Node's status every 5 minutes, and at once when the API server reports another.
 *
 * @source component-helpers lease/controller.go; kubelet_node_status.go
 */
import { rfc3339Micro } from '../../lib/clock.ts';
import { hasCode } from '../../lib/errors.ts';
import type { ApiClient, Unsent } from '../../lib/kube/client.ts';
import { type Lease, type Node, wellKnown } from '../../lib/kube/types.ts';
import { readyConditions } from './node-object.ts';

export const LEASE_DURATION_SECONDS = 40;
/** @source kubelet: a quarter of the Lease's duration */
export const RENEW_INTERVAL_MS = 10_000;
export const STATUS_INTERVAL_MS = 5 * 60_000;

type Nodes = Pick<ApiClient['nodes'], 'create' | 'get' | 'update' | 'updateStatus'>;
type Leases = Pick<ApiClient['leases'], 'create' | 'get' | 'update'>;

/** Create the Node, or update an existing one with the data of this machine. @returns its UID */
export async function registerNode(nodes: Nodes, wanted: Unsent<Node>): Promise<{ uid: string }> {
	try {
		return uidOf(await nodes.create(wanted, { expects: ['API_ALREADY_EXISTS'] }));
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
		return uidOf(
			await nodes.updateStatus({ ...updated, ...(wanted.status === undefined ? {} : { status: wanted.status }) }),
		);
	});
}

/** Report that the node is ready, unless the last report is recent. */
export async function reportStatus(
	nodes: Pick<Nodes, 'get' | 'updateStatus'>,
	nodeName: string,
	nowMs: number,
): Promise<void> {
	await retryConflicts(async () => {
		const found = await nodes.get(nodeName);
		const ready = found.status?.conditions?.find(({ type }) => type === 'Ready');
		const isFresh = ready?.status === 'True' && nowMs - Date.parse(ready.lastHeartbeatTime ?? '') < STATUS_INTERVAL_MS;
		if (!isFresh)
			await nodes.updateStatus({
				...found,
				status: { ...found.status, conditions: readyConditions(nowMs, found.status?.conditions) },
			});
	});
}

/** Renew the node's Lease, or create it. */
export async function renewLease(
	leases: Leases,
	{ nodeName, nodeUid }: { readonly nodeName: string; readonly nodeUid: string },
	nowMs: number,
): Promise<void> {
	const spec = {
		holderIdentity: nodeName,
		leaseDurationSeconds: LEASE_DURATION_SECONDS,
		renewTime: rfc3339Micro(nowMs),
	};
	await retryConflicts(async () => {
		const found = await leases
			.get(nodeName, wellKnown.kubeNodeLease, { expects: ['API_NOT_FOUND'] })
			.catch((error: unknown) => {
				if (hasCode(error, 'API_NOT_FOUND')) return undefined;
				throw error;
			});
		const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: nodeName, uid: nodeUid }];
		const created: Unsent<Lease> = {
			metadata: { name: nodeName, namespace: wellKnown.kubeNodeLease, ownerReferences },
			spec,
		};
		await (found === undefined
			? leases.create(created)
			: leases.update({
					...found,
					metadata: { ...found.metadata, ownerReferences },
					spec: { ...found.spec, ...spec },
				}));
	});
}

const MAX_ATTEMPTS = 5;

/** Read and write again after a conflict. */
async function retryConflicts<T>(attempt: () => Promise<T>): Promise<T> {
	for (let left = MAX_ATTEMPTS; ; left--) {
		try {
			return await attempt();
		} catch (error) {
			if (left <= 1 || !hasCode(error, 'API_CONFLICT', 'API_ALREADY_EXISTS')) throw error;
		}
	}
}

const uidOf = ({ metadata }: Node) => ({ uid: metadata.uid ?? '' });
