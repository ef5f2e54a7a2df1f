/**
 * The admission plug-ins of the API server, in upstream's order. Each mutates in this order, and then each validates.
 *
 * @source pkg/kubeapiserver/options/plugins.go AllOrderedPlugins
 * @differs PodSecurity does not exist: the labels `pod-security.kubernetes.io/*` of a namespace have no effect
 */
import type { Clock } from '../../../lib/clock.ts';
import type { ReadCsr } from '../../../lib/pki/csr-reader.ts';
import { pauseFor } from '../../../lib/poll.ts';
import type { Authorizer } from '../authorize/attributes.ts';
import type { ObjectReader } from '../request/object-reader.ts';
import { type Admission, type AdmissionPlugin, attributesOf } from './admission.ts';
import { certificateApproval } from './certificate-approval.ts';
import { certificateSigning } from './certificate-signing.ts';
import { certificateSubjectRestriction } from './certificate-subject-restriction.ts';
import { clusterTrustBundleAttest } from './cluster-trust-bundle-attest.ts';
import { defaultTolerationSeconds } from './default-toleration-seconds.ts';
import { limitRanger } from './limit-ranger.ts';
import { namespaceLifecycle } from './namespace-lifecycle.ts';
import { nodeRestriction } from './node-restriction.ts';
import { podTopologyLabels } from './pod-topology-labels.ts';
import { priority } from './priority.ts';
import { resourceQuota, type UpdateQuota } from './resource-quota.ts';
import { runtimeClass } from './runtime-class.ts';
import { serviceAccount } from './service-account.ts';
import { taintNodesByCondition } from './taint-nodes-by-condition.ts';

export interface PluginContext {
	readonly objects: ObjectReader;
	readonly authorizer: Authorizer;
	readonly updateQuota: UpdateQuota;
	readonly clock: Clock;
	readonly readCsr: ReadCsr;
}

export const defaultPlugins = ({
	objects,
	authorizer,
	updateQuota,
	clock,
	readCsr,
}: PluginContext): AdmissionPlugin[] => [
	namespaceLifecycle(objects),
	limitRanger(objects),
	serviceAccount(objects, pauseFor),
	nodeRestriction(objects, authorizer, readCsr),
	taintNodesByCondition,
	priority(objects),
	defaultTolerationSeconds,
	runtimeClass(objects),
	certificateApproval(authorizer),
	certificateSigning(authorizer),
	clusterTrustBundleAttest(authorizer),
	certificateSubjectRestriction(readCsr),
	podTopologyLabels(objects),
	resourceQuota(objects, updateQuota, clock),
];

export function createAdmission(plugins: readonly AdmissionPlugin[]): Admission {
	const mutations = plugins.flatMap(({ mutate }) => mutate ?? []);
	const validations = plugins.flatMap(({ validate }) => validate ?? []);
	return {
		async mutate(write) {
			let attributes = attributesOf(write);
			for (const mutate of mutations) {
				const mutated = mutate(attributes);
				const object = mutated instanceof Promise ? await mutated : mutated;
				if (object !== undefined) attributes = attributesOf({ ...write, object });
			}
			return attributes.object as typeof write.object;
		},
		async validate(write) {
			const attributes = attributesOf(write);
			for (const validate of validations) {
				const validated = validate(attributes);
				if (validated !== undefined) await validated;
			}
		},
	};
}
