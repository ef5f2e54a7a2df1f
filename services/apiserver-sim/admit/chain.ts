/**
 * The admission plug-ins of the API server, in upstream's order. Each mutates in this order, and then each validates.
 *
 * @source pkg/kubeapiserver/options/plugins.go AllOrderedPlugins
 */
import type { Authorizer } from '../authorize/attributes.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type Admission, type AdmissionPlugin, attributesOf } from './admission.ts';
import { certificateApproval } from './certificate-approval.ts';
import { certificateSigning } from './certificate-signing.ts';
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts';
import { clusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { priority } from './priority.ts';

export const defaultPlugins = (objects: ObjectReader, authorizer: Authorizer): AdmissionPlugin[] => [
	namespaceLifecycle(objects),
	nodeRestriction(objects, authorizer),
	priority(objects),
	defaultTolerationSeconds,
	certificateApproval(authorizer),
	certificateSigning(authorizer),
	clusterTrustBundleAttest(authorizer),
	certificateSubjectRestriction,
];

export const createAdmission = (plugins: readonly AdmissionPlugin[]): Admission => ({
	async mutate(write) {
		let { object } = write;
		for (const { mutate } of plugins) {
			const changed = await mutate?.(attributesOf({ ...write, object }));
			if (changed !== undefined) object = changed as typeof object;
		}
		return object;
	},
	async validate(write) {
		const attributes = attributesOf(write);
		for (const { validate } of plugins) await validate?.(attributes);
	},
});
