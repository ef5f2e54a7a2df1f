/**
 * Trust as types: data from the network is `Claimed…` until a phase verifies it. Only that phase can create the
 * verified type.
 */

declare const trust: unique symbol;
type Branded<T, Brand extends string> = T & { readonly [trust]: Brand };

/** Data that any server could have sent. */
export interface ClaimedClusterInfo {
	/** The text that the signature covers. */
	readonly kubeconfig: string;
	/** Detached JWS that belongs to the node's token. */
	readonly signature: string;
}

/** cluster-info, signed by a holder of the token. Created by `discovery/verify-signature`. */
export type SignedKubeconfig = Branded<string, 'signed by a holder of the token'>;

/** The cluster's CA certificates in PEM, verified with a pin. Created by `discovery/pin-ca`. */
export type PinnedCa = Branded<string, 'pinned'>;

/**
 * CA certificates of a signed cluster-info that were not compared with a pin: any holder of the token can have created
 * them. Created by `discovery/trust-without-pin`.
 */
export type UnpinnedCa = Branded<string, 'signed by a holder of the token, and not pinned'>;

/**
 * CA certificates in a discovery file, which an administrator gave to this machine instead of a pin. Created by
 * `discovery/read-file`.
 */
export type FileCa = Branded<string, 'from a discovery file'>;

/** CA that verifies the API server. */
export type TrustedCa = PinnedCa | UnpinnedCa | FileCa;

/**
 * The API server of cluster-info or of a discovery file. Created by `discovery/confirm`, `discovery/trust-without-pin`
 * or `discovery/verify-server`.
 */
export interface TrustedServer {
	/** `https://host:port` */
	readonly url: string;
	/** `host:port` */
	readonly target: string;
	readonly ca: TrustedCa;
	readonly tlsServerName?: string;
}
