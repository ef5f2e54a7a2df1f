/** One request, however it came: a gRPC method and a REST route differ only in how they become this. */

import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject, UserInfo, WatchEvent } from '../../../lib/kube/types.ts';
import type { Peer } from '../../../lib/rpc/peer.ts';
import type { FieldRequirement } from '../authorize/attributes.ts';
import type { ImpersonationHeader } from './impersonation-headers.ts';
import type { Lifetime } from './lifetime.ts';

export type Verb = 'create' | 'get' | 'list' | 'watch' | 'update' | 'patch' | 'delete' | 'deletecollection';
/** Of the row of the resource, for example `status`; empty for the resource itself. */
export type Subresource = string;

/** @source apimachinery/pkg/types/patch.go */
export type PatchType = 'json' | 'merge' | 'strategic' | 'apply';
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict';
export type PropagationPolicy = 'Orphan' | 'Background' | 'Foreground';

/** The credentials that a caller presents. */
export interface Credentials {
	readonly peer: Peer;
	/** The Authorization header or metadata value. */
	readonly authorization: string | undefined;
	/** The header Sec-WebSocket-Protocol of a request for a WebSocket, which can contain a token. */
	readonly webSocketProtocols?: string | undefined;
	/** Headers or metadata that ask to act as another user. */
	readonly impersonation: readonly ImpersonationHeader[];
}

/**
 * The options of a request, from the query, a DeleteOptions body or the gRPC message.
 *
 * @source apimachinery/pkg/apis/meta/v1/types.go ListOptions, CreateOptions, UpdateOptions, PatchOptions, DeleteOptions
 */
export interface RequestOptions {
	readonly fieldSelector: readonly FieldRequirement[];
	/** As it was sent, for example `app in (a,b),!canary`; parsed where objects are selected. */
	readonly labelSelector: string;
	/** For a watch: events after this version; empty or "0" begins with the existing objects. */
	readonly resourceVersion: string;
	/** Empty, `Exact` or `NotOlderThan`. */
	readonly resourceVersionMatch: string;
	/** Of watch: begin with the existing objects and then a bookmark; absent: `resourceVersion` decides. */
	readonly sendInitialEvents?: boolean | undefined;
	readonly allowWatchBookmarks: boolean;
	/** Of list: at most so many objects; 0 for all. */
	readonly limit: number;
	/** Of list: the `continue` of the page before; empty to begin. */
	readonly continueToken: string;
	/** Of list and watch: the server ends the request after this time; absent: its own limit. */
	readonly timeoutSeconds?: number | undefined;
	/** Admits and validates, and stores nothing. */
	readonly dryRun: boolean;
	/** Empty: the server derives it from the User-Agent. */
	readonly fieldManager: string;
	readonly fieldValidation: FieldValidation;
	/** Of an apply: take over fields of other managers. */
	readonly force: boolean;
	readonly preconditions: { readonly uid?: string; readonly resourceVersion?: string };
	readonly propagationPolicy?: PropagationPolicy | undefined;
	readonly gracePeriodSeconds?: number | undefined;
	/** Of delete: remove an object that cannot be read, and no other. */
	readonly ignoreStoreReadError: boolean;
}

/** Those of a request that states none. */
export const defaultOptions: RequestOptions = {
	fieldSelector: [],
	labelSelector: '',
	resourceVersion: '',
	resourceVersionMatch: '',
	allowWatchBookmarks: false,
	limit: 0,
	continueToken: '',
	dryRun: false,
	fieldManager: '',
	fieldValidation: 'Warn',
	force: false,
	preconditions: {},
	ignoreStoreReadError: false,
};

export interface ApiRequest extends RequestOptions {
	readonly user: UserInfo;
	readonly verb: Verb;
	readonly resource: ApiResource;
	readonly subresource: Subresource;
	/** Empty for all namespaces and for cluster-scoped resources. */
	readonly namespace: string;
	/** Empty for create, list and watch. */
	readonly name: string;
	readonly object?: KubeObject | undefined;
	/** Of patch: its type and its document, as they were sent. */
	readonly patch?: { readonly type: PatchType; readonly document: unknown } | undefined;
	/** The User-Agent header, for the name of the field manager. */
	readonly userAgent: string;
	/** Adds a Warning header to the answer. */
	readonly warn: (text: string) => void;
	/** Called by an update or a patch that creates its object: the answer is then 201. */
	readonly created: () => void;
	/** Resource, name, subresource, and the path below it, for example that of a proxied request. */
	readonly parts: readonly string[];
	readonly lifetime: Lifetime;
}

/** Where a kubelet answers a request that the API server passes on. */
export interface KubeletLocation {
	readonly scheme: 'http' | 'https';
	/** An IP address: a name could have another one when it is looked up again. */
	readonly host: string;
	readonly port: number;
	/** With its query, as the client encoded it. */
	readonly path: string;
	/** Of the kubelet's own port: the API server authenticates itself there, and nowhere else. */
	readonly isKubelet: boolean;
	/** The caller accepts any certificate of the kubelet. */
	readonly skipsVerification?: boolean;
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
	/**
	 * A bookmark has the version alone, and after the existing objects the annotation `k8s.io/initial-events-end`; only
	 * for a request with `allowWatchBookmarks`. A request that cannot be watched is refused before the iteration begins.
	 */
	readonly watch?: (
		request: ApiRequest,
	) => AsyncIterable<WatchEvent<KubeObject>> | Promise<AsyncIterable<WatchEvent<KubeObject>>>;
	readonly update?: (request: ApiRequest) => Promise<KubeObject>;
	readonly patch?: (request: ApiRequest) => Promise<KubeObject>;
	/** Answers with the deleted object; one that still exists has its deletionTimestamp. */
	readonly delete?: (request: ApiRequest) => Promise<KubeObject>;
	/** Answers with the deleted objects. */
	readonly deletecollection?: (request: ApiRequest) => Promise<ObjectList>;
	/**
	 * A request that a kubelet answers, by any method of the row of its subresource. Undefined: there is nothing to read.
	 *
	 * @source apiserver/pkg/registry/rest Connecter
	 */
	readonly connect?: (request: ApiRequest, query: URLSearchParams) => Promise<KubeletLocation | undefined>;
	/** Those that are served; the row of the resource has their verbs. */
	readonly subresources: readonly Subresource[];
}
