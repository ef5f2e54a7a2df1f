/**
 * Only a user who may attest for the signer writes the trust bundle of a signer.
 *
 * @source plugin/pkg/admission/certificates/ctbattest
 */
import { isDeepStrictEqual } from 'node:util';
import { resources } from '../../../lib/kube/resources.ts';
import type { KubeObject } from '../../../lib/kube/types.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import { quoted } from '../authorize/go-text.ts';
import { type AdmissionPlugin, isOf, notAdmitted, when } from './admission.ts';
import { mayUseSigner } from './signer-permission.ts';

type Bundle = KubeObject & { readonly spec?: { readonly signerName?: string } };

export const clusterTrustBundleAttest = (authorizer: Authorizer): AdmissionPlugin => ({
	name: 'ClusterTrustBundleAttest',
	validate: when(
		(write) => isOf(write, resources.clusterTrustBundles),
		(attributes) => {
			const { operation, object, previous, user } = attributes;
			if (operation === 'DELETE') return;
			const { signerName = '' } = (object as Bundle).spec ?? {};
			if (signerName === '') return;
			if (operation === 'UPDATE' && isDeepStrictEqual(withoutCollection(object), withoutCollection(previous))) return;
			if (mayUseSigner(user, 'attest', signerName, authorizer)) return;
			throw notAdmitted(attributes, `user not permitted to attest for signerName ${quoted(signerName)}`);
		},
	),
});

/** The garbage collector changes owners and finalizers, and needs no permission for the content. */
function withoutCollection(object: KubeObject | undefined): unknown {
	const { ownerReferences: _owners, finalizers: _finalizers, ...metadata } = object?.metadata ?? {};
	const {
		managedFields: _fields,
		resourceVersion: _version,
		...rest
	} = metadata as typeof metadata & {
		readonly managedFields?: unknown;
	};
	return { ...object, metadata: rest };
}
