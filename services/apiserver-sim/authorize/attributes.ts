/**
 * The question to an authorizer and its answer. Types only.
 * @source k8s.io/apiserver/pkg/authorization/authorizer, release 1.32
 */
import type { UserInfo } from '../../../lib/kube/types.ts';

/** One term of a field selector; `==` is written `=`. */
export interface FieldRequirement {
	readonly field: string;
	readonly operator: '=' | '!=';
	readonly value: string;
}

interface Request {
	readonly user: UserInfo;
	/**
	 * Kubernetes verb: get, list, watch, create, update, patch, delete, deletecollection, or a synthetic one such as
	 * approve.
	 */
	readonly verb: string;
}
/** A request for an object or a collection. Absent parts are the empty string. */
export interface ResourceRequest extends Request {
	readonly resourceRequest: true;
	/** Empty for the core group. */
	readonly apiGroup: string;
	readonly apiVersion: string;
	/** Plural, for example `nodes`. */
	readonly resource: string;
	readonly subresource: string;
	/** Empty at the cluster scope. */
	readonly namespace: string;
	/** Empty for create and for collections; a list or watch with the field selector `metadata.name=X` has the name X. */
	readonly name: string;
	/** Of list, watch and deletecollection. */
	readonly fieldSelector?: readonly FieldRequirement[];
}
/** A request for a path that is no resource, for example /healthz; its verb is the HTTP method in lower case. */
export interface PathRequest extends Request {
	readonly resourceRequest: false;
	readonly path: string;
}
export type Attributes = ResourceRequest | PathRequest;

export interface Decision {
	readonly decision: 'Allow' | 'Deny' | 'NoOpinion';
	/** Why; for a refusal it ends the message that the caller sees. Empty where there is nothing to say. */
	readonly reason: string;
	/** The authorizer could not evaluate everything. Without an Allow the request then fails with 500, not 403. */
	readonly error?: string;
}

/** It decides at once, from copies of the objects that it reads. */
export interface Authorizer {
	authorize(attributes: Attributes): Decision;
}
