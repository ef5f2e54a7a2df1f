/** Name, directory and output prefix of each node of a process. */
import { join } from 'node:path';
import { KubejoinError } from '../../lib/errors.ts';
import { type NodePaths, nodePaths } from '../../lib/node-paths.ts';
import type { JoinRequest } from './join/join-request.ts';

export interface NodePlan {
	readonly request: JoinRequest;
	readonly paths: NodePaths;
	/** Of the kubelet; absent: none. */
	readonly kubeletPort?: number | 'default';
	/** Adds the name of the node where the process has several. */
	readonly line: (sentence: string) => string;
}

const NODES_DIRECTORY = join('.kubejoin', 'nodes');
export const defaultRoot = (nodeName: string): string => join(NODES_DIRECTORY, nodeName);
export const MAX_NODES = 10_000;
export const LAST_PORT = 65_535;
/** Concurrent joins in one process. */
export const MAX_JOINS = 16;
/** Nodes of one process that connect again at once, for example after a restart of the API server. */
export const MAX_RECONNECTS = 32;

/**
 * @param root   of the only node, or the directory for the roots of several
 * @param count  default: one node with the name of the request; otherwise NAME-1 to NAME-count
 * @param port   of the kubelet of the first node; each other has the next one; 0: none
 * @throws JOIN_ARGUMENTS_INVALID  the last node has no port
 */
export function planNodes(
	request: JoinRequest,
	root: string | undefined,
	count?: number,
	port?: number,
): readonly NodePlan[] {
	const { nodeName } = request;
	if (count === undefined) {
		const kubelet = port === 0 ? {} : { kubeletPort: port ?? ('default' as const) };
		return [{ request, paths: nodePaths(root ?? defaultRoot(nodeName)), ...kubelet, line: (sentence) => sentence }];
	}
	if (port !== undefined && port + count - 1 > LAST_PORT)
		throw new KubejoinError('JOIN_ARGUMENTS_INVALID', {
			problems: [`--port=${port} cannot be used: ${count} nodes need the ports up to ${port + count - 1}`],
			remedy: `Use --port ${LAST_PORT - count + 1} or a smaller one`,
		});
	return Array.from({ length: count }, (_, index) => {
		const name = `${nodeName}-${index + 1}`;
		return {
			...(port === undefined || port === 0 ? {} : { kubeletPort: port + index }),
			request: { ...request, nodeName: name },
			paths: nodePaths(join(root ?? NODES_DIRECTORY, name)),
			line: (sentence) => named(sentence, name),
		};
	});
}

/** `[kubelet] node-3: …`; does not repeat the name. */
function named(sentence: string, name: string): string {
	const [, about = '', rest = ''] = /^(\[[^\]]+\] )?(.*)$/s.exec(sentence) ?? [];
	return rest.startsWith(`${name} `) ? sentence : `${about}${name}: ${rest}`;
}
