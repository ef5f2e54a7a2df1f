/** The gRPC handlers of the false cluster for one resource. They authenticate no caller. */
import { once } from 'node:events';
import { type ApiResource, resources } from '../../lib/kube/resources.ts';
import { wellKnown } from '../../lib/kube/types.ts';
import type { Call, StreamHandler, UnaryHandler } from '../../lib/rpc/server.ts';
import type { FalseCluster, Sent } from './false-cluster.ts';

export interface HandlerOptions {
	readonly cluster: FalseCluster;
	/** The data of the served cluster-info. */
	readonly clusterInfo: () => Promise<Readonly<Record<string, string>>>;
	/** Called when a node registers. */
	readonly onRegistered: (node: string) => void;
	readonly stopping: AbortSignal;
}

interface Message {
	readonly namespace?: string;
	readonly name?: string;
	readonly fieldSelector?: string;
}

export function resourceHandlers(
	resource: ApiResource,
	{ cluster, clusterInfo, onRegistered, stopping }: HandlerOptions,
): {
	readonly unary: Readonly<Record<string, UnaryHandler>>;
	readonly streams: Readonly<Record<string, StreamHandler>>;
} {
	const isClusterInfo = ({ namespace, name }: Message) =>
		resource === resources.configMaps && namespace === wellKnown.kubePublic && name === wellKnown.clusterInfo;
	const update: UnaryHandler<Sent> = (sent) => cluster.update(resource, sent);
	return {
		unary: {
			Create(sent: Sent) {
				const created = cluster.create(resource, sent);
				if (resource === resources.nodes) onRegistered(created.metadata.name ?? '');
				return created;
			},
			async Get(message: Message) {
				if (isClusterInfo(message))
					return {
						metadata: { name: wellKnown.clusterInfo, namespace: wellKnown.kubePublic },
						data: await clusterInfo(),
					};
				return cluster.get(resource, message.namespace ?? '', message.name ?? '');
			},
			List: (message: Message) => ({
				metadata: { resourceVersion: cluster.resourceVersion() },
				items: selected(message),
			}),
			Update: update,
			UpdateStatus: update,
			UpdateApproval: update,
			Delete({ namespace = '', name = '' }: Message) {
				cluster.remove(resource, namespace, name);
				return { status: 'Success' };
			},
		},
		streams: {
			async *Watch(message: Message, { signal }: Call) {
				for (const object of selected(message)) yield { type: 'ADDED', object };
				const ending = AbortSignal.any([signal, stopping]);
				if (!ending.aborted) await once(ending, 'abort');
			},
		},
	};

	/** Nodes select only by name. */
	function selected({ fieldSelector = '' }: Message) {
		const name = /(?:^|,)metadata\.name==?([^,]+)/.exec(fieldSelector)?.[1];
		return cluster.list(resource).filter(({ metadata }) => name === undefined || metadata.name === name);
	}
}
