/** The condition Ready of a node. */
import type { Node, NodeCondition } from './types.ts';

export const readyCondition = (node: Pick<Node, 'status'> | undefined): NodeCondition | undefined =>
	node?.status?.conditions?.find(({ type }) => type === 'Ready');

export const isReady = (node: Pick<Node, 'status'> | undefined): boolean => readyCondition(node)?.status === 'True';
