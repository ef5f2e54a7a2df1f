/** The environment of the phases of a join, injected so that tests need no network. */
import type { Clock, WaitUntil } from '../../../lib/clock.ts';
import type { ApiClient } from '../../../lib/kube/client.ts';
import type { NodePaths } from '../../../lib/node-paths.ts';
import type { clusterSettings } from '../cluster-settings.ts';
import type { FileCa, PinnedCa, TrustedServer } from '../trust.ts';
import type { readCluster } from './read-cluster.ts';

/** The use of a connection to an API server; `close` when done. */
export interface ApiConnection<Offers extends keyof ApiClient = keyof ApiClient> {
	readonly api: Pick<ApiClient, Offers>;
	readonly close: () => void;
}

/** Connections to the API server, in the order of trust. */
export interface Dial {
	/** TLS that is not verified, no credentials; only cluster-info can be read. */
	readonly unverified: (endpoint: string) => ApiConnection<'configMaps'>;
	/** TLS verified with the pinned CA or that of a discovery file, no credentials. */
	readonly verified: (
		endpoint: string,
		ca: PinnedCa | FileCa,
		tlsServerName?: string | undefined,
	) => ApiConnection<'configMaps'>;
	/** TLS verified with the trusted CA, with the bootstrap token or another credential of the discovery file. */
	readonly withCredential: (
		server: TrustedServer,
		credential: BootstrapCredential,
	) => ApiConnection<'configMaps' | 'nodes' | 'certificateSigningRequests'>;
	/** TLS verified with the trusted CA, with the node's own certificate. */
	readonly asNode: (
		server: TrustedServer,
		identity: { readonly certificate: string; readonly key: string },
	) => NodeConnection;
	/**
	 * Keeps verified connections that have no user open, so that the next phase continues on the one of its server, until
	 * the returned function is called.
	 */
	readonly keepOpen: () => () => void;
}
export type NodeConnection = ApiConnection<
	'nodes' | 'leases' | 'events' | 'certificateSigningRequests' | 'of' | 'subjectAccessReviews'
>;

/** Where the API server reaches the kubelet. */
export interface KubeletEndpoint {
	readonly address: string;
	readonly port: number;
}

/** The credential of the node before it has a certificate. With both, the API server takes the certificate. */
export type BootstrapCredential =
	| { readonly token: string }
	| { readonly certificate: string; readonly key: string; readonly token?: string | undefined };

/** The word for it in texts: a discovery file can have a client certificate in place of a token. */
export type CredentialWord = 'token' | 'credential';

export interface JoinContext {
	readonly dial: Dial;
	readonly paths: NodePaths;
	readonly readCluster: typeof readCluster;
	readonly readSettings: typeof clusterSettings;
	/** Prints a sentence, which must not contain a secret. */
	readonly say: (sentence: string) => void;
	readonly clock: Clock;
	readonly waitUntil: WaitUntil;
	readonly signal: AbortSignal;
	/** Between attempts; 5 s in kubeadm. */
	readonly retryMs: number;
	/** Absent: the node has no port. */
	readonly kubelet?: KubeletEndpoint;
}
