/**
 * What a bootstrap token is good for, where its owner wanted less than upstream offers. It stands in groups that the token carries, so it reaches
 * `spec.groups` of every request that is made with the token, and nobody but the API server writes those.
 */
import { wellKnown } from './types.ts';

export interface TokenBounds {
	/** The only node that may have a certificate by it; undefined for any. */
	readonly node: string | undefined;
	/** Only one node, whichever comes first, may have a certificate by it. */
	readonly isForOneNode: boolean;
}

const nodePrefix = `${wellKnown.groups.bootstrappers}:kubejoin:node:`;
/** Of a token that is good for one node, whichever comes first. */
export const onceGroup = `${wellKnown.groups.bootstrappers}:kubejoin:once`;

/** The group of a token that is good for this node; undefined where no group can say its name: it has a dot, or is none. */
export const groupOfNode = (node: string): string | undefined =>
	/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(node) ? nodePrefix + node : undefined;

/** Of several names the first counts. */
export const boundsOf = (groups: readonly string[] = []): TokenBounds => ({
	node: groups.find((group) => group.startsWith(nodePrefix))?.slice(nodePrefix.length),
	isForOneNode: groups.includes(onceGroup),
});
