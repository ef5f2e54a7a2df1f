/**
 * Admission, between the authorization of a write and the store. A plug-in may change the object before it is
 * prepared and validated, and may refuse the write before or after that.
 *
 * @source apiserver/pkg/admission
 */
import { type FieldProblem, KubejoinError } from '../../../lib/errors.ts';
import type { ApiResource } from '../../../lib/kube/resources.ts';
import type { KubeObject, UserInfo } from '../../../lib/kube/types.ts';
import type { ApiRequest, Subresource } from '../request/api-request.ts';

export type Operation = 'CREATE' | 'UPDATE' | 'DELETE';

/** A write of one object: `object` as it was sent or as it would be stored, `previous` as it is stored. */
export interface Write {
	readonly request: ApiRequest;
	readonly operation: Operation;
	/** Undefined for a deletion. */
	readonly object: KubeObject | undefined;
	/** Undefined for a creation. */
	readonly previous: KubeObject | undefined;
}

export interface AdmissionAttributes extends Write {
	readonly resource: ApiResource;
	readonly subresource: Subresource;
	/** Of a Namespace: its name. */
	readonly namespace: string;
	/** Of a creation: the name that the object states, which is empty before a name is generated. */
	readonly name: string;
	readonly user: UserInfo;
	readonly dryRun: boolean;
}

export interface AdmissionPlugin {
	/** As in upstream's `--enable-admission-plugins`. */
	readonly name: string;
	/**
	 * Before the object is prepared and validated. Returns the changed object; undefined leaves it unchanged.
	 *
	 * @throws a refusal, with any status code
	 */
	readonly mutate?: (attributes: AdmissionAttributes) => Promise<KubeObject | undefined> | KubeObject | undefined;
	/**
	 * After the object was prepared and validated.
	 *
	 * @throws a refusal, with any status code
	 */
	readonly validate?: (attributes: AdmissionAttributes) => Promise<void> | undefined | void;
}

/** The chain of plug-ins, as the registry calls it. */
export interface Admission {
	/** Returns the object as the plug-ins changed it. */
	readonly mutate: <T extends KubeObject | undefined>(write: Write & { readonly object: T }) => Promise<T>;
	readonly validate: (write: Write) => Promise<void>;
}

export function attributesOf({ request, operation, object, previous }: Write): AdmissionAttributes {
	const { resource, subresource, user, dryRun, namespace, name } = request;
	const ownName = name || (object ?? previous)?.metadata?.name || '';
	const isNamespace = resource.group === '' && resource.resource === 'namespaces';
	return {
		request,
		operation,
		object,
		previous,
		resource,
		subresource,
		user,
		dryRun,
		namespace: isNamespace ? ownName : namespace,
		name: ownName,
	};
}

type Subject = Pick<AdmissionAttributes, 'resource' | 'name' | 'object'>;

/**
 * A refusal with 403.
 *
 * @param reason  the first line ends the sentence; further lines follow it
 * @source apiserver/pkg/admission/errors.go NewForbidden
 */
export function notAdmitted(
	{ resource, name, object }: Subject,
	reason: string,
	causes?: readonly FieldProblem[],
): KubejoinError {
	const [because = '', ...lines] = reason.split('\n');
	return new KubejoinError('API_FORBIDDEN', {
		resource: resource.resource,
		group: resource.group,
		name: name || object?.metadata?.generateName || 'Unknown',
		because,
		lines,
		...(causes === undefined ? {} : { causes }),
	});
}

export const isOf = (attributes: Pick<AdmissionAttributes, 'resource'>, { group, resource }: ApiResource): boolean =>
	attributes.resource.group === group && attributes.resource.resource === resource;

/** Work of a plug-in on the writes that concern it. No promise is made for the others, which are most of them. */
export const when =
	<T>(concerns: (write: AdmissionAttributes) => boolean, work: (attributes: AdmissionAttributes) => T) =>
	(attributes: AdmissionAttributes): T | undefined =>
		concerns(attributes) ? work(attributes) : undefined;
