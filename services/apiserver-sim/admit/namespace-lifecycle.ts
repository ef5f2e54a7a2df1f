/**
 * No object is created in a namespace that does not exist or is being deleted, and the namespaces of the system stay.
 *
 * @source apiserver/pkg/admission/plugin/namespace/lifecycle
 */
import { KubejoinError } from '../../../lib/errors.ts';
import { resources } from '../../../lib/kube/resources.ts';
import { type Namespace, wellKnown } from '../../../lib/kube/types.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type AdmissionAttributes, type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';

const immortal: readonly string[] = ['default', wellKnown.kubeSystem, wellKnown.kubePublic];

/** An update of an object in a namespace is none. */
const isOfInterest = (write: AdmissionAttributes): boolean =>
	write.operation === 'CREATE' || isOf(write, resources.namespaces);

export const namespaceLifecycle = (objects: ObjectReader): AdmissionPlugin => ({
	name: 'NamespaceLifecycle',
	mutate: when(isOfInterest, async (attributes) => {
		const { operation, namespace, name } = attributes;
		if (isOf(attributes, resources.namespaces)) {
			if (operation === 'DELETE' && immortal.includes(name))
				throw notAdmitted(attributes, 'this namespace may not be deleted');
			return undefined;
		}
		if (operation !== 'CREATE' || namespace === '') return undefined;
		// A 404 would reveal to a caller without permissions which namespaces exist.
		if (isOf(attributes, resources.localSubjectAccessReviews)) return undefined;
		const found = await objects.get<Namespace>(resources.namespaces, '', namespace);
		if (found === undefined) {
			const { resource, group } = resources.namespaces;
			throw new KubejoinError('API_NOT_FOUND', { resource, group, name: namespace });
		}
		if (found.status?.phase !== 'Terminating') return undefined;
		throw notAdmitted(
			attributes,
			`unable to create new content in namespace ${namespace} because it is being terminated`,
			[
				{
					reason: 'NamespaceTerminating',
					message: `namespace ${namespace} is being terminated`,
					field: 'metadata.namespace',
				},
			],
		);
	}),
});
