/** Trust as types: what came over the network is `Claimed…` until a phase has earned it a better name. Only that phase may make the better one. */

declare const trust: unique symbol;
type Branded<T, Brand extends string> = T & { readonly [trust]: Brand };

/** What anybody could have sent. */
export interface ClaimedClusterInfo {
	/** The exact text that is signed. */
	readonly kubeconfig: string;
	/** Detached JWS that belongs to the node's token. */
	readonly signature: string;
}

/** cluster-info whose signature proves that its author knows the token. Made by `discovery/verify-signature`. */
export type SignedKubeconfig = Branded<string, 'signed by a holder of the token'>;

/** The cluster's CA certificates, PEM, one of which has a pinned key. Made by `discovery/pin-ca`. */
export type PinnedCa = Branded<string, 'pinned'>;

/** The CA certificates of a signed cluster-info, which no pin was compared with: whoever knows the token may have made them. Made by `discovery/trust-without-pin`. */
export type UnpinnedCa = Branded<string, 'signed by a holder of the token, and not pinned'>;

/** What the API server is verified with. Pinned, unless the operator asked for less. */
export type TrustedCa = PinnedCa | UnpinnedCa;

/** The API server that cluster-info names; a connection to it is verified with the trusted CA. Made by `discovery/confirm`, or by `discovery/trust-without-pin`. */
export interface TrustedServer {
	/** `https://host:port` */
	readonly url: string;
	/** `host:port` */
	readonly target: string;
	readonly ca: TrustedCa;
	readonly tlsServerName?: string;
}
