/**
 * Kubernetes `Status`: how the API says that something failed or was deleted.
 *
 * @source apimachinery/pkg/apis/meta/v1 Status, api/errors
 */
import { type FieldProblem, type KubejoinError, shownToCaller } from '../../lib/errors.ts';
import type { ApiResource } from '../../lib/kube/resources.ts';
import type { KubeObject } from '../../lib/kube/types.ts';
import type { ObjectList } from './request/api-request.ts';

export interface Status {
	readonly kind: 'Status';
	readonly apiVersion: 'v1';
	readonly metadata: object;
	readonly status: 'Success' | 'Failure';
	readonly message?: string;
	readonly reason?: string;
	readonly details?: object;
	readonly code?: number;
}

/** The part of an error that a caller may read. */
export function failureStatus(error: KubejoinError): Status & { readonly code: number } {
	const shown = shownToCaller(error);
	const { status: code, reason } = shown.http;
	const details = detailsOf(shown);
	return {
		kind: 'Status',
		apiVersion: 'v1',
		metadata: shown.details.continue === undefined ? {} : { continue: shown.details.continue },
		status: 'Failure',
		message: shown.message,
		...(reason === '' ? {} : { reason }),
		...(details === undefined ? {} : { details }),
		code,
	};
}

/** Those whose details are there and empty. */
const withoutDetails: readonly string[] = [
	'API_PATH_FORBIDDEN',
	'API_PATH_NOT_FOUND',
	'API_METHOD_NOT_ALLOWED',
	'API_REQUEST_TIMEOUT',
	'API_PATCH_REJECTED',
];

function detailsOf(error: KubejoinError): object | undefined {
	if (withoutDetails.includes(error.code) || error.details.isRouted === true) return {};
	const { name, group, resource, kind, retryAfterSeconds } = error.details;
	const causes = error.details.causes as readonly FieldProblem[] | undefined;
	const details = {
		...(name ? { name } : {}),
		...(group ? { group } : {}),
		...((resource ?? kind) ? { kind: resource ?? kind } : {}),
		...(causes === undefined ? {} : { causes: causes.map(causeOf) }),
		...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
	};
	return Object.keys(details).length === 0 ? undefined : details;
}

const causeOf = ({ reason, message, field }: FieldProblem) => ({ reason, message, ...(field === '' ? {} : { field }) });

/** The metadata of a list. @source apimachinery/pkg/apis/meta/v1 ListMeta */
export const listMeta = ({ resourceVersion, continueToken, remainingItemCount }: ObjectList): object => ({
	resourceVersion,
	...(continueToken === undefined ? {} : { continue: continueToken }),
	...(remainingItemCount === undefined ? {} : { remainingItemCount }),
});

/** The answer to a deletion. */
export const deletionStatus = ({ resource, group }: ApiResource, { metadata }: KubeObject): Status => ({
	kind: 'Status',
	apiVersion: 'v1',
	metadata: {},
	status: 'Success',
	details: { name: metadata.name, ...(group === '' ? {} : { group }), kind: resource, uid: metadata.uid },
});

/**
 * The answer to a deletion over HTTPS: the object if it remains until its finalizers and grace period allow its
 * removal, and for the kinds whose deletions upstream answers with the object; otherwise a Status.
 *
 * @source apiserver/pkg/registry/generic/registry/store.go finalizeDelete, ReturnDeletedObject
 */
export function deletionAnswer(resource: ApiResource, object: KubeObject): KubeObject | Status {
	const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = object.metadata;
	const remains = deletionTimestamp !== undefined && (deletionGracePeriodSeconds > 0 || finalizers.length > 0);
	return remains || answeredWithObject.has(resource.resource) ? object : deletionStatus(resource, object);
}
const answeredWithObject: ReadonlySet<string> = new Set([
	'csidrivers',
	'csinodes',
	'namespaces',
	'pods',
	'resourcequotas',
	'serviceaccounts',
	'services',
]);
