/** One process can be one node, or a hundred: names, places and lines of each. Nothing but the process and its health port is shared. */
import { join } from 'node:path';
import type { JoinRequest } from './join/join-request.ts';
import { type NodePaths, nodePaths } from './node-paths.ts';

export interface NodePlan {
	readonly request: JoinRequest;
	readonly paths: NodePaths;
	/** What is said of this node, as it is printed. */
	readonly line: (sentence: string) => string;
}

const NODES_DIRECTORY = join('.kubejoin', 'nodes');
export const MAX_NODES = 1_000;
/** Joins under way at once, in one process. */
export const MAX_JOINS = 16;

/**
 * @param root   of the one node; of several, the directory that has a root for each
 * @param count  absent: one node with the name of the request; otherwise NAME-1 up to NAME-count
 */
export function planNodes(request: JoinRequest, root: string | undefined, count?: number): readonly NodePlan[] {
	const { nodeName } = request;
	if (count === undefined)
		return [{ request, paths: nodePaths(root ?? join(NODES_DIRECTORY, nodeName)), line: (sentence) => sentence }];
	return Array.from({ length: count }, (_, index) => {
		const name = `${nodeName}-${index + 1}`;
		return {
			request: { ...request, nodeName: name },
			paths: nodePaths(join(root ?? NODES_DIRECTORY, name)),
			line: (sentence) => named(sentence, name),
		};
	});
}

/** `[kubelet] node-3: …`; a line that has the name already stays as it is. */
function named(sentence: string, name: string): string {
	const [, about = '', rest = ''] = /^(\[[^\]]+\] )?(.*)$/s.exec(sentence) ?? [];
	return rest.startsWith(`${name} `) ? sentence : `${about}${name}: ${rest}`;
}
