/**
 * Bounds that the owner of a bootstrap token adds to upstream's: the token is valid for one node. The bounds are groups
 * of the token, so they are in `spec.groups` of every request that is made with it, and only the API server writes that
 * field.
 */
import { wellKnown } from './types.ts';

export interface TokenBounds {
	/** The only node that may have a certificate by it; undefined for any. */
	readonly node: string | undefined;
	/** The first node that uses the token is the only one that receives a certificate. */
	readonly isForOneNode: boolean;
}

const nodePrefix = `${wellKnown.groups.bootstrappers}:kubejoin:node:`;
/** The group of a token for the first node that uses it. */
export const onceGroup = `${wellKnown.groups.bootstrappers}:kubejoin:once`;

/**
 * The group of a token for this node; undefined if no group can contain its name, because it has a dot or is invalid.
 */
export const groupOfNode = (node: string): string | undefined =>
	/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(node) ? nodePrefix + node : undefined;

/** Of several names the first counts. */
export const boundsOf = (groups: readonly string[] = []): TokenBounds => ({
	node: groups.find((group) => group.startsWith(nodePrefix))?.slice(nodePrefix.length),
	isForOneNode: groups.includes(onceGroup),
});
