/** One request, however it came: a gRPC method and a REST route differ only in how they become this. */

import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject, UserInfo } from '../../../lib/kube/types.ts';
import type { Peer } from '../../../lib/rpc/peer.ts';
import type { FieldRequirement } from '../authorize/attributes.ts';
import type { ImpersonationHeader } from './impersonation.ts';

export type Verb = 'create' | 'get' | 'list' | 'watch' | 'update' | 'delete';
export type Subresource = '' | 'status' | 'approval';

/** The credentials that a caller presents. */
export interface Credentials {
	readonly peer: Peer;
	/** The Authorization header or metadata value. */
	readonly authorization: string | undefined;
	/** Headers or metadata that ask to act as another user. */
	readonly impersonation: readonly ImpersonationHeader[];
}

export interface ApiRequest {
	readonly user: UserInfo;
	readonly verb: Verb;
	readonly resource: ApiResource;
	readonly subresource: Subresource;
	/** Empty for all namespaces and for cluster-scoped resources. */
	readonly namespace: string;
	/** Empty for create, list and watch. */
	readonly name: string;
	readonly object?: KubeObject;
	readonly fieldSelector: readonly FieldRequirement[];
	/** For a watch: events after this version; empty or "0" begins with the existing objects. */
	readonly resourceVersion: string;
	/** Of list: at most so many objects; 0 for all. */
	readonly limit: number;
	/** Of list: the `continue` of the page before; empty to begin. */
	readonly continueToken: string;
	readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
	/** Aborts when the caller has gone. */
	readonly signal: AbortSignal;
}

/** Objects of one resource, and where the next page begins. */
export interface ObjectList {
	readonly items: KubeObject[];
	readonly resourceVersion: string;
	/** Absent when no objects follow. */
	readonly continueToken?: string;
	/** How many objects follow; absent for a selection. */
	readonly remainingItemCount?: number;
}

/** The verbs of a resource; a missing verb is refused with 405. */
export interface ResourceStorage {
	readonly create?: (request: ApiRequest) => Promise<KubeObject>;
	readonly get?: (request: ApiRequest) => Promise<KubeObject>;
	readonly list?: (request: ApiRequest) => Promise<ObjectList>;
	readonly watch?: (
		request: ApiRequest,
	) => AsyncIterable<{ type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubeObject }>;
	readonly update?: (request: ApiRequest) => Promise<KubeObject>;
	/** Answers with the deleted object. */
	readonly delete?: (request: ApiRequest) => Promise<KubeObject>;
	/** `status`, `approval`; they are read with `get` and written with `update`. */
	readonly subresources: readonly Subresource[];
}
